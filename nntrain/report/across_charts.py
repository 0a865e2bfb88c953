"""The performance profile of a comparison on several problems."""

import numpy as np

from nntrain.comparison.profile import Profile
from nntrain.errors import counted
from nntrain.report.html.lines import Line, LineChart

LONGEST = 1.1  # of the x axis, relative to the largest finite logarithm


def profile_chart(profile: Profile) -> list[LineChart]:
    """Return the fraction of the problems that each variant solves, by how many times the fewest steps it takes.

    Formula:
        ρ(τ) = |{problems: steps ≤ τ · steps of the fastest variant}| / |problems|

    Source: Dolan and Moré 2002, who draw it over log2 τ too.
    """
    ratios = {name: np.log2(profile.ratios(name)) for name in profile.steps}
    finite = np.concatenate([one[np.isfinite(one)] for one in ratios.values()] or [np.zeros(0)])
    if not finite.size:
        return [LineChart("performance profile", [], note="no problem has a target that a variant reaches")]
    end = LONGEST * float(finite.max()) or 1.0
    lines = []
    for index, (name, logs) in enumerate(ratios.items()):
        at = np.sort(logs[np.isfinite(logs)])
        solved = np.arange(1, at.size + 1) / logs.size
        x = np.concatenate([[0.0], np.repeat(at, 2), [end]])
        y = np.concatenate([[0.0, 0.0], np.repeat(solved, 2)]) if at.size else np.zeros(2)
        lines.append(Line(name, x, y, index))
    problems = counted(len(next(iter(profile.steps.values()))), "problem")
    note = f"{problems}; within 2^x times the steps of the fastest variant"
    return [LineChart("performance profile: fraction of problems solved", lines, "x", note=note)]
