"""Phrases that describe the facts of a run."""

from collections.abc import Sequence

from nntrain.diagnostics.facts import Facts, Trend, trend
from nntrain.training.events import Diverged

DEAD_LAYER = 0.9  # fraction of dead units from which a layer is reported
NOTHING_LEARNED = 0.98  # scaled training loss from which a run has learned nothing
MIN_FALL = 0.02  # relative fall of the training loss over a fifth of the epochs that counts as still falling
TWICE = 2  # from this multiple of the baseline on, a loss is given as a multiple
SEE_DOCTOR = "nntrain doctor tries the likely cures"


def diverged(found: Diverged) -> str:
    """Describe where a run diverged."""
    if found.grown_to is None:
        place = f"at step {found.step:,} (epoch {found.epoch}, learning rate {found.learning_rate:g})"
        return f"{place} {found.where} became infinite or NaN"
    return (
        f"from epoch {found.epoch} on (learning rate {found.learning_rate:g}) {found.where} stayed far above its "
        f"initial value and the constant-prediction baseline; its final value is {found.grown_to:.4g}"
    )


def level(facts: Facts, split: str) -> str:
    """Compare the loss on a split with the baseline."""
    loss, baseline, fraction = facts.scores(split).loss, facts.baseline(split), facts.level(split)
    text = f"the {'training' if split == 'train' else split} loss, {loss:.4g}, is"
    constant = f"that of the best constant prediction, {baseline.loss:.4g}"
    if fraction >= TWICE and baseline.lower_bound == 0:
        return f"{text} {fraction:.3g} times {constant}"
    if not loss < baseline.loss:
        return f"{text} not below {constant}"
    if fraction >= NOTHING_LEARNED:
        return f"{text} hardly below {constant}"
    if baseline.lower_bound is None or not baseline.span > 0:
        return f"{text} below {constant}"
    percent = "less than 1%" if fraction < 0.01 else f"{fraction:.0%}"
    if baseline.lower_bound == 0:
        return f"{text} {percent} of {constant}"
    return f"{text} {percent} of the way from the minimum possible, {baseline.lower_bound:.4g}, to {constant}"


def not_noise(facts: Facts) -> str:
    """State the learnable fraction of the error, as a continuation of :func:`level`."""
    fraction = facts.finished.systematic.value if facts.finished.systematic else 0.0
    return f", and about {min(fraction, 1):.0%} of this error is systematic: similar samples share the same errors"


def rise(facts: Facts) -> str:
    """Describe the rise of the validation loss."""
    best = min(range(len(facts.validation)), key=facts.validation.__getitem__)
    text = (
        f"the validation loss rose from {facts.validation[best]:.4g} at epoch {best + 1} "
        f"to {facts.scores('validation').loss:.4g}"
    )
    before, last = facts.train[best], facts.train[-1]
    return f"{text} while the training loss fell from {before:.4g} to {last:.4g}" if last < before else text


def gap(facts: Facts) -> str:
    """Compare the training and the validation loss."""
    train, validation = facts.scores("train"), facts.scores("validation")
    text = f"the validation loss, {validation.loss:.4g}, is above the training loss, {train.loss:.4g}"
    if train.metric is None or validation.metric is None:
        return text
    metric = "R²" if facts.started.metric == "r2" else facts.started.metric
    return f"{text} ({metric} {validation.metric:.4g} and {train.metric:.4g})"


def jumps(rises: Sequence[float]) -> str:
    """Describe the rises of the training loss."""
    found = [rise for rise in rises if rise > 0]
    return (
        f"the training loss rose in {len(found)} of the last {len(rises)} epochs, "
        f"by {sum(found) / len(found):.4g} on average"
    )


def frequent_class(facts: Facts) -> str:
    """Warn if the validation accuracy is no better than always predicting the most frequent class."""
    accuracy, frequent = facts.scores("validation").metric, facts.baseline("validation").metric
    if facts.started.metric != "accuracy" or accuracy is None or frequent is None:
        return ""
    if accuracy > frequent or frequent == 1:
        return ""
    return (
        f"; but the accuracy, {accuracy:.4g}, is not above that of always predicting the most frequent class, "
        f"{frequent:.4g}: try class_weights: balanced"
    )


def advice(facts: Facts) -> str:
    """Return what to try when a run underfits."""
    if found := stuck(facts):
        return found
    gradient_steps, worse = facts.started.steps_are == "steps", facts.level("train") > 1
    scaling = worse and facts.started.task == "regression" and not facts.started.scaled_loss
    hint = "; set data.standardize_target: true if the targets are far from 0" if scaling else ""
    end = trend(facts.train)
    if end is None or not _still_falls(facts, end):
        rate = ", or another learning rate" if gradient_steps else ""
        if facts.level("train") < NOTHING_LEARNED:
            return f"try more units or layers, less regularization{rate}"
        if facts.started.scaled_features:
            return f"try another initializer{rate}{hint}"
        return f"try standardized features (data.standardize: true), another initializer{rate}{hint}"
    text = (
        f"the training loss is still falling: its mean was {end.after:.4g} over the last fifth of the epochs, "
        f"{end.before:.4g} over the fifth before"
    )
    if not facts.kept_last:
        return f"{text}; try a larger early_stopping.patience{hint}"
    return f"{text}; train longer{', or with a higher learning rate' if gradient_steps else ''}{hint}"


def _still_falls(facts: Facts, end: Trend) -> bool:
    fall, left = end.before - end.after, end.before - facts.baseline("train").floor
    return fall > MIN_FALL * min(left, facts.baseline("train").span)


def stuck(facts: Facts) -> str | None:
    """Name the layer or gradient that stops the network from learning; None if there is none.

    Source: Hong (the causes of a zero gradient).
    """
    layers = list(zip(facts.started.layers, facts.finished.layers, strict=False))
    for layer, found in layers:
        if found.dead is not None and found.dead >= DEAD_LAYER:
            units = "stuck: every unit" if found.dead == 1 else f"{min(found.dead, 0.99):.0%} of the units"
            return (
                f"{units} of layer {layer.label} {'is' if found.dead == 1 else 'are'} dead; "
                f"try a lower learning rate, another initializer, or leaky_relu"
            )
    if layers and not any(found.gradient_norm for _, found in layers):
        return (
            "stuck: the gradient is zero: all weights are zero, all activations are saturated, "
            "or this is a saddle point or a minimum"
        )
    return None
