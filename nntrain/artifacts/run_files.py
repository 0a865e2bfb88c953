"""The files of a run directory, and how a new run replaces the old one (see :mod:`nntrain.artifacts.run_folder`)."""

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from nntrain.artifacts.lock import FolderLock
from nntrain.errors import cannot_write
from nntrain.utils.files import make_folder, sync_folder

RECIPE, METRICS, MODEL, SUMMARY = NAMES = ("recipe.yaml", "metrics.jsonl", "model.safetensors", "summary.json")
CHECKPOINTS = ("checkpoint-a.safetensors", "checkpoint-b.safetensors")
UNFINISHED = ".unfinished"
TENSORBOARD, EVENTS = "tensorboard", "events.out.tfevents.*.nntrain"  # a directory, and the name of a run's file in it
STATES = "states"  # a directory; .unfinished always has one until it is moved up


def settle(folder: Path) -> None:
    """Complete the replacement of a run in ``folder`` if a process was killed during it.

    Raises:
        NntrainError: if that is needed, but the directory is in use or cannot be written.
    """
    if (folder / UNFINISHED / SUMMARY).exists():
        with FolderLock(folder):
            move_up(folder)


def move_up(folder: Path) -> None:
    """Replace the run in ``folder`` by the new one, if that is complete."""
    new = folder / UNFINISHED
    if not (new / SUMMARY).exists():
        return
    try:
        if has_checkpoint(new):
            remove_checkpoints(folder, *(name for name in CHECKPOINTS if not (new / name).exists()))
        for file in (new / TENSORBOARD).glob(EVENTS):  # there is one at most
            remove_events(folder / TENSORBOARD, file.name)
            make_folder(folder / TENSORBOARD)
            file.replace(folder / TENSORBOARD / file.name)
        if (new / STATES).is_dir():  # otherwise moved by a process that was then killed
            shutil.rmtree(folder / STATES, ignore_errors=True)
            (new / STATES).replace(folder / STATES)
        for name in (*CHECKPOINTS, *NAMES):  # the summary last: while it is in the subdirectory, other files may be too
            if name == SUMMARY:
                sync_folder(folder)
            with suppress(FileNotFoundError):  # moved by a process that was then killed
                (new / name).replace(folder / name)
        sync_folder(folder)
        shutil.rmtree(new, ignore_errors=True)
        with suppress(OSError):  # not empty, or there is none
            (folder / STATES).rmdir()
    except OSError as error:
        raise cannot_write(folder, error) from None


def remove_events(folder: Path, *but: str) -> None:
    """Remove the event files of runs in the directory ``folder`` of TensorBoard, but those of some names.

    Raises:
        OSError: if that is not possible.
    """
    for file in folder.glob(EVENTS):
        if file.name not in but:
            file.unlink()


def has_checkpoint(folder: Path) -> bool:
    """Return whether a run in ``folder`` can continue from a checkpoint."""
    return any((folder / name).exists() for name in CHECKPOINTS)


def remove_checkpoints(folder: Path, *names: str) -> None:
    """Remove the checkpoints ``names`` in ``folder``; all, if none is named."""
    for name in names or CHECKPOINTS:
        with suppress(OSError):
            (folder / name).unlink()


def make_new(name: str) -> Path:
    """Create a new directory under ``runs``, named after the run and the time."""
    safe = re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"
    stem, number = f"{safe}-{time.strftime('%Y%m%d-%H%M%S')}", 1
    path = Path("runs") / stem
    make_folder(path.parent)
    while True:
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
            path = path.with_name(f"{stem}-{number}")
        except OSError as error:
            raise cannot_write(path, error) from None
        else:
            return path
