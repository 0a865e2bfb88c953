"""The states of a run that are kept after it: some of its epochs, and the start if that is not the recipe's.

They are checkpoints in the subdirectory ``states``. A run that does not start from the initial weights of its recipe
keeps its start state, with its :class:`nntrain.artifacts.checkpoint_facts.Origin`: a branch of another run, a run that
started from a trained model, and a run that was continued with a changed recipe. Whatever repeats a run starts there.
"""

import re
import shutil
from contextlib import suppress
from pathlib import Path

from nntrain.artifacts.run_files import STATES
from nntrain.errors import cannot_write
from nntrain.utils.files import make_folder

START = "start.safetensors"
CRASH = "crash.json"  # beside them, see nntrain.artifacts.crash_report
NAME = re.compile(r"epoch-([1-9]\d{0,15})\.safetensors")


def start_file(folder: Path) -> Path:
    """Return where a run in ``folder`` keeps its start state, if it has one."""
    return folder / STATES / START


def state_file(folder: Path, epoch: int) -> Path:
    """Return where a run in ``folder`` keeps the state after ``epoch``."""
    return folder / STATES / f"epoch-{epoch}.safetensors"


def kept_epochs(folder: Path) -> list[int]:
    """Return the epochs after which the run in ``folder`` has kept its state, in ascending order."""
    found = []
    with suppress(OSError):
        found = [int(match[1]) for file in (folder / STATES).iterdir() if (match := NAME.fullmatch(file.name))]
    return sorted(found)


def copy_states(folder: Path, to: Path) -> None:
    """Copy the kept states of the run in ``folder`` to the directory ``to``, by links where that is possible.

    Raises:
        NntrainError: if they cannot be copied.
    """
    make_folder(to / STATES)
    for file in (start_file(folder), *(state_file(folder, epoch) for epoch in kept_epochs(folder))):
        try:
            if file.is_file():
                copy = to / STATES / file.name
                try:
                    copy.hardlink_to(file)  # files are replaced, never changed
                except OSError:
                    shutil.copyfile(file, copy)
        except OSError as error:
            raise cannot_write(to / STATES, error) from None


def remove_states_after(folder: Path, epoch: int) -> None:
    """Remove the kept states of later epochs, before a run in ``folder`` continues after ``epoch``."""
    for later in kept_epochs(folder):
        if later > epoch:
            with suppress(OSError):
                state_file(folder, later).unlink()
