"""One run from Python."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntrain.api.frames import as_file, as_frame, with_targets
from nntrain.api.interruption import interruptible
from nntrain.api.model import TrainedModel
from nntrain.api.notebook import ProgressLine
from nntrain.artifacts.lookup import open_recipe
from nntrain.artifacts.metrics_file import epoch_line
from nntrain.artifacts.model import Model
from nntrain.data.reading import Reading
from nntrain.doctor.quick import cause_finder
from nntrain.errors import bad_input, counted
from nntrain.recipe.build import build
from nntrain.recipe.document import Document
from nntrain.recipe.load import Opened, check
from nntrain.report.summary import Summary, summarize
from nntrain.training.engine import Engine
from nntrain.training.evaluation import evaluate
from nntrain.training.events import EpochEnded, Event, Started
from nntrain.training.loop import train

if TYPE_CHECKING:
    import polars as pl

PAIR = 2  # features and targets


@dataclass(frozen=True)
class Run:
    """A run that has ended.

    Attributes:
        model: with the weights that the recipe asks to keep.
    """

    model: TrainedModel
    _summary: Summary
    _epochs: tuple[EpochEnded, ...]

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The result, as ``nntrain fit --json`` prints it: ``test``, ``validation``, ``verdict`` and more."""
        return self._summary.to_json()

    @cached_property
    def history(self) -> "pl.DataFrame":
        """A row for each epoch, with the columns of ``metrics.jsonl``: ``train_loss``, ``validation_loss`` and more."""
        import polars as pl

        metric = self._summary.started.metric
        return pl.DataFrame([epoch_line(event, metric) for event in self._epochs], infer_schema_length=None)

    def plot(self) -> Any:
        """Return the curves as a matplotlib Figure: losses, metric, gradient norm, and a changing learning rate.

        A notebook shows it; ``figure.savefig("run.svg")`` writes it.

        Raises:
            InputError: if matplotlib is not installed (``pip install 'nntrain[plot]'``), or there is no epoch.
        """
        from nntrain.api.curves import charts
        from nntrain.report.picture_files import figure_of

        return figure_of(charts(self.history, self._summary.started.metric))

    def _repr_html_(self) -> str:
        """Return the verdict and the last epochs as HTML for a notebook."""
        from html import escape

        epochs = self.history.tail(5).select(
            [name for name in self.history.columns if name.endswith(("epoch", "loss", "accuracy", "r2"))]
        )
        return f"{self.model._repr_html_()}<p>{escape(self._summary.verdict)}</p>{epochs._repr_html_()}"


def fit(recipe: str | Path | Mapping[str, Any], data: Any = None, settings: Sequence[str] = ()) -> Run:
    """Train the network of a recipe, and write no files.

    Ctrl-C, or a notebook's stop button, ends training: the run has what was trained until then, and a warning says so.
    In a notebook, a line below the cell shows the progress.

    Args:
        recipe: a recipe file, the name of a shipped recipe, a run or model, or a recipe as a mapping.
        data: the rows, in place of the recipe's: a frame of polars or pandas with the target's column, which the recipe
            names as ``data.source.target``, or a pair of features (N, I) and targets.
        settings: overrides, as in ``["optimizer.lr=0.01"]``.

    Raises:
        InputError: if the recipe or its data are wrong.
    """
    opened = _opened(recipe)
    with ExitStack() as stack:
        if data is not None:
            opened = _with_data(opened, data, stack)
        loaded = check(opened, settings)
        built = build(loaded.recipe, loaded.document, loaded.folder, loaded.name)
        with loaded.document.placing():
            engine = Engine(built.plan)
        epochs: list[EpochEnded] = []
        with interruptible() as interrupted:
            summary = summarize(_noted(train(engine, interrupted), epochs), "", "", cause_finder(built, engine))
        evaluated = evaluate(engine)
        chosen, summary = evaluated.threshold, replace(summary, evaluated=evaluated, classes=built.dataset.classes)
        facts = (built.recipe, built.plan.network, engine.theta, built.dataset, built.plan.data)
        model = Model.of(*facts, None if chosen is None else chosen.value)
        if interrupted():
            done, planned = counted(len(epochs), "epoch"), built.plan.training.epochs
            warnings.warn(f"training interrupted after {done} of {planned}; the run has what was trained", stacklevel=2)
    return Run(TrainedModel(model), summary, tuple(epochs))


def _noted(events: Iterator[Event], epochs: list[EpochEnded]) -> Iterator[Event]:
    """Keep the epochs, and show the progress in a notebook."""
    line, planned = ProgressLine(), 0
    for event in events:
        if isinstance(event, Started):
            planned = event.epochs
        if isinstance(event, EpochEnded):
            epochs.append(event)
            validation = "" if event.validation is None else f", validation {event.validation.loss:.4g}"
            line.show(f"epoch {event.epoch:,} of {planned:,}: loss {event.train_loss:.4g}{validation}")
        yield event
    line.close()


def _opened(recipe: str | Path | Mapping[str, Any]) -> Opened:
    if isinstance(recipe, str | Path):
        return open_recipe(str(recipe))
    return Opened(Document("recipe", dict(recipe)), Path.cwd(), "run")


def _with_data(opened: Opened, data: Any, stack: ExitStack) -> Opened:
    """Return a recipe whose source is a CSV file of ``data``, which lasts as long as ``stack``."""
    content = _mapping(opened.document.data)
    section = _mapping(content.get("data"))
    given = _mapping(section.get("source"))
    keys = {key: value for key, value in given.items() if key not in ("sha256", *Reading.model_fields)}
    if isinstance(data, tuple) and len(data) == PAIR:
        frame, keys["target"] = with_targets(*data)
        targets = keys["target"] if isinstance(keys["target"], list) else [keys["target"]]
        if not hasattr(data[0], "columns"):  # the columns of an array are numbers, whatever they look like
            keys["columns"] = {name: "numeric" for name in frame.columns if name not in targets}
    else:
        frame = as_frame(data)
        if "target" not in keys:
            hint = 'as in {"data": {"source": {"target": "price"}}}, or give a pair (X, y)'
            raise bad_input("data", "the recipe does not name the target's column as data.source.target", hint)
    path = stack.enter_context(as_file(frame))
    source = {**keys, "name": "table", "path": str(path)}
    changed = {**content, "data": {**section, "source": source}}
    document = Document(opened.document.source, changed, opened.document.places, opened.document.problems)
    return Opened(document, opened.folder, opened.name)


def _mapping(value: Any) -> dict[str, Any]:
    """Return ``value``, or an empty mapping if it is none."""
    return value if isinstance(value, dict) else {}
