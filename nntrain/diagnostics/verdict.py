"""Whether a run under- or overfits: one rule on its facts.

Losses are compared as shares of the baseline's, that of the best constant prediction, so that one rule serves all
losses and data. A run underfits if its training error is larger than noise explains, or still falls; it overfits if the
validation loss has risen, or is far above the training loss. ``benchmarks/fits`` counts how often the rule is right.

Source: K, N (under- and overfitting).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from nntrain.diagnostics import wording
from nntrain.diagnostics.facts import Facts, trend
from nntrain.training.events import Stopped

# Shares of the baseline's loss
MATERIAL = 0.05  # what is left to learn, at least, in a run that underfits
RISE = 0.1  # a rise of the validation loss that is overfitting; it is a share of the lowest validation loss as well
GAP = 0.5  # a gap between training and validation that is overfitting
FITTED = 0.5  # a training loss below it has fitted the training part
VISIBLE_GAP = 0.1  # a gap that is worth mentioning
JUMP = 0.03  # a mean rise of the training loss from epoch to epoch that is instability
WORSE = 1.02  # a training loss that is worse than the baseline's

# Standard errors
RISE_ERRORS = 1  # that a rise exceeds: few, as it is seen over many epochs, on the same rows
GAP_ERRORS = 2  # that a gap exceeds

FEWEST = 5  # epochs, below which curves say nothing


class Kind(StrEnum):
    """What a verdict says."""

    DIVERGED = "diverged"
    SEARCH = "search"
    UNSTABLE = "unstable"
    OVERFITS = "overfits"
    UNDERFITS = "underfits"
    NOTHING_LEARNED = "nothing learned"
    UNDECIDED = "undecided"
    FITS = "fits"


@dataclass(frozen=True)
class Verdict:
    """What a run says about itself, in a word and in a sentence."""

    kind: Kind
    text: str


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
    return Verdict(Kind.SEARCH, f"a search has no trend to judge; the best of {len(facts.train):,} points was kept")


def _same_targets(facts: Facts) -> Verdict | None:
    if facts.baseline("train").span > 0:
        return None
    return Verdict(Kind.UNDECIDED, "cannot be judged: the targets of the training part are all the same")


def _too_few_epochs(facts: Facts) -> Verdict | None:
    """Say so where a short run has learned something, unless it has ended by itself."""
    done = len(facts.train) >= FEWEST or facts.finished.stopped is Stopped.CONVERGED
    if done or facts.level("train") >= wording.NO_BETTER:
        return None
    return Verdict(Kind.UNDECIDED, f"too few epochs to tell: {len(facts.train)}, at least {FEWEST} are needed")


def _unstable(facts: Facts) -> Verdict | None:
    """Say so where the training loss jumps up and down, as it does at a learning rate that is too large."""
    jumps = facts.jumps
    if not (jumps and facts.share("train", sum(jumps) / len(jumps)) >= JUMP):
        return None
    return Verdict(Kind.UNSTABLE, f"unstable: {wording.jumps(jumps)}; try a smaller learning rate")


def _overfits(facts: Facts) -> Verdict | None:
    """Say so where the validation loss has risen from its lowest, or is far above the training loss.

    In a run that underfits as well, the gap is weighed against what has not been learned. Who is no better than a
    constant on the training part has fitted nothing.
    """
    if facts.systematic > facts.gap or facts.level("train") >= wording.NO_BETTER:
        return None
    if facts.kept_last and facts.validation and _rose(facts):
        cures = "try early stopping, regularization, fewer units or more data"
        return Verdict(Kind.OVERFITS, f"overfits: {wording.rise(facts)}; {cures}")
    if facts.level("train") <= FITTED and facts.gap >= max(GAP, GAP_ERRORS * facts.gap_error):
        cures = "try regularization, fewer units or features, or more data"
        return Verdict(Kind.OVERFITS, f"overfits: {wording.gap(facts)}; {cures}")
    return None


def _rose(facts: Facts) -> bool:
    """Return whether the validation loss has risen materially: beyond its noise, or leaving a large gap as well."""
    rise, error = facts.finished.rise or (0.0, 0.0)
    lowest = facts.level("validation") - facts.rise
    material = facts.rise >= RISE and facts.rise >= RISE * lowest
    return material and (rise > RISE_ERRORS * error or facts.gap >= GAP)


def _underfits(facts: Facts) -> Verdict | None:
    level, noise_is_known = facts.level("train"), facts.finished.systematic is not None
    end = trend(facts.validation or facts.train) if facts.kept_last else None
    part = "validation" if facts.validation else "train"
    falls = end is not None and min(facts.share(part, end.before - end.after), facts.level(part), level) >= MATERIAL
    more_to_learn = facts.systematic >= MATERIAL
    if not (more_to_learn or falls or level > WORSE or (level >= wording.NO_BETTER and not noise_is_known)):
        return None
    left = wording.level(facts, "train") + (wording.not_noise(facts) if more_to_learn else "")
    return Verdict(Kind.UNDERFITS, f"underfits: {left}; {wording.way_on(facts)}")


def _nothing_learned(facts: Facts) -> Verdict | None:
    if facts.level("train") >= wording.NO_BETTER:
        reason = wording.stuck(facts) or "similar rows have no error in common: the features may not tell the target"
        return Verdict(Kind.NOTHING_LEARNED, f"nothing learned: {wording.level(facts, 'train')}; {reason}")
    if facts.level("validation") >= 1:
        text = f"nothing learned that holds for other rows: {wording.level(facts, 'validation')}"
        return Verdict(Kind.NOTHING_LEARNED, f"{text}; try regularization or more data")
    return None


def _fits(facts: Facts) -> Verdict | None:
    if not facts.validation:
        text = f"no sign of underfitting: {wording.level(facts, 'train')}"
        return Verdict(Kind.FITS, f"{text}; overfitting cannot be seen without a validation part")
    if facts.gap >= max(VISIBLE_GAP, GAP_ERRORS * facts.gap_error):
        text = f"no sign of underfitting; {wording.gap(facts)}: regularization or more data may narrow this gap"
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
