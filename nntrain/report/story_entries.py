"""What can be told about a run: each function tells one thing, if it happened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.history import History
from nntrain.diagnostics.facts import longest_plateau
from nntrain.errors import counted
from nntrain.report.numbers import number, percent
from nntrain.training.events import Stopped

Numbers = NDArray[np.float64]

MOST = 0.9  # of the whole fall of the loss
RISE = 0.02  # of that fall: smaller rises from epoch to epoch are not told
LONG = 0.2  # fraction of the run over which a level loss is told
LEVEL = 0.01  # relative change of a level loss
DEAD = 0.1  # fraction of a layer's units
VANISHED = 100.0  # ratio of the gradient norms of two layers
LARGE = 5.0  # times the median gradient norm


@dataclass(frozen=True)
class Entry:
    """Something that happened in a run.

    Attributes:
        kind: its stable name.
        epoch: when, counted from 1; None if it concerns the whole run.
        text: for people.
        numbers: behind the text, by name.
    """

    kind: str
    epoch: int | None
    text: str
    numbers: dict[str, float | int | None]


@dataclass(frozen=True)
class Curves:
    """The curves that the story is told from."""

    history: History

    @cached_property
    def train(self) -> Numbers:
        """The training loss of each epoch."""
        return self.history.columns["train_loss"]

    @cached_property
    def validation(self) -> Numbers:
        """The validation loss of each epoch, NaN without a validation split."""
        return self.history.columns["validation_loss"]

    @property
    def has_validation(self) -> bool:
        """Whether there is a validation split."""
        return bool(np.isfinite(self.validation).any())

    @property
    def epochs(self) -> int:
        """Number of epochs."""
        return len(self.train)

    @property
    def labels(self) -> list[str]:
        """The layers' labels."""
        return [layer["label"] or f"layer {k}" for k, layer in enumerate(self.history.summary["layers"], 1)]


def _start(run: Curves) -> Iterator[Entry]:
    """Compare the first loss with that of the best constant prediction."""
    baseline = ((run.history.summary.get("evidence") or {}).get("baseline") or {}).get("train") or {}
    loss, constant = float(run.train[0]), baseline.get("loss")
    text = f"the mean training loss of the first epoch is {number(loss)}"
    if constant is not None:
        text += f"; the best constant prediction has {number(constant)}"
    yield Entry("start", 1, text, {"loss": loss, "baseline": constant})


def _fall(run: Curves) -> Iterator[Entry]:
    """Say how far the training loss fell, when most of it was done, and when it fell fastest."""
    finite = np.flatnonzero(np.isfinite(run.train))
    if finite.size < 2:
        return
    low = int(finite[run.train[finite].argmin()])
    first, least = float(run.train[finite[0]]), float(run.train[low])
    if not first - least > LEVEL * abs(first):
        text = f"the training loss hardly fell: {number(first)} at first, {number(least)} at the lowest"
        yield Entry("no_fall", low + 1, text, {"first": first, "lowest": least})
        return
    steps = run.train[:-1] - run.train[1:]
    fastest = int(np.nanargmax(np.where(np.isfinite(steps), steps, -np.inf)))
    yield Entry(
        "fastest_fall",
        fastest + 2,
        f"the training loss fell fastest: from {number(run.train[fastest])} to {number(run.train[fastest + 1])}",
        {"before": float(run.train[fastest]), "after": float(run.train[fastest + 1])},
    )
    done = int(np.argmax(np.nan_to_num(run.train, nan=np.inf) <= first - MOST * (first - least)))
    text = f"{MOST:.0%} of the fall of the training loss is done: from {number(first)} to {number(run.train[done])}; "
    text += f"the lowest is {number(least)}"
    yield Entry("most_of_fall", done + 1, text, {"first": first, "here": float(run.train[done]), "lowest": least})


def _rise(run: Curves) -> Iterator[Entry]:
    """Say when the training loss rose most from one epoch to the next."""
    steps = np.diff(run.train)
    fall = float(np.nanmax(run.train) - np.nanmin(run.train)) if np.isfinite(run.train).any() else 0.0
    rises = np.where(np.isfinite(steps), steps, -np.inf)
    if not rises.size or not rises.max() > max(RISE * fall, LEVEL * abs(float(np.nanmin(run.train)))):
        return
    at = int(rises.argmax())
    before, after = float(run.train[at]), float(run.train[at + 1])
    times = int((steps > RISE * fall).sum())
    text = f"the training loss rose most: from {number(before)} to {number(after)}"
    if times > 1:
        text += f"; it rose as clearly (by {RISE:.0%} of its range) in {times} epochs"
    yield Entry("largest_rise", at + 2, text, {"before": before, "after": after, "times": times})


def _plateau(run: Curves) -> Iterator[Entry]:
    first, last = longest_plateau(run.train.tolist())
    if last - first < max(LONG * run.epochs, 5) or last == run.epochs - 1:
        return
    text = f"the training loss stays at {number(run.train[first])} (within {LEVEL:.0%}) until epoch {last + 1}"
    yield Entry("plateau", first + 1, text, {"last": last + 1, "loss": float(run.train[first])})


def _largest_step(run: Curves) -> Iterator[Entry]:
    """Tell the largest move of the parameters where they were recorded, else the largest gradient."""
    moves = np.sqrt(np.square(np.diff(run.history.parameters, axis=0)).sum(axis=1))
    if run.history.parameters.shape[1] and moves.size and np.isfinite(moves).any():
        at = int(np.nanargmax(moves))
        text = f"the parameters moved farthest within an epoch: by {number(moves[at])}"
        yield Entry("largest_move", at + 2, text, {"distance": float(moves[at])})
    norms = run.history.columns["gradient_norm"]
    if not np.isfinite(norms).any():
        return
    at = int(np.nanargmax(norms))
    usual = float(median(norms[np.isfinite(norms)].tolist()))
    text = f"the gradient was largest: norm {number(norms[at])}, and {number(usual)} in the median of all epochs"
    yield Entry("largest_gradient", at + 1, text, {"norm": float(norms[at]), "median": usual})


def _dead(run: Curves) -> Iterator[Entry]:
    """Tell for each layer when a tenth of its units was dead first, and how many were at the end."""
    layers = run.history.layers
    for k, label in enumerate(run.labels):
        dead = layers.dead[:, k] if layers.dead.size else np.empty(0)
        if not dead.size or not np.nanmax(np.nan_to_num(dead, nan=0.0)) >= DEAD:
            continue
        at = int(np.argmax(np.nan_to_num(dead, nan=0.0) >= DEAD))
        text = f"{dead[at]:.0%} of the units of layer {label} are dead; {dead[-1]:.0%} at the end"
        yield Entry("dead_units", int(layers.epoch[at]), text, {"layer": k + 1, "dead": dead[at], "last": dead[-1]})


def _vanishing(run: Curves) -> Iterator[Entry]:
    """Tell when the gradient norms of two layers were farthest apart."""
    layers = run.history.layers
    norms = layers.gradient_norm
    if norms.shape[1] < 2 or not len(norms):
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = norms.max(axis=1) / norms.min(axis=1)
    ratios = np.where(norms.max(axis=1) > 0, ratios, np.nan)
    if not (np.nan_to_num(ratios, nan=0.0, posinf=np.inf) > VANISHED).any():
        return
    at = int(np.argmax(np.nan_to_num(ratios, nan=0.0, posinf=np.inf)))
    small, large = int(norms[at].argmin()), int(norms[at].argmax())
    text = f"the gradient of layer {run.labels[small]} was smallest beside another layer's: "
    text += f"norm {number(norms[at, small])}, and {number(norms[at, large])} in layer {run.labels[large]}"
    numbers = {"layer": small + 1, "norm": norms[at, small], "other_layer": large + 1, "other_norm": norms[at, large]}
    yield Entry("vanishing_gradient", int(layers.epoch[at]), text, numbers)


def _rate(run: Curves) -> Iterator[Entry]:
    rates = run.history.columns["learning_rate"]
    if rates.size < 2 or not np.ptp(rates) > 0:
        return
    high = int(rates.argmax())
    below = np.flatnonzero(rates[high:] <= rates[high] / 2)
    text = f"the learning rate is highest, {number(rates[high])}"
    if below.size:
        text += f"; half of it is left at epoch {high + int(below[0]) + 1}"
    text += f", {number(rates[-1])} at the end"
    yield Entry("learning_rate", high + 1, text, {"highest": float(rates[high]), "last": float(rates[-1])})


def _clipped(run: Curves) -> Iterator[Entry]:
    clipped = run.history.columns["clipped"]
    if np.isfinite(clipped).any():
        text = f"the gradient was clipped in {percent(float(clipped[-1]))} of the steps"
        yield Entry("clipped", None, text, {"clipped": float(clipped[-1])})


def _lowest_validation(run: Curves) -> Iterator[Entry]:
    """Tell what early stopping saw, or would have seen: the lowest validation loss, and what came after it."""
    if not run.has_validation:
        return
    losses, stopping = run.validation, run.history.recipe.training.early_stopping
    best = int(np.nanargmin(losses))
    text = f"the validation loss is lowest, {number(losses[best])}"
    if best + 1 < run.epochs:
        text += f"; {number(losses[-1])} at the end, while the training loss went from {number(run.train[best])} to "
        text += number(run.train[-1])
    numbers: dict[str, float | int | None] = {"lowest": float(losses[best]), "last": float(losses[-1])}
    yield Entry("lowest_validation", best + 1, text, numbers)
    if stopping is None:
        return
    if run.history.summary["stopped"] == Stopped.EARLY:
        text = f"early stopping saw no improvement in the last {counted(stopping.patience, 'epoch')}"
        if stopping.min_delta > 0:
            text += f"; improvements below {stopping.min_delta:g} did not count"
    else:
        text = f"early stopping (patience {stopping.patience}) did not end the run: the validation loss still improved"
    yield Entry("early_stopping", run.epochs, text, {"patience": stopping.patience, "best_epoch": best + 1})


TELLERS: tuple[Callable[[Curves], Iterator[Entry]], ...] = (
    _start,
    _fall,
    _rise,
    _plateau,
    _largest_step,
    _dead,
    _vanishing,
    _rate,
    _clipped,
    _lowest_validation,
)
