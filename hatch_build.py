"""Adds the manual page to a wheel, so that ``man nntrain`` works beside the installed command."""

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManualPage(BuildHookInterface):  # type: ignore[type-arg]
    """Writes the page from the commands' help."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the page and add it to the files of the wheel."""
        sys.path.insert(0, self.root)
        try:
            from nntrain.cli.main import app
            from nntrain.cli.manual import manual
        finally:
            sys.path.remove(self.root)
        page = Path(mkdtemp()) / "nntrain.1"
        page.write_text(manual(app), encoding="utf-8")
        build_data["shared_data"][str(page)] = "share/man/man1/nntrain.1"
