"""The result of a comparison as CSV and as Markdown."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.comparison.result import Result
from nntrain.metrics import metric_label
from nntrain.report import comparison_cells as cells
from nntrain.report.numbers import percent


def rows(result: Result) -> list[dict[str, Any]]:
    """Return one flat record per variant and setting, for CSV."""
    found = []
    for rank, variant in enumerate(result.variants, start=1):
        for setting, outcome in cells.outcomes_of(variant).items():
            record: dict[str, Any] = {"rank": rank, "variant": variant.name, "setting": setting}
            settings = cells.settings_text(outcome.settings) or cells.differing_text(variant)
            rate = outcome.settings.get("lr", variant.lr)
            record |= {"settings": settings, "lr": rate, "runs": outcome.runs, "diverged": outcome.diverged}
            for split, scores in outcome.scores.items():
                for name, spread in scores.items():
                    record |= {f"{split}_{name}": spread.median, f"{split}_{name}_q1": spread.q1}
                    record[f"{split}_{name}_q3"] = spread.q3
            record |= {"auc": outcome.auc.median, "seconds": outcome.seconds.median, "steps": outcome.steps.median}
            if outcome.target is not None:
                record |= {"steps_to_target": outcome.target.steps, "seconds_to_target": outcome.target.seconds}
                record["missed"] = outcome.target.missed
            found.append(record)
    return found


def as_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as CSV; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for one in records for key in one)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def as_markdown(result: Result) -> str:
    """Return the ranking and the pairs as Markdown tables."""
    split, name = result.measure.split(".")
    with_rate = cells.learning_rates_differ(result) and not result.trials
    further = cells.further_scores(result)
    head = ["variant", "settings", *(["lr"] if with_rate else []), f"{split} {metric_label(name)}", "quartiles"]
    head += [f"{other} {metric_label(key)}" for other, key in further]
    head += [*([] if result.target is None else [f"steps to {result.target:.3g}"]), "time", "diverged"]
    lines = []
    for variant in result.variants:
        for setting, outcome in cells.outcomes_of(variant).items():
            label = f"{variant.name}, defaults" if setting == "default" and result.trials else variant.name
            line = [label, cells.settings_text(outcome.settings) or cells.differing_text(variant)]
            line += [cells.learning_rate_text(variant)] if with_rate else []
            line += [cells.median(outcome, split, name), cells.quartiles(outcome, split, name)]
            line += [cells.median(outcome, *one) for one in further]
            line += [] if result.target is None else [cells.steps_to_target(outcome)]
            lines.append([*line, cells.time_text(outcome), percent(outcome.diverged)])
    pairs = [
        [pair.a, pair.b, cells.difference_text(pair), cells.interval_text(pair), f"{pair.p_holm:.2g}", pair.verdict]
        for pair in result.pairs
    ]
    second = ["higher rank", "lower rank", "median difference", "95 % interval", "p (Holm)", "verdict"]
    closing = [text for text in (cells.learning_rates_caption(result), result.verdict) if text]
    return f"{_markdown(head, lines)}\n{_markdown(second, pairs)}\n" + "\n\n".join(closing) + "\n"


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in [head, ["---"] * len(head), *lines]]
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)
