"""Edits of a recipe that an experiment tries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nntrain.data import Dataset

Measure = Literal["score", "balanced", "loss"]


@dataclass(frozen=True)
class Edit:
    """A change of the recipe, or of the rows, that may cure a fault.

    Attributes:
        settings: recipe keys and their new values.
        rows: what the experiment changes in the rows, if anything; a recipe cannot express it.
        text: what ``rows`` does, as advice.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    rows: Callable[[Dataset], Dataset] | None = None
    text: str = ""

    @property
    def key(self) -> str:
        """An identifier: equal edits have equal keys."""
        return f"{sorted(self.settings.items(), key=str)} {self.text}"
