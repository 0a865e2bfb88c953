"""A run as a pure function: of a complete recipe, its seed among it, and of the rows that it trains on."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nntrain.comparison.variants import Variant, canonical, with_settings
from nntrain.data import Dataset
from nntrain.data.prepare import Prepared
from nntrain.network.epoch import steps
from nntrain.recipe.build import assemble, parts_of
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Finished, Scores, Stopped
from nntrain.training.loop import train

POINTS = 200  # of a run's curve: as many as there are, and then half of them, whenever they are twice as many
KEPT = 16  # splits of the data
ABOUT = ("variant", "phase", "seed", "settings")  # what a row tells of its job
STEP, SECONDS, TRAIN_LOSS, LOSS, METRIC = range(5)  # the columns of a curve


@dataclass(frozen=True)
class Job:
    """A run that is to be made.

    Attributes:
        key: the same for the same run, whatever it is for.
        variant: the number of the variant that it belongs to.
        phase: what it is for: ``default``, ``trial`` or ``tuned``, or those of the target's reference set.
        seed: the run's.
        settings: keys of the optimizer that differ from the variant's.
        recipe: complete.
    """

    key: str
    variant: int
    phase: str
    seed: int
    settings: Mapping[str, float]
    recipe: Recipe

    @classmethod
    def of(
        cls, variants: "Variants", variant: int, phase: str, seed: int, settings: Mapping[str, float] | None = None
    ) -> Self:
        """Return the job of a variant's run."""
        recipe = with_settings(variants.all[variant].recipe, seed, dict(settings or {}))
        text = canonical(recipe) + variants.fingerprints[variant]
        return cls(hashlib.sha256(text.encode()).hexdigest()[:20], variant, phase, seed, settings or {}, recipe)


@dataclass(frozen=True)
class Row:
    """What came of a run.

    Attributes:
        key: of its job.
        stopped: why it ended.
        epochs: that were completed.
        steps: of the optimizer; for one that searches, evaluations.
        seconds: of training alone.
        scores: loss and metric of the weights that are kept, by part of the data.
        curve: (points, 5): steps, seconds, training loss, validation loss and metric, at the end of epochs.
        about: for whoever reads the ledger: the ``variant``'s name, ``phase``, ``seed`` and ``settings`` of its job.
    """

    key: str
    stopped: Stopped
    epochs: int
    steps: int
    seconds: float
    scores: Mapping[str, Scores]
    curve: NDArray[np.float64]
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        """Whether a number ceased to be finite."""
        return self.stopped is Stopped.DIVERGED

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        scores = {part: score._asdict() for part, score in self.scores.items()}
        plain = {
            "key": self.key,
            **self.about,
            "stopped": self.stopped.value,
            "epochs": self.epochs,
            "steps": self.steps,
        }
        return {**plain, "seconds": self.seconds, "scores": scores, "curve": self.curve.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the row that :meth:`to_json` has made plain.

        Raises:
            KeyError, TypeError, ValueError: if it is none.
        """
        scores = {
            part: Scores(np.nan if score["loss"] is None else float(score["loss"]), _float_or_none(score["metric"]))
            for part, score in data["scores"].items()
        }
        if "train" not in scores:
            raise KeyError("train")
        curve = np.array(data["curve"], np.float64).reshape(-1, 5)  # null, which NaN is in JSON, is NaN again
        facts = (str(data["key"]), Stopped(data["stopped"]), int(data["epochs"]), int(data["steps"]))
        return cls(*facts, float(data["seconds"]), scores, curve, {key: data[key] for key in ABOUT if key in data})


class Variants:
    """The variants, and their data: read once, and split once for each seed, for all runs together.

    Runs of a seed follow each other, so that the parts of a few seeds are enough to keep.
    """

    def __init__(self, variants: list[Variant]) -> None:
        self.all = variants
        self._parts: OrderedDict[str, Prepared] = OrderedDict()
        self._lock = Lock()
        self.fingerprints = [_fingerprint(variant.dataset) for variant in variants]

    def run(self, job: Job, interrupted: Callable[[], bool] = lambda: False) -> Row:
        """Make a run."""
        return _row(job.key, self._engine(job), interrupted)

    def compile(self, job: Job) -> None:
        """Compile what a run takes, unless that has been done."""
        if steps.missing(np.dtype(job.recipe.training.dtype)):
            self._engine(job)

    def _engine(self, job: Job) -> Engine:
        variant = self.all[job.variant]
        data = self._prepared(job, variant)
        return Engine(assemble(job.recipe, variant.dataset, data, Document("job", None), variant.name).plan)

    def _prepared(self, job: Job, variant: Variant) -> Prepared:
        key = f"{self.fingerprints[job.variant]} {job.seed} {job.recipe.data.model_dump_json()}"
        with self._lock:
            if key not in self._parts:
                self._parts[key] = parts_of(job.recipe, variant.dataset)
            self._parts.move_to_end(key)
            if len(self._parts) > KEPT:
                self._parts.popitem(last=False)
            return self._parts[key]


def run_alone(key: str, recipe: Recipe, dataset: Dataset) -> Row:
    """Make a run for which nothing is there yet but its recipe and its rows."""
    plan = assemble(recipe, dataset, parts_of(recipe, dataset), Document("job", None), recipe.name or "run").plan
    return _row(key, Engine(plan), lambda: False)


def _row(key: str, engine: Engine, interrupted: Callable[[], bool]) -> Row:
    points, seconds, rows = [], 0.0, len(engine.train.x)
    every, point = 1, None  # by how long a run is, and not by how long it may be
    for event in train(engine, interrupted, statistics=False):
        if isinstance(event, EpochEnded):
            seconds += rows / event.samples_per_second
            scores = event.validation or Scores(np.nan, None)
            metric = np.nan if scores.metric is None else scores.metric
            point = (event.step, seconds, event.train_loss, scores.loss, metric)
            if event.epoch % every == 0:
                points.append(point)
            if len(points) == 2 * POINTS:
                points, every = points[1::2], 2 * every
    if point is not None and points[-1:] != [point]:
        points.append(point)
    if not isinstance(event, Finished):
        raise AssertionError("a run ends by the event that it has finished")
    kept = event.best if event.kept == "best" else event.final
    curve = np.array(points, np.float64).reshape(-1, 5)
    return Row(key, event.stopped, event.epochs, event.steps, seconds, dict(kept), curve)


def _float_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def _fingerprint(dataset: Dataset) -> str:
    digest = hashlib.sha256(repr((dataset.feature_names, dataset.target_names, dataset.classes)).encode())
    for values in (dataset.x, dataset.y):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:20]
