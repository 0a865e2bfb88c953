"""Under- and overfitting, read off the train and validation curves as the lectures do."""

from collections.abc import Sequence

RISE = 0.05  # by how much of itself the validation loss has to rise from its lowest to count as overfitting
STILL_FALLING = 0.02  # by how much of itself a loss has to fall in the last tenth of the epochs to count as falling
NOTHING = 1e-3  # what is left of the first loss, below which rising and falling mean nothing
LEARNT = 0.01  # by how much of itself the training loss has to fall, at some time, to count as learning
INSIDE = "nntrain diagnose looks into each layer of a run"
FEWEST = 5  # epochs, below which curves say nothing


def verdict(
    train: Sequence[float],
    validation: Sequence[float],
    stopped_early: bool = False,
    least: float | None = 0.0,
    every: int = 1,
) -> str:
    """Return a sentence that says whether a run under- or overfitted, and what to try.

    Args:
        train: the training loss of each epoch.
        validation: the validation loss of each epoch; empty if there is no validation part.
        stopped_early: whether the weights of the lowest validation loss were kept.
        least: the least that the loss can be, from which all is measured; None if nobody knows, and it is taken to be
            as far below the curves as they have come down.
        every: epochs that each value stands for.
    """
    if len(train) < FEWEST:
        return f"too few epochs to tell: {len(train)}, at least {FEWEST} are needed"
    if least is None:
        lowest = min(*train, *validation)
        least = lowest - (abs(train[0] - lowest) or 1.0)
    t, v = [loss - least for loss in train], [loss - least for loss in validation]
    if min(t) > t[0] * (1 - LEARNT):
        return (
            f"did not learn: the training loss began at {train[0]:.4g} and ended at {train[-1]:.4g}; "
            f"try another learning rate; {INSIDE}"
        )
    tenth = max(1, len(t) // 10)
    before, after = _mean(t[-2 * tenth : -tenth]), _mean(t[-tenth:])
    falling = before - after > STILL_FALLING * before and before > NOTHING * t[0]
    if not v:
        state = "still falls: train longer" if falling else "has levelled off"
        return f"the training loss {state}; overfitting cannot be seen without a validation part"
    best = min(range(len(v)), key=v.__getitem__)
    last = _mean(v[-tenth:])
    rose = last > v[best] * (1 + RISE) and last > NOTHING * v[0]
    if rose and t[-1] < t[best] and t[-1] < last:
        epoch = f"{'at' if every == 1 else 'near'} epoch {best * every + 1}"
        return (
            f"overfits: the validation loss rose from {validation[best]:.4g} {epoch} to {last + least:.4g} "
            f"while the training loss fell from {train[best]:.4g} to {train[-1]:.4g}; "
            + ("the best weights were kept" if stopped_early else "try early stopping, fewer units or more data")
        )
    if falling:
        return (
            f"underfits: the training loss still fell by more than {STILL_FALLING:.0%} in the last tenth of the epochs"
            "; train longer or with a larger learning rate"
        )
    return (
        "neither under- nor overfits by the curves: both losses have levelled off, "
        "as those of a model that is too small do as well"
    )


def stuck(labels: Sequence[str], norms: Sequence[float], dead: Sequence[float | None]) -> str | None:
    """Return a sentence on a network that cannot learn any more, None of others.

    Args:
        labels: of the layers.
        norms: of each layer's last gradient.
        dead: the share of each layer's units that are dead, None where they cannot be.

    Source: H (the causes of a zero gradient).
    """
    for label, share in zip(labels, dead, strict=True):
        if share == 1:
            return (
                f"stuck: every unit of layer {label} is dead, and nothing before it learns; "
                f"try a smaller learning rate, other first weights, or leaky_relu; {INSIDE}"
            )
    if norms and not any(norms):
        return (
            "stuck: the gradient is zero: this is an optimum or a saddle, or all weights are zero, "
            f"or the activations are saturated; {INSIDE}"
        )
    return None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
