"""``--require``: conditions on the summary, for pipelines."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntrain.errors import bad_input, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.report.summary import Summary

COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq}
PATTERN = re.compile(r"\s*([a-z][a-z_0-9.]*)\s*(>=|<=|==|>|<)\s*(\S+)\s*")
PARTS = ("train", "validation", "test")
KEYS = (
    *(f"{part}.{key}" for part in PARTS for key in ("loss", "accuracy", "r2")),
    *("epochs", "steps", "seconds", "best_epoch", "gradient_norm", "dead", "clipped", "samples_per_second"),
)


@dataclass(frozen=True)
class Condition:
    """A number of the summary's, by its dotted key, and what it is compared with."""

    text: str
    key: str
    comparison: str
    bound: float


def parse(text: str) -> Condition:
    """Read a condition such as ``test.accuracy>=0.95``.

    Raises:
        InputError: if it is none, or names no number of the summary's.
    """
    match = PATTERN.fullmatch(text)
    example = "expected a condition such as 'test.accuracy>=0.95'"
    if match is None:
        raise bad_input("--require", f"found {text!r}", example)
    key, comparison, number = match.groups()
    try:
        bound = float(number)
    except ValueError:
        raise bad_input("--require", f"{text!r}: {number!r} is no number", example) from None
    if key not in KEYS:
        hint = f"{nearest(key, KEYS)} allowed: {', '.join(KEYS)}".strip()
        raise bad_input("--require", f"{text!r}: no such number: {key}", hint)
    return Condition(text, key, comparison, bound)


def unmet(conditions: Sequence[Condition], summary: Summary) -> list[str]:
    """Return a message for each condition that does not hold."""
    data = summary.to_json()
    messages = []
    for condition in conditions:
        found: object = data
        for key in condition.key.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, int | float):
            messages.append(f"required {condition.text}, but this run has no {condition.key}")
        elif not COMPARISONS[condition.comparison](found, condition.bound):
            messages.append(f"required {condition.text}, found {found:.6g}")
    return messages
