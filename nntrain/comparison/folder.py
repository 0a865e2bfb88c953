"""The directory of a comparison."""

from pathlib import Path

RUNS = "runs.jsonl"  # one line per run, written as it ends
COMPARISON = "comparison.json"  # the result, written last


PROBLEMS = "problems.json"  # the result across problems, each of which has a directory inside


def is_comparison(folder: Path) -> bool:
    """Return whether a directory belongs to a comparison, finished or not."""
    return any((folder / name).is_file() for name in (COMPARISON, RUNS, PROBLEMS))
