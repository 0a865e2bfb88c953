"""What a comparison has found: the ranking, the pairs, the curves; for programs CSV and Markdown."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.comparison.result import Outcome, Result, VariantResult
from nntrain.comparison.statistics import Pair, Spread
from nntrain.report.braille import curves
from nntrain.report.comparing import COLOURS
from nntrain.report.numbers import duration, number, share
from nntrain.report.summary import metric_name

MOST_PAIRS = 15
CURVE_WIDTH, CURVE_HEIGHT = 64, 9


def ranking(result: Result) -> Table:
    """Return the variants, the best one first; tuned and, below, with their defaults."""
    part, name = result.measure.split(".")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("variant", overflow="fold", min_width=16)
    table.add_column(f"{part} {metric_name(name)}", justify="right", no_wrap=True)
    table.add_column("quartiles", justify="right", no_wrap=True)
    if name == "loss":
        table.add_column(metric_name(result.metric), justify="right", no_wrap=True)
    if result.target is not None:
        table.add_column(f"steps to {result.target:.3g}", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    if any(outcome.diverged for variant in result.variants for outcome in _outcomes(variant).values()):
        table.add_column("diverged", justify="right")
    for variant in result.variants:
        for outcome in _outcomes(variant).values():
            counts = outcome is variant.counts
            label = Text(variant.name, "bold") if counts else Text("  defaults")
            if counts and outcome.settings:
                label.append(f" {_settings(outcome.settings)}", "not bold")
            table.add_row(label, *_cells(result, outcome, len(table.columns) - 1), style="" if counts else "dim")
    return table


def _outcomes(variant: VariantResult) -> dict[str, Outcome]:
    tuned = {} if variant.tuned is None else {"tuned": variant.tuned}
    return {**tuned, "default": variant.default}


def _cells(result: Result, outcome: Outcome, count: int) -> list[str]:
    part, name = result.measure.split(".")
    of_measure = outcome.scores.get(part, {}).get(name)
    worst = "∞" if result.lower else "-∞"
    quartiles = [] if of_measure is None else [of_measure.q1, of_measure.q3]
    cells = [_median(of_measure), "–".join(worst if value is None else f"{value:.3g}" for value in quartiles)]
    if name == "loss":
        cells.append(_median(outcome.scores.get(part, {}).get(result.metric)))
    if outcome.target is not None:
        steps, missed = outcome.target.steps, outcome.target.missed
        missing = f"{missed} of {outcome.runs} missed" if missed else ""
        cells.append(missing if steps is None else f"{steps:,.0f}" + (f", {missed} missed" if missed else ""))
    cells.append("–" if outcome.seconds.median is None else duration(outcome.seconds.median))
    return [*cells, share(outcome.diverged) if outcome.diverged else ""][:count]


def verdicts(result: Result) -> RenderableType:
    """Return the pairs with their differences, and the verdict on the first of the ranking."""
    order = [variant.name for variant in result.variants]
    found = sorted(result.pairs, key=lambda pair: (order.index(pair.a), order.index(pair.b)))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("pair", "ahead by", "95 % interval", "p (Holm)"):
        table.add_column(name, justify="left" if name == "pair" else "right", no_wrap=name != "pair")
    table.add_column("verdict")
    for pair in found[:MOST_PAIRS]:
        verdict = Text(_short(pair), "bold" if pair.shown else "dim")
        table.add_row(
            f"{pair.a}, {pair.b}", _ahead(pair, pair.difference), _interval(pair), f"{pair.p_holm:.2g}", verdict
        )
    more = f"and {len(found) - MOST_PAIRS} pairs more, with --json\n" if len(found) > MOST_PAIRS else ""
    return Group(table, Text(f"{more}\n{result.verdict}"))


def _short(pair: Pair) -> str:
    return f"{pair.a} is better" if pair.shown else pair.verdict.partition(":")[0]


def notes(result: Result) -> list[str]:
    """Return what a reader should know beside the tables."""
    found = []
    for variant in result.variants:
        tuning = variant.tuning
        if tuning is None:
            continue
        if tuning.at_edge:
            keys = ", ".join(f"{key} {(tuning.best or {}).get(key, 0):.3g}" for key in tuning.at_edge)
            found.append(
                f"{variant.name}: the best trial is at the edge of its range ({keys}); there may be better ones"
            )
        if tuning.best is None:
            why = "nothing to tune" if not tuning.trials else "all trials diverged"
            found.append(f"{variant.name}: {why}; it ran with its defaults")
    target = result.target
    if target is not None and not any(v.counts.target and v.counts.target.reached for v in result.variants):
        found.append(f"no run reached the target {target:.4g} on the validation part")
    return found


def loss_curves(result: Result, width: int) -> RenderableType:
    """Return the medians of the validation loss (training loss, where there is no such part) of each variant."""
    shown = [variant for variant in result.variants if variant.counts.curve][: len(COLOURS)]
    series = [
        (COLOURS[index], [np.nan if value is None else value for value in variant.counts.curve])
        for index, variant in enumerate(shown)
    ]
    legend = Text("  ").join(Text(variant.name, COLOURS[index]) for index, variant in enumerate(shown))
    has_validation = bool(shown) and "validation" in shown[0].counts.scores
    title = Text(f"{'validation' if has_validation else 'training'} loss, medians   ", "bold")
    return Group(title + legend, curves(series, min(width, CURVE_WIDTH), CURVE_HEIGHT))


def rows(result: Result) -> list[dict[str, Any]]:
    """Return a flat record for each variant and setting, for CSV and Markdown."""
    found = []
    for rank, variant in enumerate(result.variants, start=1):
        for setting, outcome in _outcomes(variant).items():
            record: dict[str, Any] = {"rank": rank, "variant": variant.name, "setting": setting}
            record |= {"settings": _settings(outcome.settings), "runs": outcome.runs, "diverged": outcome.diverged}
            for part, scores in outcome.scores.items():
                for name, spread in scores.items():
                    record |= {f"{part}_{name}": spread.median, f"{part}_{name}_q1": spread.q1}
                    record[f"{part}_{name}_q3"] = spread.q3
            record |= {"auc": outcome.auc.median, "seconds": outcome.seconds.median, "steps": outcome.steps.median}
            if outcome.target is not None:
                record |= {"steps_to_target": outcome.target.steps, "seconds_to_target": outcome.target.seconds}
                record["missed"] = outcome.target.missed
            found.append(record)
    return found


def as_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as CSV, an empty cell for None."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for one in records for key in one)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def as_markdown(result: Result) -> str:
    """Return the ranking and the pairs as Markdown tables."""
    measure = result.measure.replace(".", " ")
    head = ["variant", "settings", measure, "quartiles", result.metric, "time", "diverged"]
    part, name = result.measure.split(".")
    lines = []
    for record in rows(result):
        label = (
            record["variant"]
            if record["setting"] == "tuned" or result.trials == 0
            else f"{record['variant']}, defaults"
        )
        quartiles = [number(record.get(f"{part}_{name}_{which}")) for which in ("q1", "q3")]
        metric = number(record.get(f"{part}_{result.metric}"))
        time = "–" if record["seconds"] is None else duration(record["seconds"])
        cells = [label, record["settings"], number(record.get(f"{part}_{name}")), " – ".join(quartiles), metric]
        lines.append([*cells, time, share(record["diverged"])])
    pairs = [
        [pair.a, pair.b, _ahead(pair, pair.difference), _interval(pair), f"{pair.p_holm:.2g}", pair.verdict]
        for pair in result.pairs
    ]
    second = ["better median", "other", "ahead by", "95 % interval", "p (Holm)", "verdict"]
    return f"{_markdown(head, lines)}\n{_markdown(second, pairs)}\n{result.verdict}\n"


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, ["---"] * len(head), *lines])


def _settings(settings: Mapping[str, float]) -> str:
    return " ".join(f"{key}={value:.3g}" for key, value in settings.items())


def _median(spread: Spread | None) -> str:
    return "–" if spread is None else number(spread.median)


def _interval(pair: Pair) -> str:
    return f"{_ahead(pair, pair.low)} – {_ahead(pair, pair.high)}"


def _ahead(pair: Pair, value: float | None) -> str:
    """Return a difference; it is infinite where one of the two has diverged."""
    if not pair.n:
        return "–"
    return "∞" if value is None else f"{value:.3g}"
