"""The directory that a comparison leaves."""

from pathlib import Path

RUNS = "runs.jsonl"  # a line for each run, written as it ends
COMPARISON = "comparison.json"  # the result, written last


def is_comparison(folder: Path) -> bool:
    """Return whether a directory is that of a comparison, which may not have ended."""
    return (folder / COMPARISON).is_file() or (folder / RUNS).is_file()
