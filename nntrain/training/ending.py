"""The end of a run: which weights are kept, and their scores."""

import numpy as np

from nntrain.training import evidence
from nntrain.training.divergence import Growth
from nntrain.training.engine import Engine
from nntrain.training.events import Diverged, Finished, Stopped
from nntrain.training.measurements import statistics as layer_statistics
from nntrain.training.stopping import Best


def finish(
    engine: Engine,
    best: Best,
    growth: Growth,
    *,
    stopped: Stopped,
    diverged: Diverged | None,
    epochs: int,
    steps: int,
    seconds: float,
    statistics: bool,
) -> Finished:
    """Give the engine the weights that the recipe asks to keep, and return the run's last event.

    Args:
        engine: with the weights of the last step.
        best: the best weights so far.
        growth: how far the training loss has grown.
        stopped: why the loop ended.
        diverged: where a number was not finite; None if all were finite.
        epochs: number completed.
        steps: number taken.
        seconds: since the first step.
        statistics: whether to measure the layers, and how much of the losses is noise.
    """
    with engine.measured_weights(steps):
        layers = layer_statistics(engine).layers if statistics else ()
        final, last = engine.scores(), engine.theta.copy()
    if stopped in (Stopped.EPOCHS, Stopped.EARLY):
        diverged = growth.divergence(final["train"].loss)
    plan, search = engine.plan, engine.plan.optimizer.keeps_best
    keeps_best = search or plan.training.early_stopping is not None or diverged is not None
    scores, best_epoch = final, epochs
    if diverged is not None or (epochs > 0 and not np.array_equal(best.weights, last)):
        engine.theta[:] = best.weights
        of_best = engine.scores()
        # Without validation, an epoch's loss is not that of the weights at its end: the last weights may be the best.
        if diverged is not None or "validation" in final or of_best["train"].loss < final["train"].loss:
            scores, best_epoch = of_best, best.epoch
    engine.theta[:] = best.weights if keeps_best and scores is not final else last
    measured = statistics and diverged is None and not search
    return Finished(
        stopped=Stopped.DIVERGED if diverged else stopped,
        epochs=epochs,
        steps=steps,
        seconds=seconds,
        best_epoch=best_epoch,
        diverged=diverged,
        final=final,
        best=scores,
        kept="best" if keeps_best else "final",
        layers=layers,
        parameters=engine.few_parameters(),
        rise=evidence.rise(engine, last, best.weights) if measured and not keeps_best and scores is not final else None,
        validation_loss=evidence.validation_loss(engine) if measured else None,
        systematic=evidence.systematic(engine) if measured else None,
    )
