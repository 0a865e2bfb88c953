"""``--require``: conditions on a run's summary, for pipelines."""

from __future__ import annotations

import operator
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nntrain.errors import bad_input, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nntrain.training.plan import Plan

COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq}
PATTERN = re.compile(r"\s*([a-z][a-z_0-9.]*)\s*(>=|<=|==|>|<)\s*(\S+)\s*")
SPLITS = ("train", "validation", "test")
FACTS = ("epochs", "steps", "seconds", "best_epoch", "gradient_norm", "dead", "clipped", "samples_per_second")


def keys() -> tuple[str, ...]:
    """Return the dotted keys of the numbers in a summary."""
    return (*(f"{split}.{name}" for split in SPLITS for name in _names()), *FACTS)


def _names() -> list[str]:
    from nntrain.metrics import metrics

    return ["loss", *metrics()]


@dataclass(frozen=True)
class Condition:
    """A number of the summary, by its dotted key, and what it is compared with."""

    text: str
    key: str
    comparison: str
    bound: float

    def holds(self, found: float | None) -> bool:
        """Return whether a number of the summary, None if it has none, meets the condition."""
        return found is not None and COMPARISONS[self.comparison](found, self.bound)


def parse(text: str, where: str = "--require") -> Condition:
    """Read a condition such as ``test.accuracy>=0.95``; ``where`` it was given, for messages.

    Raises:
        InputError: if it cannot be parsed, or no summary has such a number.
    """
    match = PATTERN.fullmatch(text)
    example = "expected a condition such as 'test.accuracy>=0.95'"
    if match is None:
        raise bad_input(where, f"found {text!r}", example)
    key, comparison, number = match.groups()
    try:
        bound = float(number)
    except ValueError:
        raise bad_input(where, f"{text!r}: {number!r} is not a number", example) from None
    split, _, name = key.partition(".")
    if split in SPLITS and name not in _names():
        hint = f"{nearest(name, _names())} allowed: {', '.join(_names())}".strip()
        raise bad_input(where, f"{text!r}: unknown metric {name!r}", hint)
    if key not in keys():
        hint = f"{nearest(key, keys())} allowed: {', '.join((*FACTS, 'SPLIT.loss and SPLIT.METRIC'))}".strip()
        raise bad_input(where, f"{text!r}: unknown number {key!r}", hint)
    return Condition(text, key, comparison, bound)


def check(conditions: Sequence[Condition], plan: Plan) -> None:
    """Check that the run of ``plan`` will have the numbers that the conditions are on.

    Raises:
        InputError: if it has no such split, or the metric does not fit the task or the loss.
    """
    from nntrain.metrics.names import check_metric
    from nntrain.training.scoring import gives_probabilities

    data = plan.data
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    probabilities = gives_probabilities(plan.network.layers[-1].activation, plan.loss)
    for condition in conditions:
        split, _, name = condition.key.partition(".")
        where = f"--require {condition.text}"
        if split in splits and splits[split] is None:
            there = ", ".join(known for known, rows in splits.items() if rows is not None)
            raise bad_input(where, f"there is no {split} split: data.{split} is 0", f"splits: {there}")
        if split in splits:
            check_metric(where, name, plan.task, probabilities, ("loss",))


def unmet(conditions: Sequence[Condition], summary: Mapping[str, Any]) -> list[str]:
    """Return a message for each condition that is not met by a summary, as JSON has it."""
    messages = []
    for condition in conditions:
        found = number_at(summary, condition.key)
        if found is None:
            messages.append(f"required {condition.text}, but this run has no {condition.key}")
        elif not condition.holds(found):
            messages.append(f"required {condition.text}, found {found:.6g}")
    return messages


def judged(conditions: Sequence[Condition], summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each condition with the number of a summary that it is on, and whether it holds, as plain data."""
    found = [(condition, number_at(summary, condition.key)) for condition in conditions]
    return [{**asdict(condition), "value": value, "holds": condition.holds(value)} for condition, value in found]


def number_at(summary: Mapping[str, Any], key: str) -> float | None:
    """Return the number at a dotted key of a summary, None if there is none."""
    found: object = summary
    for name in key.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None
