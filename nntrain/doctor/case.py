"""A recipe under examination, and the experiments on it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Dataset
from nntrain.data.partition import partition
from nntrain.data.prepare import Prepared
from nntrain.diagnostics.facts import Facts
from nntrain.doctor.edits import NO_EDIT, Edit
from nntrain.doctor.scores import errors_of
from nntrain.doctor.trial import Trial
from nntrain.errors import InputError
from nntrain.recipe.build import Built, assemble, read_rows, splits_of, with_scaling
from nntrain.recipe.document import Document
from nntrain.recipe.overrides import override
from nntrain.recipe.schema import Recipe, parse
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Event
from nntrain.training.loop import train
from nntrain.utils.cpu import cores

HELD_OUT = 0.2  # fraction of the rows that the doctor holds out where the recipe has no validation split
MIN_ROWS = 20  # with fewer rows the doctor judges on the training split


class Case:
    """A recipe and its rows. The test split is the same in every experiment, and no experiment looks at it."""

    def __init__(self, document: Document, folder: Path, name: str) -> None:
        """Read the rows.

        Raises:
            InputError: if the recipe or its data are wrong.
        """
        self.document, self.folder, self.name = document, folder, name
        recipe = parse(document)
        with document.placing():
            self.recipe, self.dataset = read_rows(recipe, folder)
        self.seed = self.recipe.seed
        self.max_epochs = self.recipe.training.epochs
        self._assembled(self.recipe, self.dataset, document)  # raises the errors that fit would raise
        self.held_out = self.recipe.data.validation == 0 and self._can_hold_out()
        has_validation = self.recipe.data.validation > 0 or self.held_out
        self.split = "validation" if has_validation else "train"

    def _can_hold_out(self) -> bool:
        self.held_out = True
        try:
            self.build(NO_EDIT, self.seed)
        except InputError:  # a class with a single row, say
            return False
        return len(self.dataset.x) >= MIN_ROWS

    @cached_property
    def visible(self) -> Dataset:
        """The rows of the training and validation splits, unscaled; the test split stays unseen."""
        plain = self.recipe.data.model_copy(
            update={"standardize": False, "standardize_target": False, "target_transform": None}
        )
        splits = splits_of(self.recipe.model_copy(update={"data": plain}), self.dataset)
        seen = [split for split in (splits.train, splits.validation) if split is not None]
        x, y = (np.concatenate([getattr(split, name) for split in seen]) for name in ("x", "y"))
        names = self.dataset.feature_names if splits.encoder is None else splits.encoder.names
        return replace(self.dataset, x=x, y=y, feature_names=names, columns=None, rows=None, split_by=None, test=None)

    def build(self, edit: Edit, seed: int) -> Built:
        """Return the plan of the edited recipe at a seed.

        Raises:
            InputError: if the edited recipe is invalid.
        """
        document, settings = self.document, dict(edit.settings)
        if self.held_out:
            settings.setdefault("data.validation", HELD_OUT)
        for key, value in settings.items():
            document = override(document, key, value, "doctor")
        recipe = parse(document)
        if any(key.startswith("data.source") for key in settings):
            recipe, dataset = read_rows(recipe, self.folder)
        else:
            dataset = self.dataset
            recipe = recipe.model_copy(
                update={"data": recipe.data.model_copy(update={"source": self.recipe.data.source})}
            )
            recipe = with_scaling(recipe, dataset)
        test_seed = self.seed if recipe.data.test_seed is None else recipe.data.test_seed
        data = recipe.data.model_copy(update={"test_seed": test_seed})
        epochs = min(recipe.training.epochs, max(self.max_epochs, 1) * max(1, self._longer(edit)))
        training = recipe.training.model_copy(update={"epochs": epochs})
        recipe = recipe.model_copy(update={"seed": seed, "data": data, "training": training})
        if edit.rows is not None:
            dataset = edit.rows(dataset, training_rows(recipe, dataset))
        return self._assembled(recipe, dataset, document)

    def _longer(self, edit: Edit) -> int:
        return int(edit.settings.get("training.epochs", 0)) // self.recipe.training.epochs

    def _assembled(self, recipe: Recipe, dataset: Dataset, document: Document) -> Built:
        data: Prepared = splits_of(recipe, dataset)
        return assemble(recipe, dataset, data, document, self.name)

    def run(self, edit: Edit, seed: int, stop: Callable[[], bool], in_parallel: bool = False) -> Trial | None:
        """Train the edited recipe; None if it does not allow the edit. ``in_parallel``: while others run."""
        try:
            built = self.build(edit, seed)
            engine = Engine(built.plan, n_threads=1 if in_parallel else None)
        except InputError:
            return None
        norms: list[float] = []
        stopped = False

        def ends() -> bool:
            nonlocal stopped
            stopped = stopped or stop()
            return stopped

        def watched() -> Iterator[Event]:
            for event in train(engine, ends, statistics=not in_parallel):
                if isinstance(event, EpochEnded) and event.gradient_norm is not None:
                    norms.append(event.gradient_norm)
                yield event

        facts = Facts.of(watched())
        errors, balanced = errors_of(built, engine, self.split)
        train_errors, _ = errors_of(built, engine, "train")
        level = facts.level(self.split)
        measures = {"score": errors, "balanced": balanced, "loss": np.full(1, level)}
        score = 1 - float(train_errors.mean())
        return Trial(edit, seed, built, facts, measures, score, engine.theta.copy(), norms, not stopped)

    def run_all(
        self, wanted: Sequence[tuple[Edit, int]], deadline: float, stop: Callable[[], bool]
    ) -> tuple[list[Trial], bool]:
        """Run experiments side by side until a deadline.

        Returns:
            The trials that finished, and whether all trials that the recipe allows did.
        """
        in_time = True

        def late() -> bool:
            return monotonic() > deadline or stop()

        def one(pair: tuple[Edit, int]) -> Trial | None:
            nonlocal in_time
            if late():
                in_time = False
                return None
            trial = self.run(*pair, late, in_parallel=True)
            if trial is not None and not trial.complete:
                in_time = False
                return None
            return trial

        with ThreadPoolExecutor(cores()) as pool:
            found = list(pool.map(one, wanted))
        return [trial for trial in found if trial is not None], in_time


def training_rows(recipe: Recipe, dataset: Dataset) -> NDArray[np.int64]:
    """Return the indices of the rows of the training split."""
    return partition(dataset, recipe.data.splitting(recipe.seed))["train"]
