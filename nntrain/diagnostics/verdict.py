"""Whether a run underfits or overfits: one list of rules.

Losses are scaled by the baseline, the loss of the best constant prediction, so that the same thresholds serve every
loss and data set. A run underfits if its training error exceeds the noise or is still falling; it overfits if the
validation loss has risen or is far above the training loss. ``benchmarks/fits`` measures the accuracy of these rules.

Source: Korea University, Straka (under- and overfitting).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from nntrain.diagnostics import wording
from nntrain.diagnostics.facts import Facts, trend
from nntrain.training.events import Stopped

# Scaled losses: fractions of the baseline's
MATERIAL_LOSS = 0.05  # an underfitting run has at least this much left to learn
OVERFIT_RISE = 0.1  # minimum rise of the validation loss; also relative to its minimum
OVERFIT_GAP = 0.5  # minimum gap between validation and training loss
FITTED_LOSS = 0.5  # below it, a run has fitted its training data
VISIBLE_GAP = 0.1  # minimum gap that a verdict mentions
UNSTABLE_JUMP = 0.03  # minimum mean rise of the training loss from epoch to epoch
WORSE_THAN_CONSTANT = 1.02  # a training loss above the baseline, beyond rounding

# Standard errors
RISE_ERRORS = 1  # few, because many epochs on the same rows show the rise
GAP_ERRORS = 2

MIN_EPOCHS = 5  # fewer show no trend


class Kind(StrEnum):
    """The kinds of verdicts."""

    DIVERGED = "diverged"
    SEARCH = "search"
    UNSTABLE = "unstable"
    OVERFITS = "overfits"
    UNDERFITS = "underfits"
    NOTHING_LEARNED = "nothing learned"
    UNDECIDED = "undecided"
    FITS = "fits"


WRONG = (Kind.UNSTABLE, Kind.OVERFITS, Kind.UNDERFITS, Kind.NOTHING_LEARNED)  # what the doctor may cure
BAD = (*WRONG, Kind.DIVERGED)


@dataclass(frozen=True)
class Verdict:
    """A verdict on a run.

    Attributes:
        kind: what it says.
        seen: the numbers that show it.
        advice: what to try, or the likely cause; empty if there is nothing to do.
    """

    kind: Kind
    seen: str
    advice: str = ""

    @property
    def text(self) -> str:
        """The verdict as a sentence; of a run that went wrong, it refers to the doctor."""
        see = wording.SEE_DOCTOR if self.kind in WRONG else ""
        return "; ".join(part for part in (self.seen, self.advice, see) if part)

    def because(self, cause: str) -> "Verdict":
        """Return the verdict with a likely cause instead of its advice; of a good run, with what spoils it."""
        return replace(self, advice=f"likely cause: {cause}" if self.kind in BAD else f"but {cause}")


Rule = Callable[[Facts], Verdict | None]


def judge(facts: Facts) -> Verdict:
    """Return the verdict of the first rule that applies."""
    return next(verdict for rule in RULES if (verdict := rule(facts)) is not None)


def _diverged(facts: Facts) -> Verdict | None:
    diverged = facts.finished.diverged
    return Verdict(Kind.DIVERGED, f"diverged: {wording.diverged(diverged)}") if diverged else None


def _search(facts: Facts) -> Verdict | None:
    if not facts.started.search:
        return None
    return Verdict(Kind.SEARCH, f"a search has no trend; kept the best of {len(facts.train):,} points")


def _same_targets(facts: Facts) -> Verdict | None:
    if facts.baseline("train").span > 0:
        return None
    return Verdict(Kind.UNDECIDED, "cannot judge: all training targets are equal")


def _too_few_epochs(facts: Facts) -> Verdict | None:
    """Apply to short runs that have learned something and did not converge."""
    done = len(facts.train) >= MIN_EPOCHS or facts.finished.stopped is Stopped.CONVERGED
    if done or facts.level("train") >= wording.NOTHING_LEARNED:
        return None
    return Verdict(Kind.UNDECIDED, f"too few epochs to judge: {len(facts.train)}; at least {MIN_EPOCHS} needed")


def _unstable(facts: Facts) -> Verdict | None:
    """Apply where the training loss jumps up and down, as with too high a learning rate."""
    jumps = facts.jumps
    if not (jumps and facts.fraction("train", sum(jumps) / len(jumps)) >= UNSTABLE_JUMP):
        return None
    return Verdict(Kind.UNSTABLE, f"unstable: {wording.jumps(jumps)}", "try a lower learning rate")


def _overfits(facts: Facts) -> Verdict | None:
    """Apply where the validation loss has risen from its minimum, or is far above the training loss.

    If the run also underfits, the larger of the two problems counts. A run that is no better than a constant on its
    training data has not overfitted.
    """
    if facts.systematic > facts.gap or facts.level("train") >= wording.NOTHING_LEARNED:
        return None
    if facts.kept_last and facts.validation and _rose(facts):
        cures = "try early stopping, regularization, fewer units or more data"
        return Verdict(Kind.OVERFITS, f"overfits: {wording.rise(facts)}", cures)
    if facts.level("train") <= FITTED_LOSS and facts.gap >= max(OVERFIT_GAP, GAP_ERRORS * facts.gap_error):
        cures = "try regularization, fewer units or features, or more data"
        return Verdict(Kind.OVERFITS, f"overfits: {wording.gap(facts)}", cures)
    return None


def _rose(facts: Facts) -> bool:
    """Return whether the rise of the validation loss is material and either significant or beside a large gap."""
    rise, error = facts.finished.rise or (0.0, 0.0)
    lowest = facts.level("validation") - facts.rise
    material = facts.rise >= OVERFIT_RISE and facts.rise >= OVERFIT_RISE * lowest
    return material and (rise > RISE_ERRORS * error or facts.gap >= OVERFIT_GAP)


def _underfits(facts: Facts) -> Verdict | None:
    level, noise_is_known = facts.level("train"), facts.finished.systematic is not None
    end = trend(facts.validation or facts.train) if facts.kept_last else None
    part = "validation" if facts.validation else "train"
    falls = (
        end is not None and min(facts.fraction(part, end.before - end.after), facts.level(part), level) >= MATERIAL_LOSS
    )
    more_to_learn = facts.systematic >= MATERIAL_LOSS
    if not (
        more_to_learn
        or falls
        or level > WORSE_THAN_CONSTANT
        or (level >= wording.NOTHING_LEARNED and not noise_is_known)
    ):
        return None
    left = wording.level(facts, "train") + (wording.not_noise(facts) if more_to_learn else "")
    return Verdict(Kind.UNDERFITS, f"underfits: {left}", wording.advice(facts))


def _nothing_learned(facts: Facts) -> Verdict | None:
    if facts.level("train") >= wording.NOTHING_LEARNED:
        reason = (
            wording.stuck(facts) or "similar samples do not share errors: the features may not determine the target"
        )
        return Verdict(Kind.NOTHING_LEARNED, f"nothing learned: {wording.level(facts, 'train')}", reason)
    if facts.level("validation") >= 1:
        text = f"nothing learned that generalizes: {wording.level(facts, 'validation')}"
        return Verdict(Kind.NOTHING_LEARNED, text, "try regularization or more data")
    return None


def _fits(facts: Facts) -> Verdict | None:
    if not facts.validation:
        text = f"no sign of underfitting: {wording.level(facts, 'train')}"
        return Verdict(Kind.FITS, f"{text}; detecting overfitting needs a validation split")
    if facts.gap >= max(VISIBLE_GAP, GAP_ERRORS * facts.gap_error):
        text = f"no sign of underfitting; {wording.gap(facts)}: regularization or more data may narrow it"
    else:
        text = f"no sign of over- or underfitting: {wording.level(facts, 'validation')}"
    return Verdict(Kind.FITS, text + wording.frequent_class(facts))


RULES: tuple[Rule, ...] = (
    _diverged,
    _search,
    _same_targets,
    _too_few_epochs,
    _unstable,
    _overfits,
    _underfits,
    _nothing_learned,
    _fits,
)
