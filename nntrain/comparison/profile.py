"""Performance profiles: how many problems each variant solves, by how much longer it takes than the fastest one.

Source: Dolan and Moré, Mathematical Programming 91 (2002); targets as in Moré and Wild, SIAM J. Optim. 20 (2009).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import median

from nntrain.comparison.measure import reached
from nntrain.comparison.protocol import DEFAULT, TUNED, Runs
from nntrain.comparison.run_result import RunResult

IMPROVEMENT = 0.9  # fraction of the best variant's improvement that solves a problem


@dataclass(frozen=True)
class Profile:
    """The steps of each variant to a target, by problem.

    Attributes:
        targets: value of the measure on the validation split that solves a problem; None if there is none.
        steps: variant -> problem with a target -> median number of steps; None if most of its runs miss the target.
        notes: why problems have no target.
    """

    targets: Mapping[str, float | None]
    steps: Mapping[str, Mapping[str, float | None]]
    notes: Sequence[str] = field(default=())

    def ratios(self, variant: str) -> list[float]:
        """Return, by problem, the steps of a variant relative to those of the fastest one; infinite if it missed."""
        found = []
        for problem in self.steps[variant]:
            steps = [inf if (one := of[problem]) is None else one for of in self.steps.values()]
            own, fastest = self.steps[variant][problem], min(steps)
            found.append(inf if own is None else own / fastest)
        return found

    def solved(self, variant: str, factor: float) -> int:
        """Return the number of problems that a variant solves in ``factor`` times the steps of the fastest one."""
        return sum(ratio <= factor for ratio in self.ratios(variant))


def profile_of(runs: Mapping[str, Runs], names: Sequence[str], order: Sequence[str]) -> Profile:
    """Return the profile of the variants ``names`` over the runs of each problem, in another ``order``."""
    targets, notes = dict[str, float | None](), list[str]()
    steps: dict[str, dict[str, float | None]] = {name: {} for name in names}
    for problem, of_problem in runs.items():
        targets[problem], why = _target(of_problem)
        if why:
            notes.append(f"{problem}: {why}")
        target = targets[problem]
        if target is None:
            continue
        for v, name in enumerate(names):
            found = [reached(row, of_problem.measure, target) for row in _ranked(of_problem, v)]
            middle = median([inf if one is None else one.steps for one in found])
            steps[name][problem] = None if middle == inf else middle
    return Profile(targets, {name: steps[name] for name in order}, tuple(notes))


def _target(runs: Runs) -> tuple[float | None, str]:
    """Return the target of a problem, or why there is none.

    That is the comparison's own target if it has one; otherwise

    Formula:
        target = untrained + IMPROVEMENT (best - untrained)

    where best is the best median of a variant, and untrained the median before the first step.
    """
    if runs.target is not None:
        return runs.target, ""
    measure = runs.measure
    rows = [_ranked(runs, v) for v in range(runs.count)]
    before = [measure.value(row.untrained) for of in rows for row in of if row.untrained is not None]
    if not before:
        return None, "no target without a validation split"
    untrained = median(before)
    medians = [median(measure.of(row, "validation") for row in of) for of in rows]
    best = min(medians) if measure.lower else max(medians)
    if not measure.better(best, untrained):
        return None, "no target: no variant learned anything"
    return untrained + IMPROVEMENT * (best - untrained), ""


def _ranked(runs: Runs, variant: int) -> list[RunResult]:
    """Return the runs by which a variant is ranked."""
    return list(runs.of(variant, TUNED if runs.budget.trials else DEFAULT).values())
