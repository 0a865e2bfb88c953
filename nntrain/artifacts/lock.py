"""The lock of a directory: one process at a time writes a run into it."""

import os
import platform
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from nntrain.errors import bad_input, cannot_write
from nntrain.utils.files import make_folder, try_lock

LOCK = ".lock"  # the file that is locked
MAX_TRIES = 100  # while other processes create and remove the directory


class FolderLock:
    """Holds the lock of ``folder``, which is created if needed, while entered.

    A file in the directory is locked. The system releases the lock when the process ends for whatever reason; a lock
    file that is left behind is reused by the next owner.

    Raises:
        InputError: if another process holds the lock, or the directory cannot be created or written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / LOCK
        self._handle = -1

    def __enter__(self) -> Self:
        for _ in range(MAX_TRIES):
            make_folder(self._folder)
            try:
                self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except FileNotFoundError:
                continue  # the previous owner has just removed the directory
            except OSError as error:
                raise cannot_write(self._path, error) from None
            if try_lock(self._handle) is False:
                owner = os.read(self._handle, 200).decode(errors="replace").strip()
                self._close()
                what = f"is in use by {owner or 'another process'}"
                raise bad_input(self._folder, what, "wait for it to finish, or choose another directory")
            if self.held:
                with suppress(OSError):  # a full disk: the lock holds, but does not name its owner
                    os.truncate(self._handle, 0)
                    os.write(self._handle, f"process {os.getpid()} on {platform.node()}\n".encode())
                return self
            self._close()  # the previous owner has just removed it
        raise bad_input(self._folder, "other processes keep creating and removing it", "choose another directory")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.held:
            with suppress(OSError):
                self._path.unlink()
        self._close()

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        with suppress(OSError):  # closed already
            os.close(handle)

    @property
    def held(self) -> bool:
        """Whether the locked file is still in place: false if the directory was removed meanwhile."""
        try:
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        except OSError:
            return False
