"""The directory of converted tables: find a table there, or convert it.

It is ``runs/.tables`` in the working directory, or where the environment variable NNTRAIN_CACHE_DIR says. Its name is a
hash of what a table was made from; the facts hold the same, and the checksums of the files. A table that does not fit,
or is damaged, is converted again. It can be deleted at any time when no run reads it.
"""

import glob
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any

from nntrain.data import Dataset
from nntrain.data.mapped.convert import Preparation, convert
from nntrain.data.mapped.store import FACTS, FORMAT, open_stored
from nntrain.data.prepare import Prepared
from nntrain.data.reading.blocks import BlockReader
from nntrain.data.reading.content import CHANGED_HINT, matching
from nntrain.data.table import TableFile
from nntrain.errors import bad_input, cannot_write
from nntrain.utils.announcing import announce
from nntrain.utils.files import TEMPORARY_SUFFIX, replace_file, sync_folder, try_lock

VARIABLE = "NNTRAIN_CACHE_DIR"
DEFAULT = Path("runs", ".tables")
ENDS = 1 << 16  # bytes at the start and at the end of a file that identify it, with its size and time
SECONDS = 5.0  # between two messages on the progress
LOCK = "lock"
OTHER_PLACE = f"name another directory in the environment variable {VARIABLE}"


def cached_table(source: TableFile, how: Preparation) -> tuple[Dataset, Prepared]:
    """Return a table without its rows, and its splits in mapped files; convert it unless that was done before.

    Raises:
        InputError: if the table cannot be read in blocks or used, has another checksum, or nothing can be written.
        OutputError: if the disk is full.
    """
    reader = BlockReader(source.path, source.reading, source.tokens)
    reader.check()
    key = key_of(source, how)
    folder = Path(os.environ.get(VARIABLE) or DEFAULT) / f"{Path(source.path).name[:60]}-{_digest(key)[:16]}"
    found = open_stored(folder, key, source.task)
    if found is None:
        reader = BlockReader(source.path, source.reading, source.tokens, checksum(source.path))
        _check_sum(source, reader.sha256)
        try:
            _convert(source, reader, how, folder, key)
        except OSError as error:
            raise cannot_write(folder, error, "cannot write the converted table", OTHER_PLACE) from None
        found = open_stored(folder, key, source.task)
    if found is None:
        raise bad_input(folder, "cannot read back the converted table", OTHER_PLACE)
    _check_sum(source, found[0].sha256 or "")
    return found


def key_of(source: TableFile, how: Preparation) -> dict[str, Any]:
    """Return what decides the contents of a converted table: the files, how they are read, split and scaled."""
    splitting = how.splitting
    return {
        "format": FORMAT,
        "files": [_identity(Path(path)) for path in matching(source.path)],
        "source": source.model_dump(
            mode="json", exclude={"path", "sha256", "test_sha256", "in_memory", "name", "task"}
        ),
        "splitting": {
            "validation": splitting.validation,
            "test": splitting.test,
            "stratify": splitting.stratify,
            "seed": splitting.seed,
            "test_seed": splitting.test_seed,
        },
        "scaling": how.scaling,
        "standardize_target": how.standardize_target,
    }


def checksum(path: str) -> str:
    """Return the checksum of a table's files, as that of a table in memory."""
    paths = matching(path)
    found = []
    for one in paths:
        with Path(one).open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(found) == 1 and paths == [path]:
        return found[0]
    listing = "".join(f"{one}  {Path(name).name}\n" for one, name in zip(found, paths, strict=True))
    return hashlib.sha256(listing.encode()).hexdigest()


def _check_sum(source: TableFile, found: str) -> None:
    if source.sha256 is not None and found != source.sha256:
        what = f"has changed: its sha256 is {found[:12]}..., not {source.sha256[:12]}... as in the recipe"
        raise bad_input(source.path, what, CHANGED_HINT)


def _identity(path: Path) -> dict[str, Any]:
    status = path.stat()
    with path.open("rb") as file:
        ends = zlib.crc32(file.read(ENDS))
        file.seek(max(0, status.st_size - ENDS))
        ends = zlib.crc32(file.read(ENDS), ends)
    return {"path": str(path.resolve()), "size": status.st_size, "time": status.st_mtime_ns, "ends": ends}


def _digest(key: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def _convert(source: TableFile, reader: BlockReader, how: Preparation, folder: Path, key: dict[str, Any]) -> None:
    """Write a converted table under another name, and rename it to ``folder``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    announce(f"converting {source.path} to memory-mapped files in {folder}, once")
    progress = _Progress(source.path)
    with _temporary(folder) as place:
        stored = convert(source, reader, how, place, key, progress)
        replace_file(place / FACTS, stored.model_dump_json().encode())
        (place / LOCK).unlink()
        sync_folder(place)
        if folder.exists():
            shutil.rmtree(folder)  # damaged, or of another format
        place.rename(folder)
        sync_folder(folder.parent)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """Create a directory, which is removed unless it is renamed; also remove those of processes that have ended."""
    for other in folder.parent.glob(f".*{glob.escape(TEMPORARY_SUFFIX)}"):
        with suppress(OSError), (other / LOCK).open("rb") as lock:
            if try_lock(lock.fileno()):
                shutil.rmtree(other)
    place = folder.with_name(f".{folder.name}.{token_hex(4)}{TEMPORARY_SUFFIX}")
    place.mkdir()
    try:
        with (place / LOCK).open("wb") as lock:
            try_lock(lock.fileno())
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Progress:
    """Announces the progress every few seconds."""

    def __init__(self, path: str) -> None:
        self._path, self._next = path, monotonic() + SECONDS

    def __call__(self, doing: str, rows: int) -> None:
        if monotonic() >= self._next:
            announce(f"{doing} {self._path}: {rows:,} rows")
            self._next = monotonic() + SECONDS
