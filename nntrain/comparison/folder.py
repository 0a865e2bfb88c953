"""The directory of a comparison."""

from pathlib import Path

RUNS = "runs.jsonl"  # one line per run, written as it ends
COMPARISON = "comparison.json"  # the result, written last


def is_comparison(folder: Path) -> bool:
    """Return whether a directory belongs to a comparison, finished or not."""
    return (folder / COMPARISON).is_file() or (folder / RUNS).is_file()
