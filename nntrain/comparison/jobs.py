"""A run as a pure function of a complete recipe (with its seed) and its rows."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Self

import numpy as np

from nntrain.comparison.run_result import Recorder, RunResult
from nntrain.comparison.variants import Variant, canonical, with_settings
from nntrain.data import Dataset
from nntrain.data.prepare import Prepared
from nntrain.network.epoch import steps
from nntrain.recipe.build import assemble, splits_of
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Finished, Started
from nntrain.training.loop import train

MAX_CACHED_SPLITS = 16


@dataclass(frozen=True)
class Job:
    """A run to execute.

    Attributes:
        key: equal for equal runs, whatever their purpose.
        variant: index of its variant.
        phase: its purpose: ``default``, ``trial`` or ``tuned``.
        seed: of the run.
        settings: optimizer keys that differ from the variant's.
        recipe: the complete recipe.
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
        """Create the job of a variant's run."""
        recipe = with_settings(variants.all[variant].recipe, seed, dict(settings or {}))
        text = canonical(recipe) + variants.fingerprints[variant]
        return cls(hashlib.sha256(text.encode()).hexdigest()[:20], variant, phase, seed, settings or {}, recipe)


class Variants:
    """The variants and their data, read once and split once for each seed.

    Runs of a seed follow each other, so caching the splits of a few seeds is enough.
    """

    def __init__(self, variants: list[Variant]) -> None:
        self.all = variants
        self._splits: OrderedDict[str, Prepared] = OrderedDict()
        self._lock = Lock()
        self.fingerprints = [_fingerprint(variant.dataset) for variant in variants]

    def run(self, job: Job, interrupted: Callable[[], bool] = lambda: False) -> RunResult:
        """Execute a run."""
        return _result(job.key, self._engine(job), interrupted)

    def compile(self, job: Job) -> None:
        """Compile the code of a run, if necessary."""
        if steps.missing(np.dtype(job.recipe.training.dtype)):
            self._engine(job)

    def _engine(self, job: Job) -> Engine:
        variant = self.all[job.variant]
        data = self._prepared(job, variant)
        plan = assemble(job.recipe, variant.dataset, data, Document("job", None), variant.name).plan
        return Engine(plan, n_threads=1)  # the other cores execute other runs

    def _prepared(self, job: Job, variant: Variant) -> Prepared:
        key = f"{self.fingerprints[job.variant]} {job.seed} {job.recipe.data.model_dump_json()}"
        with self._lock:
            if key not in self._splits:
                self._splits[key] = splits_of(job.recipe, variant.dataset)
            self._splits.move_to_end(key)
            if len(self._splits) > MAX_CACHED_SPLITS:
                self._splits.popitem(last=False)
            return self._splits[key]


def run_alone(key: str, recipe: Recipe, dataset: Dataset) -> RunResult:
    """Execute a run, given only its recipe and its rows."""
    plan = assemble(recipe, dataset, splits_of(recipe, dataset), Document("job", None), recipe.name or "run").plan
    return _result(key, Engine(plan, n_threads=1), lambda: False)


def _result(key: str, engine: Engine, interrupted: Callable[[], bool]) -> RunResult:
    for event in train(engine, interrupted, statistics=False):
        match event:
            case Started():
                further = engine.plan.training.metrics  # the one that is compared, if it is not accuracy or R²
                recorder = Recorder(len(engine.train.x), engine.validation(0), *further[:1])
            case EpochEnded():
                recorder.record(event)
            case Finished():
                return recorder.row(key, event)
    raise AssertionError("the last event of a run is Finished")


def _fingerprint(dataset: Dataset) -> str:
    digest = hashlib.sha256(repr((dataset.feature_names, dataset.target_names, dataset.classes)).encode())
    if levels := [column.levels for column in dataset.columns or () if column.levels]:
        digest.update(repr(levels).encode())  # raw numbers of categories index them
    for values in (dataset.x, dataset.y, *([] if dataset.weights is None else [dataset.weights])):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:20]
