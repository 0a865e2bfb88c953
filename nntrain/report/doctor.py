"""The doctor's report as text."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nntrain.doctor.report import Found, Report, Tried
from nntrain.errors import counted
from nntrain.metrics import metric_label
from nntrain.report.numbers import duration, number

STYLES = {"certain": "bold red", "likely": "yellow", "possible": "dim"}
INDENT = 3


def doctor_text(report: Report, recipe: str) -> RenderableType:
    """Return a report as text; ``recipe``: how the command line names the recipe."""
    if not report.found:
        return Group(Text(healthy_line(report)), *_notes(report))
    parts: list[RenderableType] = []
    for found in report.found:
        parts += [_head(found), Padding(_body(found, report, recipe), (0, 0, 1, INDENT))]
    return Group(*parts, *_notes(report))


def healthy_line(report: Report) -> str:
    """Return the one line of a healthy recipe."""
    if not report.complete:
        checked = f"in the time available: {report.checked} diagnoses, {_runs(report.experiments)}"
        return f"nothing found {checked}; a larger --budget tries more"
    value = "" if report.metric_value is None else f", {report.split} {_metric(report)} {number(report.metric_value)}"
    checked = f"{report.checked} diagnoses checked by {_runs(report.experiments)} in {duration(report.seconds)}"
    return f"healthy: {checked}{value}"


def tried_text(tried: Tried, report: Report) -> str:
    """Return the effect of an edit."""
    split = "training" if report.split == "train" else report.split
    if tried.measure == "loss":
        effect = f"{split} loss {1 - tried.before:.0%} -> {1 - tried.after:.0%} of the best constant prediction's"
    elif tried.measure == "balanced":
        effect = f"{split} score averaged over classes {tried.before:.2f} -> {tried.after:.2f}"
    elif tried.metric_before is None or tried.metric_after is None:
        effect = f"{split} score {tried.before:.3f} -> {tried.after:.3f}"
    else:
        effect = f"{split} {_metric(report)} {tried.metric_before:.3f} -> {tried.metric_after:.3f}"
    return f"{tried.text}: {effect} (mean of {counted(tried.seeds, 'seed')})"


def _metric(report: Report) -> str:
    return metric_label(report.metric)


def _runs(count: int) -> str:
    return f"{count} run{'s' * (count != 1)}"


def _head(found: Found) -> RenderableType:
    table = Table.grid(expand=False, padding=(0, 2, 0, 0))
    table.add_row(Text(str(found.rank), "bold"), Text(found.title, "bold"), Text(found.word, STYLES[found.word]))
    return table


def _body(found: Found, report: Report, recipe: str) -> RenderableType:
    lecture = f" (lectures: {found.lecture})" if found.lecture else ""
    lines = [Text(found.about), Text(f"{found.text}{lecture}")]
    lines += [Text(f"tried {tried_text(tried, report)}") for tried in found.tried]
    best = next((tried for tried in found.tried if tried.settings), None)
    if best is not None:
        sets = " ".join(f"--set {_quoted(part)}" for part in settings_of(best))
        lines.append(Text(f"nntrain fit {recipe} {sets}", "bold"))
    return Group(*lines)


def settings_of(tried: Tried) -> list[str]:
    """Return the settings of an edit, each as ``--set`` takes it."""
    from nntrain.doctor.words import setting_text

    return [setting_text(key, value) for key, value in tried.settings.items()]


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def _notes(report: Report) -> list[RenderableType]:
    return [Text(f"note: {note}", "dim") for note in report.notes]
