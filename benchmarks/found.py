"""What was last measured, as the JSON files in ``benchmarks/results`` hold it."""

import json
from pathlib import Path
from typing import Any

from benchmarks.peers import LIMITS

RESULTS = Path(__file__).parent / "results"
SECTIONS = ("steps", "jobs", "runs", "growth", "overhead", "sizes")


def load(section: str) -> Any:
    """Return what was last measured of a section, None if nothing was."""
    path = RESULTS / f"{section}.json"
    return json.loads(path.read_text()) if path.exists() else None


def case_of(result: Any, net: str, how: str) -> dict[str, Any]:
    """Return one case's result."""
    return next(dict(case) for case in result["found"] if case["net"] == net and case["how"] == how)


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
    return limit / case["peers"]["nntrain"]["median"] if limit and "median" in case["peers"]["nntrain"] else None
