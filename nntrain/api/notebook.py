"""Progress in a notebook: one line that is updated in place."""

import sys
from html import escape
from time import monotonic
from typing import Any

SECONDS = 0.25  # between two updates


def in_notebook() -> bool:
    """Return whether a notebook's kernel runs this code, without importing IPython."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


class ProgressLine:
    """A line of text below a notebook's cell; it does nothing outside of a notebook."""

    def __init__(self) -> None:
        self._shown: Any = None
        self._next = 0.0
        self._active = in_notebook()

    def show(self, text: str) -> None:
        """Show a text, unless the last one is too recent."""
        if not self._active or monotonic() < self._next:
            return
        self._next = monotonic() + SECONDS
        display = sys.modules["IPython"].display
        html = display.HTML(f"<pre>{escape(text)}</pre>")
        if self._shown is None:
            self._shown = display.display(html, display_id=True)
        else:
            self._shown.update(html)

    def close(self) -> None:
        """Remove the line."""
        if self._shown is not None:
            self._shown.update(sys.modules["IPython"].display.HTML(""))
