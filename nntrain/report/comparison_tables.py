"""The result of a comparison on a terminal: ranking, pairs, curves and notes."""

from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.comparison.result import Outcome, Result, VariantResult
from nntrain.comparison.run_result import CURVE_POINTS
from nntrain.comparison.statistics import Pair
from nntrain.errors import counted
from nntrain.metrics import metric_label
from nntrain.report import comparison_cells as cells
from nntrain.report.braille import LABEL_WIDTH, curves
from nntrain.report.comparison_progress import COLORS
from nntrain.report.fitting import Column, fitted
from nntrain.report.numbers import percent

MAX_PAIRS = 15
CURVE_WIDTH, CURVE_HEIGHT = 64, 9


def ranking(result: Result, width: int) -> RenderableType:
    """Return the variants, best first; where tuned, with the defaults below."""
    split, name = result.measure.split(".")
    lines = [(variant, outcome) for variant in result.variants for outcome in cells.outcomes_of(variant).values()]
    outcomes = [outcome for _, outcome in lines]
    columns = [Column("variant", [_label(*line) for line in lines], right=False, folds=True)]
    if cells.learning_rates_differ(result) and not result.trials:
        columns.append(_column("lr", [cells.learning_rate_text(variant) for variant, _ in lines], lines))
    columns.append(
        _column(f"{split} {metric_label(name)}", [cells.median(one, split, name) for one in outcomes], lines)
    )
    if any(outcome.runs > 1 for outcome in outcomes):
        columns.append(_column("quartiles", [cells.quartiles(one, split, name) for one in outcomes], lines, drop=3))
    for place, (other, key) in enumerate(cells.further_scores(result), start=1):
        head = f"{other} {metric_label(key)}"
        columns.append(_column(head, [cells.median(one, other, key) for one in outcomes], lines, drop=place))
    if result.target is not None:
        steps = [cells.steps_to_target(outcome) for outcome in outcomes]
        columns.append(_column(f"steps to {result.target:.3g}", steps, lines, folds=True))
    columns.append(_column("time", [cells.time_text(outcome) for outcome in outcomes], lines, drop=4))
    if any(outcome.diverged for outcome in outcomes):
        fractions = [percent(outcome.diverged) if outcome.diverged else "" for outcome in outcomes]
        columns.append(_column("diverged", fractions, lines))
    caption = cells.learning_rates_caption(result)
    table = fitted(columns, width)
    return Group(table, Text(caption, "dim")) if caption else table


def _column(
    head: str, texts: Sequence[str], lines: Sequence[tuple[VariantResult, Outcome]], folds: bool = False, drop: int = 0
) -> Column:
    """Return a column of numbers, dim for the defaults of tuned variants."""
    styles = ["" if outcome is variant.ranked else "dim" for variant, outcome in lines]
    shown = [Text(cell, style) for cell, style in zip(texts, styles, strict=True)]
    return Column(head, shown, folds=folds, drop=drop)


def _label(variant: VariantResult, outcome: Outcome) -> Text:
    if outcome is not variant.ranked:
        return Text(f"  defaults lr={cells.learning_rate_text(variant)}", "dim")
    label = Text(variant.name, "bold")
    for text in (cells.settings_text(outcome.settings), cells.differing_text(variant)):
        if text:
            label.append(f" {text}", "not bold")
    return label


def verdicts(result: Result, width: int) -> RenderableType:
    """Return the differences between pairs, and the verdict on the best variant."""
    shown = result.pairs[:MAX_PAIRS]
    table = fitted(
        [
            Column("pair", [f"{pair.a}, {pair.b}" for pair in shown], right=False, folds=True),
            Column("difference", [cells.difference_text(pair) for pair in shown]),
            Column("95 % interval", [cells.interval_text(pair) for pair in shown]),
            Column("p (Holm)", [f"{pair.p_holm:.2g}" for pair in shown], drop=1),
            Column("verdict", [_short(pair) for pair in shown], right=False, folds=True),
        ],
        width,
    )
    hidden = len(result.pairs) - len(shown)
    more = f"and {counted(hidden, 'more pair')}; see --json\n" if hidden else ""
    return Group(table, Text(f"{more}\n{result.verdict}"))


def _short(pair: Pair) -> Text:
    return Text(pair.verdict, "bold") if pair.shown else Text(pair.verdict.partition(":")[0], "dim")


def notes(result: Result) -> list[str]:
    """Return notes on the result: tuning at the edge of a range, missed targets and the like."""
    found = list(result.notes)
    for variant in result.variants:
        tuning = variant.tuning
        if tuning is None:
            continue
        if tuning.at_edge:
            keys = ", ".join(f"{key} {(tuning.best or {}).get(key, 0):.3g}" for key in tuning.at_edge)
            found.append(
                f"{variant.name}: the best trial is at the edge of its range ({keys}); values beyond it may be better"
            )
        if tuning.best is None:
            why = "nothing to tune" if not tuning.trials else "all trials diverged"
            found.append(f"{variant.name}: {why}; it ran with its defaults")
    targets = [variant.ranked.target for variant in result.variants]
    if result.target is not None and not any(target and target.reached for target in targets):
        which = "tuned run" if result.trials else "run"
        found.append(f"no {which} reached the target {result.target:.4g} on the validation split")
    return found


def loss_curves(result: Result, width: int) -> RenderableType:
    """Return each variant's median validation loss; training loss if there is no validation split."""
    width = min(width, CURVE_WIDTH)
    drawable = [variant for variant in result.variants if variant.ranked.curve]
    shown = list(zip(drawable, COLORS, ascii_lowercase, strict=False))
    series = [
        (color, [np.nan if value is None else value for value in variant.ranked.curve]) for variant, color, _ in shown
    ]
    picture = curves(series, width, CURVE_HEIGHT, [mark for *_, mark in shown])
    split = "validation" if any("validation" in variant.ranked.scores for variant, *_ in shown) else "training"
    legend = [Text(f"median {split} loss{_of_which(result)}:", "bold")]
    legend += [Text(f"{mark} {variant.name}", color) for variant, color, mark in shown]
    longest = max(variant.ranked.epochs for variant, *_ in shown)
    epochs = Text(f"{'':{LABEL_WIDTH}}epochs 1 to {longest:,}", "dim")
    if longest > CURVE_POINTS:
        epochs.append(f", {CURVE_POINTS} of them drawn")
    lines: list[RenderableType] = [Text("  ").join(legend), picture, epochs]
    if len(drawable) > len(shown):
        names = ", ".join(variant.name for variant in drawable[len(shown) :])
        lines.append(Text(f"not drawn: {names}; see --json for all curves"))
    return Group(*lines)


def _of_which(result: Result) -> str:
    return " of the runs that did not diverge" if any(variant.ranked.diverged for variant in result.variants) else ""
