"""Standard output and standard error, where nobody reads them."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any


def prepare_streams() -> None:
    """Let both streams be there, and take any character: one that their encoding lacks is written as its code."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: >&-
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good
        elif isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def give_up(stream: Any) -> None:
    """Let what is written to a stream whose reader has gone go nowhere: Python would complain once more at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
