"""Runs in MLflow, through its own client: where and in which experiment, MLflow's environment variables say.

A run gets the recipe's keys as parameters, the metrics of each epoch, the final scores, and files of the run directory.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from nntrain.artifacts.tensorboard import scalars
from nntrain.artifacts.tensorboard_values import flat
from nntrain.errors import bad_input
from nntrain.training.events import EpochEnded, Event, Started

EVERY = 1.0  # seconds between two requests during training: an epoch may take a millisecond
BATCH = 100  # parameters, or metrics, of a request
LONGEST = 500  # characters of a parameter: the limit of older servers


def client() -> ModuleType:
    """Import MLflow.

    Raises:
        InputError: if it is not installed.
    """
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # standard output is for results
    try:
        import mlflow
    except ImportError:
        raise bad_input("--mlflow", "MLflow is not installed", "pip install 'nntrain[mlflow]'") from None
    return mlflow  # type: ignore[no-any-return]


class MlflowRun:
    """An active run of MLflow, and a listener that logs the epochs of a training run.

    Trouble with the tracking store after the start does not stop the training: ``warn`` is called once, and nothing
    more is logged.

    Args:
        mlflow: the library.
        warn: called with a message.
    """

    def __init__(self, mlflow: ModuleType, warn: Callable[[str], None]) -> None:
        self.status = "FAILED"  # until the end is reached
        self.warn, self._mlflow, self._client = warn, mlflow, mlflow.MlflowClient()
        self._id = mlflow.active_run().info.run_id
        self._started: Started | None = None
        self._waiting: list[Any] = []
        self._sent, self._works = time.monotonic(), True

    def __call__(self, event: Event) -> None:
        """Log an epoch."""
        if isinstance(event, Started):
            self._started = event
        elif isinstance(event, EpochEnded) and self._started is not None:
            self.metrics(dict(scalars(event, self._started)), event.epoch)
            if time.monotonic() - self._sent > EVERY:
                self.send()

    def parameters(self, recipe: Mapping[str, Any]) -> None:
        """Log the keys of a recipe."""
        entity = self._mlflow.entities.Param
        found = [entity(_allowed(key), str(value)[:LONGEST]) for key, value in flat(recipe).items()]
        for start in range(0, len(found), BATCH):
            self._try(self._client.log_batch, self._id, params=found[start : start + BATCH])

    def metrics(self, values: Mapping[str, float | None], step: int = 0) -> None:
        """Log numbers with the next request."""
        now, entity = int(time.time() * 1000), self._mlflow.entities.Metric
        known = {_allowed(name): value for name, value in values.items() if value is not None}
        self._waiting += [entity(name, value, now, step) for name, value in known.items()]

    def tags(self, values: Mapping[str, str]) -> None:
        """Log tags."""
        self._try(self._mlflow.set_tags, dict(values))

    def file(self, path: Path) -> None:
        """Log a file."""
        self._try(self._mlflow.log_artifact, str(path))

    def text(self, text: str, name: str) -> None:
        """Log a text as a file."""
        self._try(self._mlflow.log_text, text, name)

    def send(self) -> None:
        """Send the metrics that wait."""
        waiting, self._waiting, self._sent = self._waiting, [], time.monotonic()
        for start in range(0, len(waiting), BATCH):
            self._try(self._client.log_batch, self._id, metrics=waiting[start : start + BATCH])

    def end(self) -> None:
        """End the run with its status."""
        self.send()
        try:
            self._mlflow.end_run(self.status)
        except Exception as error:  # as in _try
            self._fail(error)

    def _try(self, call: Callable[..., object], *arguments: Any, **named: Any) -> None:
        if not self._works:
            return
        try:
            call(*arguments, **named)
        except Exception as error:  # of the store, the network or the server: MLflow documents no common class
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._works:
            self._works = False
            self.warn(f"cannot write to MLflow: {_first_line(error)}; the run goes on without it")


@contextmanager
def mlflow_run(name: str, warn: Callable[[str], None], tags: Mapping[str, str] | None = None) -> Iterator[MlflowRun]:
    """Provide a new run of MLflow, within the active one if there is one. It ends as FAILED unless its status is set.

    Raises:
        InputError: if MLflow is not installed or its tracking store cannot be opened.
    """
    mlflow = client()
    try:
        mlflow.start_run(run_name=name, nested=mlflow.active_run() is not None, tags=dict(tags or {}))
    except Exception as error:  # of the store, the network or the server
        hint = "set MLFLOW_TRACKING_URI, as in sqlite:///mlflow.db or http://localhost:5000"
        raise bad_input("--mlflow", f"cannot open {mlflow.get_tracking_uri()}: {_first_line(error)}", hint) from None
    run = MlflowRun(mlflow, warn)
    try:
        yield run
    finally:
        run.end()


def _allowed(name: str) -> str:
    """Return a name of a parameter or metric with the characters that MLflow allows."""
    return re.sub(r"[^\w./ -]+", "-", name)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
