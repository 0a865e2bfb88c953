"""Recipe settings as text."""

from collections.abc import Mapping
from typing import Any

from nntrain.recipe.document import dump_document


def setting_text(key: str, value: Any) -> str:
    """Return a setting as ``--set`` takes it, such as ``optimizer.lr=0.01``."""
    if value is None:
        return f"{key}=null"
    text = dump_document([value]).strip()
    inner = text[1:-1] if text.startswith("[") else text.removeprefix("- ")
    return f"{key}={inner}"


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings as text, with spaces between them."""
    return " ".join(setting_text(key, value) for key, value in settings.items())
