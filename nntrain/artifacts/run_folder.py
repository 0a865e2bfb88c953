"""The run directory: recipe.yaml, metrics.jsonl, summary.json and model.safetensors.

A run is complete when its summary.json exists, which is written last. In a directory without a run, the files are
written in place. To replace a run, the new one is written into the subdirectory ``.unfinished``; once it is complete,
its files are moved up, the summary last. So if the process is killed or the machine stops:

- before the new summary is in ``.unfinished``, the old run is untouched;
- after that the new run is complete, and the next command that opens the directory moves up the remaining files
  (:func:`settle`).

A run that was interrupted also has checkpoints, from which :meth:`RunFolder.resume` continues it: in place if it was
killed, and in ``.unfinished`` if it has a summary, so that it stays complete until the continued run is.

Only the owner of the directory's lock (:mod:`nntrain.artifacts.lock`) writes these files. Other files are not touched.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nntrain.artifacts.kept_states import copy_states
from nntrain.artifacts.lock import FolderLock
from nntrain.artifacts.metrics_file import MetricsFile
from nntrain.artifacts.run_files import (
    CHECKPOINTS,
    METRICS,
    MODEL,
    NAMES,
    RECIPE,
    STATES,
    SUMMARY,
    UNFINISHED,
    has_checkpoint,
    make_new,
    move_up,
    remove_checkpoints,
)
from nntrain.errors import NntrainError, bad_input, cannot_write
from nntrain.training.events import Event
from nntrain.utils.files import make_folder, remove_abandoned, sync_folder, write_atomically
from nntrain.utils.json import as_json


class RunFolder:
    """Writes a run into its directory while entered; as a listener it writes one line of metrics.jsonl per epoch.

    If the run fails, a run that was to be replaced stays; otherwise only measurements are left.

    Args:
        name: of the run; if ``out`` is None, its directory under ``runs`` is named after it and the time.
        recipe: returns the complete recipe, which repeats the run, for the directory that it is written to.
        out: the directory.
        overwrite: whether a run in it may be replaced.
        resume: whether to wait for :meth:`resume` or :meth:`start` before anything is written.
        warn: called with a message for each file that could not be written.

    Attributes:
        path: the directory, once entered.
        saved: whether all files could be written so far.

    Raises:
        InputError: on entering, if ``out`` holds a run that may not be replaced, is in use, or cannot be written.
    """

    path: Path
    _lock: FolderLock
    _recipe: bytes

    def __init__(
        self,
        name: str,
        recipe: Callable[[Path], str],
        out: Path | None,
        overwrite: bool,
        warn: Callable[[str], None],
        resume: bool = False,
    ) -> None:
        self._name, self._recipe_for, self._out, self._overwrite = name, recipe, out, overwrite
        self._new = out is None or not out.exists()
        self._tell, self._resume = warn, resume
        self._metrics: MetricsFile | None = None
        self.saved = True

    def __enter__(self) -> Self:
        self.path = self._files = self._out or make_new(self._name)
        self._lock = FolderLock(self.path).__enter__()
        try:
            self._recipe = self._recipe_for(self.path).encode()
            move_up(self.path)
            if not self._resume:
                self.start()
        except BaseException:
            self._end()
            raise
        return self

    def start(self) -> None:
        """Start a new run.

        Raises:
            InputError: if there is a run that may not be replaced, or the directory cannot be written.
        """
        found = [name for name in NAMES if (self.path / name).exists()]
        if found and not self._overwrite:
            kind = "a run" if SUMMARY in found else "an unfinished run"
            raise bad_input(
                self.path, f"already holds {kind} ({', '.join(found)})", "choose another directory, or add --overwrite"
            )
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
        if found:
            self._files = self.path / UNFINISHED
            make_folder(self._files / STATES)
        else:
            shutil.rmtree(self._files / STATES, ignore_errors=True)
        remove_checkpoints(self._files)
        self._open(0)

    def resume(self, files: Path, size: int) -> None:
        """Continue the run in this directory.

        Args:
            files: the directory of its checkpoint: this one or ``.unfinished``.
            size: bytes of its metrics.jsonl that stay.

        Raises:
            InputError: if the directory cannot be written.
        """
        if files == self.path and (self.path / SUMMARY).exists():
            self._files = self.path / UNFINISHED
            shutil.rmtree(self._files, ignore_errors=True)
            copy_states(self.path, self._files)
            try:
                shutil.copyfile(self.path / METRICS, self._files / METRICS)
            except OSError as error:
                raise cannot_write(self._files / METRICS, error) from None
        else:
            self._files = files
        self._open(size)

    def _open(self, size: int) -> None:
        for name in (*NAMES, *CHECKPOINTS):
            remove_abandoned(self.path / name)
            remove_abandoned(self._files / name)
        self._metrics = MetricsFile(self._files / METRICS, self._warn, size)
        write_atomically(self._files / RECIPE, self._recipe)
        sync_folder(self.path.parent)

    @property
    def files(self) -> Path:
        """Where the files of the run are written: the directory itself, or ``.unfinished`` below it."""
        return self._files

    def sync_metrics(self) -> int | None:
        """Write the lines of all complete epochs to the disk, and return their bytes; None if that is impossible."""
        return None if self._metrics is None else self._metrics.sync()

    def __call__(self, event: Event) -> None:
        """Write the line of a finished epoch."""
        if self._metrics is not None:
            self._metrics(event)

    def finish(
        self,
        save: Callable[[Path], None],
        summary: Callable[[Path | None], Mapping[str, Any]],
        keep_checkpoints: bool = False,
    ) -> Path | None:
        """Write the remaining files of a finished run, and replace the previous run if there is one.

        Args:
            save: writes the model file.
            summary: returns the summary for the path of the model file; None if it could not be saved.
            keep_checkpoints: whether the run can continue later.

        Returns:
            The path of the model file, which is elsewhere if it could not be saved in the directory.
        """
        try:
            if self._metrics is not None:
                self._metrics.sync()
            if not self._lock.held:
                self._make_again()
            save(self._files / MODEL)
            write_atomically(self._files / SUMMARY, as_json(summary(self.path / MODEL), indent=2))
            if not keep_checkpoints:
                remove_checkpoints(self._files)
                remove_checkpoints(self.path)
            move_up(self.path)
        except (NntrainError, OSError) as error:
            self._warn(str(cannot_write(self.path, error) if isinstance(error, OSError) else error))
            return self._saved_elsewhere(save)
        return self.path / MODEL

    def _make_again(self) -> None:
        """Create the directory again after it was removed during the run."""
        if self.path.exists():
            raise bad_input(self.path, "was removed during the run and created again by another program")
        self._lock.__exit__(None, None, None)
        self._lock = FolderLock(self.path).__enter__()
        self._files = self.path
        write_atomically(self._files / RECIPE, self._recipe)
        if self._metrics is not None:
            self._metrics.copy_to(self._files / METRICS)
        self._tell(f"{self.path}: was removed during the run; created it again")

    def _saved_elsewhere(self, save: Callable[[Path], None]) -> Path | None:
        """Save the model in another directory, and return its path."""
        in_place = self._lock.held and self._files == self.path
        if in_place and (self.path / MODEL).exists():  # only the summary could not be written
            return self.path / MODEL
        folders = [Path(), Path(os.environ.get("HOME", "."))]
        with suppress(OSError):  # no usable temporary directory
            folders.append(Path(tempfile.gettempdir()))
        for folder in folders:
            place = folder / f"{self.path.resolve().name}-{os.getpid()}.safetensors"
            with suppress(NntrainError):
                save(place)
                self._warn(f"saved the model as {place}")
                return place
        self._warn("could not save the model anywhere")
        return None

    def _warn(self, text: str) -> None:
        self.saved = False
        self._tell(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        """Release the directory; remove the files of a run that failed before its first epoch."""
        if self._metrics is not None:
            nothing = self._metrics.empty and not (self._files / MODEL).exists()
            self._metrics.close()
            if self._lock.held and not (self._files / SUMMARY).exists() and not has_checkpoint(self._files):
                if self._files != self.path:
                    shutil.rmtree(self._files, ignore_errors=True)
                elif nothing:
                    for name in NAMES:
                        (self._files / name).unlink(missing_ok=True)
                    shutil.rmtree(self._files / STATES, ignore_errors=True)
        self._lock.__exit__(None, None, None)
        if self._new:
            with suppress(OSError):  # not empty
                self.path.rmdir()
