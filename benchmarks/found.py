"""What was last measured: JSON files in ``benchmarks/results``, in a folder for each kind of processor."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.peers import LIMITS

RESULTS = Path(__file__).parent / "results"
SECTIONS = ("steps", "jobs", "runs", "growth", "overhead", "sizes")


@dataclass(frozen=True)
class Results:
    """What was last measured on one kind of processor.

    Attributes:
        folder: of its JSON files, its page and its pictures.
    """

    folder: Path

    @classmethod
    def of(cls, processor: str) -> Self:
        """Return those of a processor, named as ``machine.facts`` does; there may be none yet."""
        plain = re.sub(r"\((R|TM)\)", "", processor)
        return cls(RESULTS / re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-"))

    @classmethod
    def all(cls) -> list[Self]:
        """Return those of every processor of which there are any."""
        folders = {path.parent for section in SECTIONS for path in RESULTS.glob(f"*/{section}.json")}
        return [cls(folder) for folder in sorted(folders)]

    def load(self, section: str) -> Any:
        """Return a section, None if it was not measured."""
        path = self.folder / f"{section}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def keep(self, section: str, content: Any) -> None:
        """Put a section in place of what was measured before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{section}.json").write_text(json.dumps(content, indent=1) + "\n")


def case_of(result: Any, net: str, how: str) -> dict[str, Any]:
    """Return one case's result, which has no peers where it was not measured."""
    found = (dict(case) for case in result["found"] if case["net"] == net and case["how"] == how)
    return next(found, {"peers": {}})


def products(case: dict[str, Any]) -> float | None:
    """Return the microseconds of a case's bare matrix products, by the fastest BLAS that was tried."""
    found = [case["peers"].get(name, {}).get("median") for name in LIMITS if name.startswith("products")]
    return min((one for one in found if one), default=None)


def ratio(peers: dict[str, Any], ours: str, theirs: str) -> float | None:
    """Return our median in parts of theirs."""
    if "median" not in peers.get(ours, {}) or "median" not in peers.get(theirs, {}):
        return None
    return float(peers[ours]["median"] / peers[theirs]["median"])


def share(case: dict[str, Any]) -> float | None:
    """Return the part of a step that the bare matrix products take."""
    limit = products(case)
    ours = case["peers"].get("nntrain", {}).get("median")
    return limit / ours if limit and ours else None
