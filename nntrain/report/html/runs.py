"""The page about runs: results, curves and recipes."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import numpy as np

from nntrain.artifacts.history import History
from nntrain.artifacts.history_facts import SPLITS
from nntrain.metrics import metric_label, metrics
from nntrain.optimizers.gradient_free import Search
from nntrain.recipe.document import dump_document
from nntrain.recipe.schema import to_data
from nntrain.report.details import why
from nntrain.report.html.document import Figure, document, run_button, table
from nntrain.report.html.lines import Line, LineChart, Values, line_figures
from nntrain.report.html.scores import calibration_figures, scores_section
from nntrain.report.numbers import duration, number, short
from nntrain.training.events import Stopped


def runs_page(runs: Sequence[History], names: Sequence[str], surfaces: Sequence[Figure] = ()) -> str:
    """Return the page.

    Args:
        runs: at least one run.
        names: their names.
        surfaces: figures of the loss surface.
    """
    title = ", ".join(names) if len(names) < 4 else f"{len(names)} runs"
    recipes = "".join(
        f"<details><summary>{escape(name)}</summary><pre>{escape(dump_document(to_data(run.recipe)))}</pre></details>"
        for run, name in zip(runs, names, strict=True)
    )
    figures = [*surfaces, *line_figures(charts(runs, names))]
    scores = ""
    if len(runs) == 1:
        scores, figures = scores_section(runs[0]), [*figures, *calibration_figures(runs[0])]
    return document(title, f"{_results(runs, names)}{scores}<h2>Curves</h2>", figures, f"<h2>Recipes</h2>{recipes}")


def _results(runs: Sequence[History], names: Sequence[str]) -> str:
    """Return the table of results, and below it how each run ended."""
    splits = [split for split in SPLITS if any(split in run.summary for run in runs)]
    metric = metric_label(runs[0].metric)
    heads = [("", "run"), ("", "optimizer"), ("", "learning rate")]
    heads += [(split, what) for split in splits for what in ("loss", metric)]
    heads += [("", "epochs"), ("", "time")]
    rows, ends = [], []
    for index, (run, name) in enumerate(zip(runs, names, strict=True)):
        label = run_button(index, name) if len(runs) > 1 else escape(name)
        summary = run.summary
        scores = [summary.get(split, {}).get(key) for split in splits for key in ("loss", run.metric)]
        facts = [f"{summary['epochs']:,}", escape(duration(summary["seconds"]))]
        rows.append([label, escape(run.recipe.optimizer.name), escape(_rate(run)), *map(number, scores), *facts])
        ends.append(f"<li>{f'<b>{escape(name)}</b>: ' if len(runs) > 1 else ''}{escape(_end(run))}</li>")
    return f'{table(heads, rows, text=(0, 1))}<ul class="plain">{"".join(ends)}</ul>'


def _end(run: History) -> str:
    """Return why a run ended, and its verdict; the verdict on a diverged run includes the reason."""
    stopped, verdict = run.summary["stopped"], run.summary["verdict"]
    if stopped is Stopped.DIVERGED:
        return str(verdict)
    return f"{why(stopped, run.recipe.optimizer.keeps_best, run.recipe.training.monitor)}; {verdict}"


def _rate(run: History) -> str:
    """Return a run's learning rate and schedule; a dash for a search, which has none."""
    optimizer, schedule = run.recipe.optimizer, run.recipe.schedule
    if isinstance(optimizer, Search):
        return "–"
    followed = "" if optimizer.full_batch or schedule.name == "constant" else f", {schedule.name}"
    return f"{short(optimizer.lr, 4)}{followed}"


def charts(runs: Sequence[History], names: Sequence[str]) -> list[LineChart]:
    """Return the curves of runs: losses, metrics, gradient norm, learning rate; of a single run also its layers."""
    x, shown = _axis(runs), [_losses(runs, names, _axis(runs))]
    measured = [name for name in metrics() if all(f"validation_{name}" in run.columns for run in runs)]
    for key, title, ratio in (
        *((f"validation_{name}", f"validation {metric_label(name)}", False) for name in measured),
        ("gradient_norm", "gradient norm", True),
        ("learning_rate", "learning rate", True),
        ("clipped", "fraction of steps with clipped gradient", False),
    ):
        lines = [_line(run, name, key, index) for index, (run, name) in enumerate(zip(runs, names, strict=True))]
        if key != "learning_rate" or any(np.ptp(line.y) > 0 for line in lines if line.y.size):
            shown.append(LineChart(title, lines, x, ratio))
    return shown + (_layers(runs[0]) if len(runs) == 1 else [])


def _axis(runs: Sequence[History]) -> str:
    """Return the label of the x axis: epochs, or for a search the points that it tries."""
    searching = [isinstance(run.recipe.optimizer, Search) for run in runs]
    return "point tried" if all(searching) else "epoch or point tried" if any(searching) else "epoch"


def _losses(runs: Sequence[History], names: Sequence[str], x: str) -> LineChart:
    """Return training and validation losses: two colors for a single run, thin and thick lines for several."""
    lines, one = [], len(runs) == 1
    for index, (run, name) in enumerate(zip(runs, names, strict=True)):
        has = bool(np.isfinite(run.columns["validation_loss"]).any())
        prefix = "" if one else f"{name}, "
        label = f"{prefix}training" if one or has else name
        lines.append(_line(run, label, "train_loss", index, thin=has and not one))
        if has:
            validation = _line(run, f"{prefix}validation", "validation_loss", index)
            lines.append(replace(validation, index=index + 1) if one else validation)
    return LineChart("loss", lines, x, ratio=True)


def _layers(run: History) -> list[LineChart]:
    """Return charts with one line per layer of a run."""
    measured = run.layers

    def lines(values: Values) -> list[Line]:
        return [Line(layer["label"], measured.epoch, values[:, i], i) for i, layer in enumerate(run.summary["layers"])]

    found = [LineChart("gradient norm of each layer", lines(measured.gradient_norm), _axis([run]), ratio=True)]
    if np.nansum(measured.dead) > 0:
        found.append(LineChart("fraction of dead units", lines(measured.dead), _axis([run])))
    return found


def _line(run: History, label: str, key: str, index: int, thin: bool = False) -> Line:
    return Line(label, run.columns["epoch"], run.columns[key], index, run=index, thin=thin)
