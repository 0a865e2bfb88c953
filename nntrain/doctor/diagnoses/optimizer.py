"""Settings of the optimizer, apart from its learning rate, that slow it down."""

from typing import Literal

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence

LONG = {"momentum": 0.98, "beta1": 0.98}  # beyond it the optimizer averages over more than 50 steps
EPS = ("eps", "eps_root")


class EpsilonTooLarge(Diagnosis):
    """Epsilon exceeds the root of the mean squared gradient, and shrinks every step.

    Formula:
        step = lr · m / (sqrt(v) + eps)

    Source: Kingma and Ba, Adam, 2015 (eps 1e-8).
    """

    name: Literal["epsilon_too_large"] = "epsilon_too_large"
    title = "epsilon too large"
    lecture = "S: delta of AdaGrad, RMSProp and Adam"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it far above the optimizer's default."""
        optimizer = evidence.recipe.optimizer
        for key in EPS:
            value = getattr(optimizer, key, None)
            usual = type(optimizer).model_fields[key].default if value is not None else None
            if value is None or usual is None or value < max(1e-4, 30 * usual):
                continue
            strength = 0.95 if value >= 0.1 else 0.8 if value >= 1e-2 else 0.5
            text = f"optimizer.{key} is {value:g}; the default is {usual:g}"
            return Suspicion(strength, text, (Edit({f"optimizer.{key}": usual}),), {key: value, "default": usual})
        return None


class MomentumTooHigh(Diagnosis):
    """Momentum averages gradients over so many steps that the weights overshoot or follow too slowly.

    Formula:
        horizon = 1 / (1 - momentum) steps

    Source: Sutskever et al., On the importance of initialization and momentum, 2013.
    """

    name: Literal["momentum_too_high"] = "momentum_too_high"
    title = "momentum too high"
    lecture = "K, S: momentum"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it above 0.98."""
        optimizer = evidence.recipe.optimizer
        for key, most in LONG.items():
            value = getattr(optimizer, key, None)
            if value is None or value <= most:
                continue
            horizon = 1 / max(1 - value, 1e-12)
            strength = 0.9 if horizon >= 200 or horizon > evidence.steps / 10 else 0.7
            text = f"optimizer.{key} {value:g} averages over {horizon:,.0f} steps, and the run has {evidence.steps:,}"
            return Suspicion(strength, text, (Edit({f"optimizer.{key}": 0.9}),), {key: value, "horizon": horizon})
        return None


class AveragingTooSlow(Diagnosis):
    """The averaged weights, which are kept, lag far behind those being trained.

    Formula:
        horizon = 1 / (1 - decay) steps

    Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992.
    """

    name: Literal["averaging_too_slow"] = "averaging_too_slow"
    title = "weight averaging too slow"
    lecture = "S: averaging"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the horizon is a large part of the run."""
        training, edits = evidence.recipe.training, Edit({"training.averaging": None})
        decay = getattr(training.averaging, "decay", None)
        if decay is not None:
            horizon = 1 / max(1 - decay, 1e-12)
            if horizon > evidence.steps / 20:
                strength = 0.95 if horizon > evidence.steps / 4 else 0.7
                text = f"averaging over {horizon:,.0f} steps, and the run has {evidence.steps:,}"
                return Suspicion(strength, text, (edits,), {"decay": decay, "horizon": horizon})
        lookahead = training.lookahead
        if lookahead is not None and lookahead.alpha / lookahead.period < 0.02:
            text = f"the slow weights of lookahead go {lookahead.alpha:g} of the way every {lookahead.period} steps"
            return Suspicion(0.85, text, (Edit({"training.lookahead": None}),), {"alpha": lookahead.alpha})
        return None
