"""The report on a run that has gone wrong: ``states/crash.json``."""

import shlex
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from nntrain.artifacts.kept_states import CRASH
from nntrain.artifacts.run_files import STATES
from nntrain.artifacts.run_folder import RunFolder
from nntrain.errors import NntrainError
from nntrain.training.events import Crash, Event
from nntrain.utils.files import make_folder, write_atomically
from nntrain.utils.json import as_json


class CrashReport:
    """A listener that writes what the flight recorder reports, and tells where it is.

    The file is a list of reports, each {what, step, where, steps}. The steps are up to ten, the last of which has the
    loss or number in question; each is {epoch, step, rows, learning_rate, loss, gradient_norm, layers, not_finite}, as
    :class:`nntrain.training.events.StepRecord` explains.

    Args:
        folder: the run directory.
        tell: called with a message for each report.
    """

    def __init__(self, folder: RunFolder, tell: Callable[[str], None]) -> None:
        self._folder, self._tell = folder, tell
        self._reports: list[dict[str, Any]] = []

    def __call__(self, event: Event) -> None:
        """Write a report."""
        if not isinstance(event, Crash):
            return
        self._reports.append(asdict(event))
        where = f"{event.what}, first at step {event.step:,}: {event.where}"
        place = self._folder.files / STATES / CRASH
        try:
            make_folder(place.parent)
            write_atomically(place, as_json(self._reports, indent=2))
        except NntrainError as error:
            self._tell(f"{where}; no report: {error}")
            return
        run = self._folder.path
        self._tell(f"{where}; see {run / STATES / CRASH}, or: nntrain replay {shlex.quote(str(run))} --at {event.step}")
