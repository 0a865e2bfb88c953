"""The page about a comparison on several problems: ranking on each, mean ranks and performance profile."""

from html import escape

from nntrain.comparison.across_record import ComparedAcross
from nntrain.report.across_charts import profile_chart
from nntrain.report.html.comparison import (
    all_runs_of,
    comparison_curves,
    ranking_table,
    result_figures,
)
from nntrain.report.html.document import Figure, color, document, swatch, table
from nntrain.report.html.lines import line_figures


def across_page(compared: ComparedAcross, name: str) -> str:
    """Return the page; ``name`` is that of the comparison's directory."""
    record = compared.record
    verdict = "".join(f"<p><b>{escape(line)}</b></p>" for line in record.verdict.splitlines())
    charts = profile_chart(compared.profile)
    figures = [_ranks(compared), *line_figures(charts)]
    colors, sections = {one.name: index for index, one in enumerate(record.ranking)}, ""
    for problem, one in compared.problems.items():
        said = escape(one.record.verdict)
        sections += f"<h2>{escape(problem)}</h2><p><b>{said}</b></p>{ranking_table(one.record, colors)}"
        losses = [chart for chart in comparison_curves(one, colors) if "loss" in chart.title][:1]
        drawn = [*result_figures(one.record, all_runs_of(one), colors), *line_figures(losses)]
        figures += [{**figure, "title": f"{problem}: {figure['title']}"} for figure in drawn]
    notes = "".join(f"<li>{escape(note)}</li>" for note in record.profile.notes)
    listed = f'<ul class="ends">{notes}</ul>' if notes else ""
    return document(name, f"{verdict}{_standings(compared)}{listed}<h2>Figures</h2>", figures, sections)


def _standings(compared: ComparedAcross) -> str:
    """Return the table of the variants across the problems."""
    record, profile = compared.record, compared.profile
    heads = [("", "variant"), ("", "mean rank"), ("", "best on"), *(("rank on", one) for one in compared.problems)]
    solvable = len(next(iter(record.profile.steps.values())))
    heads += [("target", "fastest on"), ("target", "reached")] if solvable else []
    rows = []
    for index, one in enumerate(record.ranking):
        cells = [f"{swatch(index)} {escape(one.name)}", f"{one.mean_rank:.3g}", str(one.first)]
        cells += [f"{one.ranks[problem]:g}" for problem in compared.problems]
        cells += [str(profile.solved(one.name, factor)) for factor in (1, 1e300)] if solvable else []
        rows.append(cells)
    return table(heads, rows, text=(0,))


def _ranks(compared: ComparedAcross) -> Figure:
    """Return the figure of each variant's ranks, with their mean and half the critical difference around it."""
    record = compared.record
    half = record.critical_difference / 2
    rows = []
    for index, one in enumerate(record.ranking):
        facts = [["mean rank", f"{one.mean_rank:.3g}"]]
        facts += [[problem, f"{one.ranks[problem]:g}"] for problem in compared.problems]
        row = {"label": one.name, "color": color(index), "facts": facts, "points": list(one.ranks.values())}
        rows.append(row | {"low": one.mean_rank - half, "middle": one.mean_rank, "high": one.mean_rank + half})
    note = "one dot per problem; line: mean; bars that do not overlap: significant by Nemenyi's test"
    note += f", if Friedman's p < 0.05 (here {record.p:.2g})"
    return {"kind": "rows", "title": "ranks", "x": "rank", "ratio": False, "zero": False, "note": note, "rows": rows}
