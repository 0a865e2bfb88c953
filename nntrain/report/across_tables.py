"""A comparison on several problems, in a terminal and as tables."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.comparison.across import Across
from nntrain.errors import counted
from nntrain.report.comparison_export import rows
from nntrain.report.comparison_tables import notes, ranking
from nntrain.report.fitting import Column, fitted


def across_tables(found: Across, width: int) -> RenderableType:
    """Return the ranking on each problem, and the one across them."""
    parts: list[RenderableType] = []
    for name, result in found.problems.items():
        parts += [Text(name, "bold"), ranking(result, width), Text(f"{result.verdict}\n")]
    return Group(*parts, Text("across the problems", "bold"), *_across(found, width))


def _across(found: Across, width: int) -> list[RenderableType]:
    problems, solvable = list(found.problems), len(next(iter(found.profile.steps.values())))
    columns = [
        Column("variant", [Text(one.name, "bold") for one in found.ranking], right=False, folds=True),
        Column("mean rank", [f"{one.mean_rank:.3g}" for one in found.ranking]),
        Column("best on", [str(one.first) for one in found.ranking]),
    ]
    for place, problem in enumerate(problems, start=3):
        columns.append(Column(problem, [f"{one.ranks[problem]:g}" for one in found.ranking], drop=place, name=problem))
    if solvable:
        fastest = [str(found.profile.solved(one.name, 1)) for one in found.ranking]
        reached = [str(found.profile.solved(one.name, 1e300)) for one in found.ranking]
        columns += [Column("fastest on", fastest, drop=1), Column("reached", reached, drop=2)]
    return [fitted(columns, width), Text(f"\n{found.verdict}")]


def across_notes(found: Across) -> list[str]:
    """Return notes on each problem, and on what the last table says."""
    lines = [f"{name}: {note}" for name, result in found.problems.items() for note in notes(result)]
    lines += found.profile.notes
    if any(found.profile.steps.values()):
        lines.append(
            "fastest on, reached: problems whose target a variant reaches in the fewest steps, or at all "
            f"({target_text(found)})"
        )
    lines.append(
        f"mean ranks that differ by more than {found.critical_difference:.3g} are significantly different "
        f"(Nemenyi, {counted(len(found.problems), 'problem')}) if Friedman's test has p < 0.05; here p = {found.p:.2g}"
    )
    return lines


def target_text(found: Across) -> str:
    """Return what the targets are."""
    own = [name for name, result in found.problems.items() if result.target is not None]
    return "each problem's target" if own else "90 % of the way from the untrained score to the best median"


def across_rows(found: Across) -> list[dict[str, Any]]:
    """Return one flat record per problem, variant and setting, for CSV."""
    return [{"problem": name, **row} for name, result in found.problems.items() for row in rows(result)]
