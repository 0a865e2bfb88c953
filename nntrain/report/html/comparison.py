"""The page about a comparison: ranking, results of each seed, differences between variants, and curves."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from nntrain.comparison.record import Compared, Difference, Outcome, Quartiles, Record, Variant
from nntrain.comparison.run_result import EPOCH, LOSS, METRIC, TRAIN_LOSS, RunResult
from nntrain.errors import counted
from nntrain.metrics import lower_is_better, metric_label
from nntrain.report.html.document import Figure, color, document, swatch, table
from nntrain.report.html.lines import Line, LineChart, Values, line_figures, short
from nntrain.report.numbers import duration, number, percent

CURVE_POINTS = 200  # of a median curve
MAX_PAIRS = 45  # that are drawn; the table has all
INFINITE = "∞"
Colors = Mapping[str, int]  # index of each variant's color


def comparison_page(compared: Compared, name: str) -> str:
    """Return the page about a comparison; ``name`` is that of its directory."""
    record = compared.record
    verdict = f"<p><b>{escape(record.verdict)}</b></p>" if record.verdict else ""
    seeds = counted(len(record.seeds), "seed")
    tuned = f", {counted(record.trials, 'trial')} per variant" if record.trials else ""
    if not record.trials and "optimizer.lr" not in record.varied:
        tuned = "; learning rates not tuned"
    about = f"<p>{escape(f'ranked by the median {_measure(record)} over {seeds}{tuned}')}</p>"
    notes = "".join(f"<li>{escape(note)}</li>" for note in record.notes)
    listed = f'<ul class="ends">{notes}</ul>' if notes else ""
    before = f"{verdict}{about}{ranking_table(record)}{listed}<h2>Figures</h2>"
    pairs = f"<h2>Differences</h2>{_pairs(record)}" if record.pairs else ""
    rows = all_runs_of(compared)
    figures = [*result_figures(record, rows), *_intervals(record), *line_figures(median_curves(record, rows))]
    return document(name, before, figures, pairs)


def _measure(record: Record) -> str:
    split, name = record.measure.split(".")
    return f"{split} {metric_label(name)}"


def outcomes_of(record: Record) -> list[tuple[str, str, Outcome]]:
    """Return (variant, phase, outcome) in the order of the ranking, tuned before default."""
    return [(one.name, phase, outcome) for one in record.variants for phase, outcome in one.phases.items()]


def all_runs_of(compared: Compared) -> dict[tuple[str, str], Sequence[RunResult]]:
    """Return the runs of each variant and phase."""
    outcomes = outcomes_of(compared.record)
    return {(name, phase): runs_of(compared, name, phase, outcome) for name, phase, outcome in outcomes}


def runs_of(compared: Compared, name: str, phase: str, outcome: Outcome) -> Sequence[RunResult]:
    """Return the runs of an outcome by seed; none if the ledger does not match the outcome."""
    split, key = compared.record.measure.split(".")
    rows = [row for _, row in sorted(compared.runs.get((name, phase), {}).items())]
    facts = outcome.scores.get(split, {}).get(key)
    values = [np.inf if row.diverged else _score(row, split, key) for row in rows]
    middle = np.median(values) if values else np.nan
    same = facts is not None and (facts.median is None or np.isclose(middle, facts.median, rtol=1e-9, atol=0))
    return rows if len(rows) == outcome.runs and (same or key != "loss") else []


def _score(row: RunResult, split: str, key: str) -> float:
    scores = row.scores.get(split)
    value = None if scores is None else scores.loss if key == "loss" else scores.metric
    return np.nan if value is None else value


def ranking_table(record: Record, colors: Colors | None = None) -> str:
    """Return the table of the variants; where tuned, with the defaults below.

    Args:
        record: the result.
        colors: index of each variant's color; None: its rank.
    """
    split, name = record.measure.split(".")
    order = sorted(("validation", "test"), key=lambda p: p != split)  # the ranking's split first
    others = [(p, k) for p in order for k in ("loss", record.metric) if (p, k) != (split, name)]
    others = [(p, k) for p, k in others if any(p in outcome.scores for *_, outcome in outcomes_of(record))]
    heads = [("", "variant"), ("", "settings"), (split, metric_label(name)), (split, "quartiles")]
    heads += [(p, metric_label(k)) for p, k in others]
    heads += [("", f"steps to {record.target:.4g}")] if record.target is not None else []
    failed = any(outcome.diverged for *_, outcome in outcomes_of(record))
    heads += [("", "time"), *([("", "diverged")] if failed else [])]
    rows, asides = list[list[str]](), list[int]()
    for rank, one in enumerate(record.variants):
        for phase, outcome in one.phases.items():
            is_ranked = phase == next(iter(one.phases))
            asides += [] if is_ranked else [len(rows)]
            label = f"{swatch(_color(colors, one.name, rank))} {escape(one.name)}" if is_ranked else "defaults"
            cells = [label, escape(_settings(one, outcome)), *_spread(outcome.scores.get(split, {}).get(name), name)]
            cells += [_spread(outcome.scores.get(p, {}).get(k), k)[0] for p, k in others]
            cells += [_steps(outcome)] if record.target is not None else []
            time = outcome.seconds.median
            cells += ["–" if time is None else duration(time), *([percent(outcome.diverged)] if failed else [])]
            rows.append(cells)
    if not any(row[1] for row in rows):
        heads, rows = [heads[0], *heads[2:]], [[row[0], *row[2:]] for row in rows]
    return table(heads, rows, text=(0, 1) if ("", "settings") in heads else (0,), asides=asides)


def _color(colors: Colors | None, name: str, rank: int) -> int:
    return rank if colors is None else colors.get(name, rank)


def _settings(variant: Variant, outcome: Outcome) -> str:
    """Return the tuned keys, or the default learning rate."""
    settings = outcome.settings or ({} if variant.lr is None else {"lr": variant.lr})
    return ", ".join(f"{key} {value:.4g}" for key, value in settings.items())


def _spread(middle: Quartiles | None, name: str) -> tuple[str, str]:
    """Return median and quartiles; values that are not finite are infinitely bad."""
    if middle is None:
        return "–", "–"
    worst = INFINITE if lower_is_better(name) else f"-{INFINITE}"
    median, low, high = (worst if value is None else number(value) for value in (middle.median, middle.q1, middle.q3))
    return median, f"{low} – {high}"


def _steps(outcome: Outcome) -> str:
    if outcome.target is None:
        return "–"
    missed = f"{outcome.target.missed} of {outcome.runs} missed" if outcome.target.missed else ""
    steps = "" if outcome.target.steps is None else f"{outcome.target.steps:,.0f}"
    return ", ".join(filter(None, (steps, missed)))


def result_figures(
    record: Record, rows: Mapping[tuple[str, str], Sequence[RunResult]], colors: Colors | None = None
) -> list[Figure]:
    """Return the figure of every run's result, with medians and quartiles."""
    split, name = record.measure.split(".")
    drawn: list[dict[str, Any]] = []
    for rank, one in enumerate(record.variants):
        for phase, outcome in one.phases.items():
            middle = outcome.scores.get(split, {}).get(name)
            runs = [row for row in rows[one.name, phase] if not row.diverged]
            points = np.array([_score(row, split, name) for row in runs], np.float64)
            is_ranked = phase == next(iter(one.phases))
            facts = [["median", _spread(middle, name)[0]], ["quartiles", _spread(middle, name)[1]]]
            facts += [["runs", str(outcome.runs)], ["diverged", percent(outcome.diverged)]]
            row = {
                "label": one.name if is_ranked else f"{one.name}, defaults",
                "color": color(_color(colors, one.name, rank)),
                "facts": facts,
            }
            row |= {"points": short(points), "faded": not is_ranked}
            if middle is not None:
                row |= {"low": middle.q1, "middle": middle.median, "high": middle.q3}
            drawn.append(row)
    note = "one dot per run; bar: first to third quartile, line: median"
    if any(outcome.diverged for *_, outcome in outcomes_of(record)):
        note += "; diverged runs have no dot"
    return [
        {"kind": "rows", "title": f"{_measure(record)} of each run", "x": _measure(record), "ratio": name == "loss"}
        | {"zero": False, "note": note, "rows": drawn}
    ]


def _intervals(record: Record) -> list[Figure]:
    """Return the figure of the differences between variants."""
    ranks = {one.name: rank for rank, one in enumerate(record.variants)}
    shown = record.pairs[:MAX_PAIRS]
    if not shown:
        return []
    rows = []
    for pair in shown:
        facts = [["difference", _value(pair.difference)], ["95 % interval", _interval(pair)]]
        facts += [["p (Holm)", f"{pair.p_holm:.2g}"], ["", pair.verdict]]
        row = {"label": f"{pair.a} vs {pair.b}", "color": color(ranks.get(pair.a, 0)), "facts": facts}
        rows.append(row | {"low": pair.low, "middle": pair.difference, "high": pair.high, "faded": not pair.shown})
    note = "median paired difference with 95 % bootstrap interval; faded: not significant"
    if len(shown) < len(record.pairs):
        note += f"; first {len(shown)} of {len(record.pairs)} pairs; see the table below for all"
    title = f"{_measure(record)}: how much better the first variant is"
    figure = {"kind": "rows", "title": title, "x": f"difference in {_measure(record)}", "ratio": False, "zero": True}
    return [figure | {"note": note, "rows": rows}]


def _value(value: float | None) -> str:
    return INFINITE if value is None else number(value)


def _interval(pair: Difference) -> str:
    low = f"-{INFINITE}" if pair.low is None and pair.difference is not None else _value(pair.low)
    return f"{low} – {_value(pair.high)}"


def _pairs(record: Record) -> str:
    rows = [
        [
            escape(f"{pair.a}, {pair.b}"),
            _value(pair.difference),
            _interval(pair),
            f"{pair.p_holm:.2g}",
            escape(pair.verdict),
        ]
        for pair in record.pairs
    ]
    heads = [("", head) for head in ("pair", "difference", "95 % interval", "p (Holm)", "verdict")]
    return table(heads, rows, text=(0, 4), asides=[i for i, pair in enumerate(record.pairs) if not pair.shown])


def comparison_curves(compared: Compared, colors: Colors | None = None) -> list[LineChart]:
    """Return the median curves of a comparison's variants."""
    return median_curves(compared.record, all_runs_of(compared), colors)


def median_curves(
    record: Record, rows: Mapping[tuple[str, str], Sequence[RunResult]], colors: Colors | None = None
) -> list[LineChart]:
    """Return median curves with bands from the first to the third quartile."""
    found = []
    titles = {LOSS: "validation loss", TRAIN_LOSS: "training loss", METRIC: f"validation {metric_label(record.metric)}"}
    for column, title in titles.items():
        lines = []
        for rank, one in enumerate(record.variants):
            runs = [row for row in rows[one.name, next(iter(one.phases))] if not row.diverged and len(row.curve)]
            epochs, low, middle, high = _quartiles(runs, column)
            index = _color(colors, one.name, rank)
            lines.append(Line(one.name, epochs, middle, index, run=index, low=low, high=high))
        found.append(LineChart(title, lines, ratio=column != METRIC, note="median; band: first to third quartile"))
    return found


def _quartiles(runs: Sequence[RunResult], column: int) -> tuple[Values, Values, Values, Values]:
    """Return epochs and quartiles of the runs' values there; a run that ended early keeps its last value."""
    longest = max((row.epochs for row in runs), default=0)
    epochs = np.unique(np.rint(np.linspace(1, max(longest, 1), min(max(longest, 1), CURVE_POINTS))))
    values = [np.interp(epochs, row.curve[:, EPOCH], row.curve[:, column]) for row in runs]
    if not values:
        values = [np.full(epochs.size, np.nan)]
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    return epochs, low, middle, high
