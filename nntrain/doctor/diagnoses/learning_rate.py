"""A learning rate that is too high or too low."""

from math import log10
from typing import Literal

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit, rate_times
from nntrain.doctor.evidence import Evidence


def _edits(evidence: Evidence, factors: tuple[float, ...], usual: bool) -> tuple[Edit, ...]:
    """Return edits that multiply the learning rate; ``usual``: and one that sets the middle of the usual rates."""
    if usual:
        factors += ((evidence.rates.low * evidence.rates.high) ** 0.5 / evidence.recipe.optimizer.lr,)
    return tuple(rate_times(evidence.recipe, factor) for factor in factors)


class RateTooHigh(Diagnosis):
    """The steps are so long that they overshoot the minimum.

    Plain gradient descent diverges along a direction of curvature c beyond lr = 2 / c; the loss jumps, ReLU units die,
    or weights are thrown far away and stay there.

    Formula:
        lr < 2 / largest eigenvalue of the Hessian

    Source: LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998.
    """

    name: Literal["learning_rate_too_high"] = "learning_rate_too_high"
    title = "learning rate too high"
    lecture = "K: ill-conditioning; H: dead ReLU units by too high a learning rate"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it beyond the optimizer's usual rates, and where the loss jumps or diverges."""
        if not evidence.gradient_steps:
            return None
        lr, usual = evidence.recipe.optimizer.lr, evidence.rates.high
        beyond = log10(lr / usual)
        strength = min(0.65 + 0.2 * beyond, 0.95) if beyond > 0 else max(0.2, 0.5 + 0.3 * beyond)
        seen = [
            f"optimizer.lr is {lr:g}"
            + (f"; usual rates of {evidence.recipe.optimizer.name} end at {usual:g}" * (beyond > 0))
        ]
        if evidence.diverged:
            strength = max(strength + 0.2, 0.6)
            seen.append("training diverged")
        elif evidence.unstable:
            strength = max(strength + 0.15, 0.55)
            seen.append("the training loss jumps from epoch to epoch")
        if beyond > 0 and evidence.dead > 0.5:
            seen.append(f"{evidence.dead:.0%} of a layer's units are dead")
        factors = (0.1, 0.01, 0.001) if beyond > 0.3 or evidence.unstable else (0.1,)
        numbers = {"lr": lr, "usual_highest": usual, "diverged": evidence.diverged}
        return Suspicion(min(strength, 0.97), "; ".join(seen), _edits(evidence, factors, beyond > 0), numbers)


class RateTooLow(Diagnosis):
    """The steps are so short that training ends before it gets anywhere.

    Formula:
        distance covered <= lr · steps · mean gradient norm

    Source: Goodfellow, Bengio, Courville, Deep Learning, section 8.3.
    """

    name: Literal["learning_rate_too_low"] = "learning_rate_too_low"
    title = "learning rate too low"
    lecture = "L: learning rate; too small a rate needs many steps"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it below the optimizer's usual rates, and where the loss is still falling steadily."""
        if not evidence.gradient_steps or evidence.diverged:
            return None
        lr, usual = evidence.recipe.optimizer.lr, evidence.rates.low
        below = log10(usual / lr)
        strength = min(0.65 + 0.2 * below, 0.95) if below > 0 else max(0.2, 0.5 + 0.25 * below)
        if evidence.unstable:
            strength = min(strength, 0.2)
        seen = [
            f"optimizer.lr is {lr:g}"
            + (f"; usual rates of {evidence.recipe.optimizer.name} begin at {usual:g}" * (below > 0))
        ]
        if evidence.falling > 0.02:
            seen.append(f"the training loss still fell by {evidence.falling:.0%} over the last fifth of the epochs")
        factors = (10.0, 100.0, 1000.0) if below > 0 else (10.0,)
        edits = _edits(evidence, factors, below > 0)
        return Suspicion(strength, "; ".join(seen), edits, {"lr": lr, "usual_lowest": usual})
