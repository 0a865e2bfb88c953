"""The facts of a run in words: each sentence holds for every run that it is said of."""

from collections.abc import Sequence

from nntrain.diagnostics.facts import Facts, Trend, trend
from nntrain.training.events import Diverged

DEAD = 0.9  # of a layer's units, from which on it is named
NO_BETTER = 0.98  # share of the baseline's loss, from which on nothing has been learned
FALLS = 0.02  # of the loss, or of the baseline: a fall over a fifth of the epochs that is worth mentioning
TWICE = 2  # the baseline, from which on a loss is given as a multiple of it
INSIDE = "nntrain diagnose looks into each layer of a run"


def diverged(found: Diverged) -> str:
    """Say where a run diverged."""
    if found.grown_to is None:
        place = f"at step {found.step:,} (epoch {found.epoch}, learning rate {found.learning_rate:g})"
        return f"{place} {found.where} became infinite or NaN"
    return (
        f"from epoch {found.epoch} on (learning rate {found.learning_rate:g}) {found.where} was far above that of the "
        f"first weights and of the best constant prediction; at the end it was {found.grown_to:.4g}"
    )


def level(facts: Facts, part: str) -> str:
    """Say how the loss on a part compares with the baseline's."""
    loss, baseline, share = facts.scores(part).loss, facts.baseline(part), facts.level(part)
    text = f"the {'training' if part == 'train' else part} loss, {loss:.4g}, is"
    constant = f"that of the best constant prediction, {baseline.loss:.4g}"
    if share >= TWICE and baseline.least == 0:
        return f"{text} {share:.3g} times {constant}"
    if not loss < baseline.loss:
        return f"{text} not below {constant}"
    if share >= NO_BETTER:
        return f"{text} hardly below {constant}"
    if baseline.least is None or not baseline.span > 0:
        return f"{text} below {constant}"
    percent = "less than 1%" if share < 0.01 else f"{share:.0%}"
    if baseline.least == 0:
        return f"{text} {percent} of {constant}"
    return f"{text} {percent} of the way from the lowest that is possible, {baseline.least:.4g}, to {constant}"


def not_noise(facts: Facts) -> str:
    """Say what share of the error could be learned, to go on from :func:`level`."""
    share = facts.finished.systematic.value if facts.finished.systematic else 0.0
    return f", and about {min(share, 1):.0%} of this error is not noise: similar rows are wrong in the same way"


def rise(facts: Facts) -> str:
    """Say from where to where the validation loss rose."""
    best = min(range(len(facts.validation)), key=facts.validation.__getitem__)
    text = (
        f"the validation loss rose from {facts.validation[best]:.4g} at epoch {best + 1} "
        f"to {facts.scores('validation').loss:.4g}"
    )
    before, last = facts.train[best], facts.train[-1]
    return f"{text} while the training loss fell from {before:.4g} to {last:.4g}" if last < before else text


def gap(facts: Facts) -> str:
    """Say how the training part compares with the validation part."""
    train, validation = facts.scores("train"), facts.scores("validation")
    text = f"the validation loss, {validation.loss:.4g}, is above the training loss, {train.loss:.4g}"
    if train.metric is None or validation.metric is None:
        return text
    metric = "R²" if facts.started.metric == "r2" else facts.started.metric
    return f"{text} ({metric} {validation.metric:.4g} and {train.metric:.4g})"


def jumps(rises: Sequence[float]) -> str:
    """Say how the training loss rose from epoch to epoch."""
    found = [rise for rise in rises if rise > 0]
    return (
        f"from one epoch to the next the training loss rose {len(found)} times in the last {len(rises)}, "
        f"by {sum(found) / len(found):.4g} on average"
    )


def frequent_class(facts: Facts) -> str:
    """Say that the validation accuracy is no better than that of the most frequent class, if it is so."""
    accuracy, frequent = facts.scores("validation").metric, facts.baseline("validation").metric
    if facts.started.metric != "accuracy" or accuracy is None or frequent is None:
        return ""
    if accuracy > frequent or frequent == 1:
        return ""
    return (
        f"; but the accuracy, {accuracy:.4g}, is not above that of always predicting the most frequent class, "
        f"{frequent:.4g}: try class_weights: balanced"
    )


def way_on(facts: Facts) -> str:
    """Return what to try where a run underfits."""
    if found := stuck(facts):
        return found
    gradient_steps, worse = facts.started.steps_are == "steps", facts.level("train") > 1
    scaling = worse and facts.started.task == "regression"
    hint = "; targets far from 0 need data.standardize_target: true" if scaling else ""
    end = trend(facts.train)
    if end is None or not _still_falls(facts, end):
        rate = ", or another learning rate" if gradient_steps else ""
        if facts.level("train") < NO_BETTER:
            return f"try more units or layers, less regularization{rate}"
        return f"try features of similar size (data.standardize: true), other first weights{rate}{hint}; {INSIDE}"
    text = (
        f"the training loss still fell: its mean was {end.after:.4g} over the last fifth of the epochs, "
        f"and {end.before:.4g} over the fifth before"
    )
    if not facts.kept_last:
        return f"{text}; try a larger early_stopping.patience{hint}"
    return f"{text}; train longer{', or with a larger learning rate' if gradient_steps else ''}{hint}"


def _still_falls(facts: Facts, end: Trend) -> bool:
    fall, left = end.before - end.after, end.before - facts.baseline("train").floor
    return fall > FALLS * min(left, facts.baseline("train").span)


def stuck(facts: Facts) -> str | None:
    """Name the layer or the gradient that keeps a network from learning.

    Source: H (the causes of a zero gradient).
    """
    layers = list(zip(facts.started.layers, facts.finished.layers, strict=False))
    for layer, found in layers:
        if found.dead is not None and found.dead >= DEAD:
            units = "stuck: every unit" if found.dead == 1 else f"{min(found.dead, 0.99):.0%} of the units"
            return (
                f"{units} of layer {layer.label} {'is' if found.dead == 1 else 'are'} dead; "
                f"try a smaller learning rate, other first weights, or leaky_relu; {INSIDE}"
            )
    if layers and not any(found.gradient_norm for _, found in layers):
        return (
            "stuck: the gradient is zero: all weights are zero, the activations are saturated, "
            f"or this is a saddle or an optimum; {INSIDE}"
        )
    return None
