"""Installed size: a package with all that it needs, as it lies on disk."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

PACKAGES = ("nntrain", "scikit-learn", "torch", "jax", "keras")


def run() -> dict[str, Any]:
    """Return the bytes of each package that is installed here, and how many others it needs."""
    found: dict[str, Any] = {}
    for name in PACKAGES:
        try:
            needed = closure(name)
        except PackageNotFoundError:
            found[name] = {"missing": name}
            continue
        found[name] = {"bytes": sum(size(one) for one in needed.values()), "packages": len(needed)}
    return found


def closure(name: str) -> dict[str, Distribution]:
    """Return a package and all that it needs, without extras."""
    found: dict[str, Distribution] = {}
    ahead = [name]
    while ahead:
        one = re.sub(r"[-_.]+", "-", ahead.pop()).lower()
        if one in found:
            continue
        try:
            found[one] = distribution(one)
        except PackageNotFoundError:
            if one == name:
                raise
            continue  # what an environment marker leaves out
        for need in found[one].requires or []:
            requirement, _, marker = need.partition(";")
            if "extra" not in marker:
                ahead.append(re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0])
    return found


def size(one: Distribution) -> int:
    """Return the bytes of a package's files."""
    total = 0
    for file in one.files or []:
        path = one.locate_file(file)
        total += path.stat().st_size if path.is_file() else 0  # type: ignore[attr-defined]
    if one.metadata["Name"] == "nntrain":  # it may be installed in place: its files are those of the checkout
        from benchmarks.turns import ROOT

        total += sum(path.stat().st_size for path in (ROOT / "nntrain").rglob("*.py"))
    return total
