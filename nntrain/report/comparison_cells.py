"""The cells of a comparison's tables, in every output format."""

from collections.abc import Mapping
from math import isfinite

from nntrain.comparison.result import Outcome, Result, VariantResult
from nntrain.comparison.statistics import Pair, Spread
from nntrain.metrics import lower_is_better
from nntrain.report.numbers import duration, number, short

INFINITY = "∞"


def outcomes_of(variant: VariantResult) -> dict[str, Outcome]:
    """Return a variant's outcomes by setting, tuned before default."""
    tuned = {} if variant.tuned is None else {"tuned": variant.tuned}
    return {**tuned, "default": variant.default}


def settings_text(settings: Mapping[str, float]) -> str:
    """Return the tuned keys with their values."""
    return " ".join(f"{key}={value:.3g}" for key, value in settings.items())


def differing_text(variant: VariantResult) -> str:
    """Return the keys that differ between finished runs, with the values of this variant."""
    return " ".join(f"{key}={value}" for key, value in variant.differs.items())


def further_scores(result: Result) -> list[tuple[str, str]]:
    """Return the (split, name) of further scores to show: those of the test split if there is one."""
    split, name = result.measure.split(".")
    available = {split for variant in result.variants for split in variant.ranked.scores}
    if split != "test" and "test" in available:
        return [("test", "loss"), ("test", result.metric)] if name == "loss" else [("test", result.metric)]
    return [(split, result.metric)] if name == "loss" else []


def learning_rates_differ(result: Result) -> bool:
    """Return whether the variants' learning rates differ without being part of their names."""
    if result.finished or "optimizer.lr" in result.varied:
        return False
    return len({variant.lr for variant in result.variants}) > 1


def learning_rate_text(variant: VariantResult) -> str:
    """Return the default learning rate of a variant."""
    return "–" if variant.lr is None else short(variant.lr)


def learning_rates_caption(result: Result) -> str:
    """Return a sentence about untuned learning rates; empty if they were tuned or vary."""
    rates = [variant.lr for variant in result.variants if variant.tunable and variant.lr is not None]
    if result.finished or result.trials or "optimizer.lr" in result.varied or not rates:
        return ""
    differ = learning_rates_differ(result)
    can_tune = all("validation" in variant.default.scores for variant in result.variants)
    hint = "; use --tune 5 to tune it for each variant" if can_tune else ""
    if differ:
        return f"learning rate not tuned: each variant ran at the lr shown{hint}"
    return f"learning rate not tuned: every variant ran at {short(rates[0])}{hint}"


def steps_to_target(outcome: Outcome) -> str:
    """Return the median number of steps to the target, and the number of runs that missed it."""
    if outcome.target is None:
        return ""
    steps, missed = outcome.target.steps, outcome.target.missed
    if steps is None:
        return f"{missed} of {outcome.runs} missed"
    return f"{steps:,.0f}" + (f", {missed} missed" if missed else "")


def time_text(outcome: Outcome) -> str:
    """Return the median training time."""
    return "–" if outcome.seconds.median is None else duration(outcome.seconds.median)


def median(outcome: Outcome, split: str, name: str) -> str:
    """Return the median of a score."""
    spread = outcome.scores.get(split, {}).get(name)
    return "–" if spread is None else _value(spread, spread.median, name, 4)


def quartiles(outcome: Outcome, split: str, name: str) -> str:
    """Return the quartiles of a score; a dash for a single run."""
    spread = outcome.scores.get(split, {}).get(name)
    if spread is None or spread.n < 2:
        return "–"
    return "–".join(_value(spread, value, name, 3) for value in (spread.q1, spread.q3))


def _value(spread: Spread, value: float | None, name: str, digits: int) -> str:
    """Return a value; None stands for infinitely bad, as in runs that diverged."""
    if value is not None:
        return number(value) if digits == 4 else f"{value:.{digits}g}"
    return "–" if not spread.n else INFINITY if lower_is_better(name) else f"-{INFINITY}"


def interval_text(pair: Pair) -> str:
    """Return the interval of a difference; a dash for a single seed."""
    return "–" if pair.empty or pair.n < 2 else f"{_signed(pair.low)} – {_signed(pair.high)}"


def difference_text(pair: Pair) -> str:
    """Return the median of the paired differences."""
    return "–" if pair.empty else _signed(pair.difference)


def _signed(value: float) -> str:
    """Return a difference; infinite if one of the two diverged."""
    return f"{value:.3g}" if isfinite(value) else INFINITY if value > 0 else f"-{INFINITY}"
