"""A line search for the strong Wolfe conditions, which keeps its trials.

Source: Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 (bracketing) and 3.6 (zoom).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt

MAX_TRIALS = 40
EXPANSION = 3.0  # of the step, while the loss still falls steeply
MARGIN = 0.1  # of the bracket's width, that a trial keeps from its ends


@dataclass(frozen=True)
class Trial:
    """A trial of a line search.

    Attributes:
        step: along the direction.
        loss: there; infinite if it is not finite.
        slope: derivative of the loss along the direction.
        decreases: whether the loss has decreased enough (the first Wolfe condition).
        flattens: whether the slope is small enough (the second one).
    """

    step: float
    loss: float
    slope: float
    decreases: bool
    flattens: bool


class LineSearch:
    """The search along one direction.

    Args:
        evaluate: returns loss and slope after a step along the direction.
        loss: before the step.
        slope: before the step; negative.
        c1: fraction of the decrease by the slope that the loss must reach.
        c2: fraction of the slope that may be left.

    Attributes:
        trials: all so far, in their order.
    """

    def __init__(
        self, evaluate: Callable[[float], tuple[float, float]], loss: float, slope: float, c1: float, c2: float
    ) -> None:
        self._evaluate, self._c1, self._c2 = evaluate, c1, c2
        self._start = Trial(0.0, loss, slope, decreases=True, flattens=False)
        self.trials: list[Trial] = []

    def find(self, first: float) -> Trial | None:
        """Return the first trial that meets both conditions, starting with a step of ``first``; None if none does."""
        before, step = self._start, first
        while len(self.trials) < MAX_TRIALS:
            trial = self._try(step)
            if not trial.decreases or (len(self.trials) > 1 and trial.loss >= before.loss):
                return self._zoom(before, trial)
            if trial.flattens:
                return trial
            if trial.slope >= 0:
                return self._zoom(trial, before)
            before, step = trial, EXPANSION * step
        return None

    def _try(self, step: float) -> Trial:
        loss, slope = self._evaluate(step)
        start = self._start
        if not isfinite(loss) or not isfinite(slope):
            loss, slope = inf, inf
        decreases = loss <= start.loss + self._c1 * step * start.slope
        trial = Trial(step, loss, slope, decreases, flattens=abs(slope) <= self._c2 * abs(start.slope))
        self.trials.append(trial)
        return trial

    def _zoom(self, low: Trial, high: Trial) -> Trial | None:
        """Search between two trials, of which ``low`` has the lower loss and slopes towards ``high``."""
        while len(self.trials) < MAX_TRIALS and low.step != high.step:
            trial = self._try(_between(low, high))
            if not trial.decreases or trial.loss >= low.loss:
                high = trial
                continue
            if trial.flattens:
                return trial
            if trial.slope * (high.step - low.step) >= 0:
                high = low
            low = trial
        return None


def _between(low: Trial, high: Trial) -> float:
    """Return the minimum of the cubic through two trials, or the middle if that is close to an end or not finite."""
    width = high.step - low.step
    middle = low.step + width / 2
    if not isfinite(high.loss):
        return middle
    d1 = low.slope + high.slope - 3 * (low.loss - high.loss) / (low.step - high.step)
    square = d1 * d1 - low.slope * high.slope
    if square < 0:
        return middle
    d2 = sqrt(square) * (1 if width > 0 else -1)
    denominator = high.slope - low.slope + 2 * d2
    if denominator == 0:
        return middle
    step = high.step - width * (high.slope + d2 - d1) / denominator
    inside = MARGIN <= (step - low.step) / width <= 1 - MARGIN
    return step if inside else middle
