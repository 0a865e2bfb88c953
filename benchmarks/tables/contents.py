"""CSV files inside installed packages: plain, compressed, or in pydataset's archive."""

import bz2
import csv
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np

PYDATASET = "pydataset"
SEED = 0  # of the sampled rows


def read_csv(package: Path, file: str) -> bytes:
    """Return the content of a CSV file of the package in a directory.

    Raises:
        OSError: if there is no such package or file.
    """
    if package.name == PYDATASET:
        with tarfile.open(package / "resources.tar.gz") as archive:
            found = archive.extractfile(f"resources/rdata/csv/{file}.csv")
            return b"" if found is None else found.read()
    content = (package / file).read_bytes()
    if file.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archived:
            return archived.read(archived.namelist()[0])
    readers = {".gz": gzip.decompress, ".bz2": bz2.decompress}
    reader = readers.get(Path(file).suffix)
    return content if reader is None else reader(content)


def sampled(text: bytes, rows: int) -> bytes:
    """Return a CSV file with ``rows`` random rows of a larger one, in their order."""
    header, *records = csv.reader(io.StringIO(text.decode("utf-8"), newline=""))
    chosen = np.random.default_rng(SEED).choice(len(records), min(rows, len(records)), replace=False)
    out = io.StringIO()
    csv.writer(out).writerows([header, *(records[index] for index in np.sort(chosen))])
    return out.getvalue().encode()
