"""How two runs differ: in their recipes, their metrics and their weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nntrain.artifacts.changes import Change, changes, plain
from nntrain.artifacts.checkpoint_facts import Origin, origin_in
from nntrain.artifacts.history import History, read_history
from nntrain.artifacts.model import Model
from nntrain.artifacts.run_files import MODEL
from nntrain.artifacts.run_list import read_summary
from nntrain.errors import InputError, counted

TIMES = ("seconds", "samples_per_second")


class Parting(NamedTuple):
    """The first epoch at which two runs have different metrics, and the first such metric."""

    epoch: int
    key: str
    before: float
    after: float


class Weights(NamedTuple):
    """How the weights of two models of one shape differ."""

    largest: float  # absolute difference
    relative: float  # norm of the difference, relative to that of the first model


@dataclass(frozen=True)
class Difference:
    """How two runs differ.

    Attributes:
        recipe: keys whose values differ.
        epochs: number of epochs of each.
        parting: the first difference of their metrics; None if they agree in all epochs that both have.
        weights: how the weights differ; None if the networks have different shapes, or there is no model.
        origins: of each run that does not start from the initial weights of its recipe, with its directory.
    """

    recipe: list[Change]
    epochs: tuple[int, int]
    parting: Parting | None
    weights: Weights | None
    origins: tuple[tuple[str, Origin], ...] = ()

    @property
    def identical(self) -> bool:
        """Whether metrics and weights are the same to the bit."""
        return (
            self.parting is None
            and self.epochs[0] == self.epochs[1]
            and self.weights is not None
            and self.weights.largest == 0
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON.

        Keys: identical; recipe, a list of {key, before, after}; epochs, of both runs; parting, null or {epoch, key,
        before, after}; weights, null or {largest, relative}; origins, of each run that has one, as in its summary.
        """
        return {
            "identical": self.identical,
            "recipe": [change._asdict() for change in self.recipe],
            "epochs": self.epochs,
            "parting": self.parting and self.parting._asdict(),
            "weights": self.weights and self.weights._asdict(),
            "origins": {run: origin.model_dump() for run, origin in self.origins},
        }

    def lines(self) -> list[str]:
        """Return the difference as lines of text."""
        found = [f"origin: {run}: {origin}" for run, origin in self.origins]
        found += [f"recipe: {change}" for change in self.recipe] or ["recipe: the same"]
        if self.parting is not None:
            epoch, key, before, after = self.parting
            found.append(f"metrics: differ from epoch {epoch:,} on: {key} {before:.9g} -> {after:.9g}")
        elif self.epochs[0] != self.epochs[1]:
            found.append(
                f"metrics: the same for {counted(min(self.epochs), 'epoch')}; the runs have {self.epochs[0]:,} and "
            )
            found[-1] += f"{self.epochs[1]:,}"
        else:
            found.append(f"metrics: the same in {counted(self.epochs[0], 'epoch')}")
        if self.weights is None:
            found.append("weights: not comparable: the networks have different shapes, or a model is missing")
        elif self.weights.largest == 0:
            found.append("weights: the same")
        else:
            found.append(f"weights: differ by up to {self.weights.largest:.3g}, {self.weights.relative:.3g} relative")
        return found


def difference(one: Path, other: Path) -> Difference:
    """Return how the runs in two directories differ.

    Raises:
        InputError: if one is not a finished run, or is damaged.
    """
    a, b = read_history(one), read_history(other)
    origins = [(str(folder), origin_in(read_summary(folder))) for folder in (one, other)]
    return Difference(
        recipe=changes(plain(a.recipe), plain(b.recipe)),
        epochs=(len(a.columns["epoch"]), len(b.columns["epoch"])),
        parting=_parting(a, b),
        weights=_weights(one / MODEL, other / MODEL),
        origins=tuple((run, origin) for run, origin in origins if origin is not None),
    )


def _parting(a: History, b: History) -> Parting | None:
    shared = min(len(a.columns["epoch"]), len(b.columns["epoch"]))
    first: Parting | None = None
    for key in a.columns:
        if key in TIMES or key not in b.columns:
            continue
        before, after = a.columns[key][:shared], b.columns[key][:shared]
        differ = ~((before == after) | (np.isnan(before) & np.isnan(after)))
        if differ.any():
            place = int(differ.argmax())
            if first is None or place + 1 < first.epoch:
                first = Parting(place + 1, key, float(before[place]), float(after[place]))
    return first


def _weights(one: Path, other: Path) -> Weights | None:
    if not one.exists() or not other.exists():
        return None
    try:
        a, b = Model.load(one).theta, Model.load(other).theta
    except InputError:
        return None
    if a.shape != b.shape or a.dtype != b.dtype:
        return None
    apart = np.abs(a.astype(np.float64) - b)
    norm = float(np.linalg.norm(a.astype(np.float64)))
    return Weights(float(apart.max(initial=0)), float(np.linalg.norm(apart)) / norm if norm else 0.0)
