"""A learning rate schedule that leaves too little of the learning rate, and warm-up that lasts too long."""

from typing import Literal

import numpy as np

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence


class ScheduleOverEarly(Diagnosis):
    """The schedule has lowered the learning rate to almost nothing long before training ends.

    Source: Loshchilov and Hutter, SGDR, 2017 (schedules are set by the length of the run).
    """

    name: Literal["schedule_over_early"] = "schedule_over_early"
    title = "schedule over before training is"
    lecture = "L, S: learning rate decay"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where the mean factor of the schedule is small."""
        plan = evidence.trial.built.plan
        schedule = plan.schedule
        if schedule.name == "constant" or not evidence.gradient_steps:
            return None
        if schedule.reacts:
            if getattr(schedule, "patience", 10) > 5:
                return None
            mean, strength = 0.0, 0.7
        else:
            mean = _mean_factor(evidence)
            strength = 0.9 if mean < 0.1 else 0.75 if mean < 0.2 else 0.35
        text = f"the {schedule.name} schedule leaves {mean:.1%} of the learning rate on average"
        if schedule.reacts:
            text = f"{schedule.name} lowers the learning rate after a patience of {getattr(schedule, 'patience', 0)}"
        return Suspicion(strength, text, (Edit({"schedule": "constant"}),), {"mean_factor": mean})


class WarmupTooLong(Diagnosis):
    """Warm-up lasts for most of the run, so that the learning rate hardly ever has its full value.

    Source: Goyal et al., Accurate, large minibatch SGD, 2017 (5 of 90 epochs).
    """

    name: Literal["warmup_too_long"] = "warmup_too_long"
    title = "warm-up too long"
    lecture = "L, S: learning rate schedules"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where warm-up takes more than a third of the run."""
        plan = evidence.trial.built.plan
        warmup = getattr(plan.schedule, "warmup", 0)
        total = plan.span.steps if plan.schedule.per == "step" else plan.span.epochs
        if not warmup or warmup < total / 3:
            return None
        text = f"schedule.warmup is {warmup:,}, and the run has {total:,} {plan.schedule.per}s"
        strength = 0.95 if warmup >= total else 0.7
        return Suspicion(strength, text, (Edit({"schedule.warmup": 0}),), {"warmup": warmup, "total": total})


def _mean_factor(evidence: Evidence) -> float:
    plan = evidence.trial.built.plan
    at = np.linspace(0, plan.span.steps - 1, 100).astype(np.int64)
    return float(plan.schedule.factors(at, at // plan.steps_per_epoch, plan.span).mean())
