"""Tables that are wrong in any way: each is read or refused, and nothing else happens; a right one is read exactly.

    python -m tests.fuzz_tables FOLDER CASES SEED

Half of the cases are tables written by the csv module, whose cells have to come back; the others are damaged.
"""

import csv
import gzip
import io
import json
import os
import sys
import warnings
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from nntrain.cli.inspect import as_data, inspect
from nntrain.data.partition import Splitting
from nntrain.data.prepare import prepare
from nntrain.data.reading import MARKS, Reading
from nntrain.data.reading.files import read_table
from nntrain.data.table import TableFile
from nntrain.errors import InputError
from tests.fuzzing import LONGEST, settings_of

NUMBERS = "0 1 -1 2.5 1e3 1e400 nan inf 007 01067 1,5 1.000,5 1,000 9007199254740993 +1 1_0 0x1F ١٢ ½ −1 1e"
WORDS = "NA ? null None true FALSE yes no t 2020-01-31 31.12.2020 2020-13-45 0000-00-00 12:30 a b é ' | =1+1"
QUOTED = ("", " ", "1 000", "9" * 40, '"', '""', 'a "b"', "a,b", "a;b", "a\tb", "a\nb", "\ufeff", "\u2028", "x" * 300)
CELLS = (*NUMBERS.split(), *WORDS.split(), *QUOTED)
STARTS = (*(b"",) * 9, b"Title\n\n", b"PK\3\4", b"\x1f\x8b", b"PAR1", b"\x93NUMPY\1\0", b"{", b"sep=;\n")
FAULTS = (b'"', b"\n", b",", b"\r", b";", b"\0", b"\xff")
ENDINGS = (*[".csv"] * 8, ".tsv", ".csv.gz", ".jsonl", ".parquet", ".npz", ".npy")
READINGS: dict[str, tuple[Any, ...]] = {
    "separator": tuple(MARKS),
    "decimal": (".", ","),
    "thousands": (" ", "'"),
    "encoding": ("utf-8", "utf-16", "utf-16-le", "latin-1", "windows-1252", "shift-jis"),
    "header": (True, False),
    "skip_rows": (0, 1, 2, 4),
}
ALIKE = (["0", "1"], ["1.5", "2.25", ""], ["a", "b"], ["yes", "no"], ["2020-01-31", "2020-02-29"], ["1,5", "2"])
Case = tuple[bytes, str, dict[str, Any]]


def cells_of(random: Random) -> list[list[str]]:
    """Return the cells of a table: any in each place, or in each column a few."""
    width = random.randint(1, 5)
    if random.random() < 0.5:
        return [[any_cell(random) for _ in range(width)] for _ in range(random.randint(1, 12))]
    pools = random.choices(ALIKE, k=width)
    return [[random.choice(pool) for pool in pools] for _ in range(random.randint(6, 20))]


def any_cell(random: Random) -> str:
    """Return a cell that the csv module and UTF-8 can hold."""
    kind = random.randrange(4)
    if kind < 2:
        return random.choice(CELLS)
    if kind == 2:
        return str(
            random.choice(
                [random.randint(-5, 5), random.uniform(-9, 9), random.random() * 10.0 ** random.randint(-320, 300)]
            )
        )
    text = "".join(
        chr(random.choice([random.randint(1, 127), random.randint(128, 0xD7FF), 0x1F600]))
        for _ in range(random.randint(0, 6))
    )
    return text.replace("\r", "")


def written(random: Random) -> tuple[bytes, Reading, list[list[str]]]:
    """Return the bytes of a table with a header, how it is read, and its cells."""
    cells = cells_of(random)
    mark, end = random.choice(",;\t|"), random.choice(["\n", "\r\n"])
    quoting: Any = random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator=end, quoting=quoting)
    writer.writerow([f"c{i}" for i in range(len(cells[0]))])
    writer.writerows(cells)
    encoding = random.choice(["utf-8", "utf-16", "utf-8-sig"])
    reading = Reading.model_validate({"separator": mark, "encoding": "utf-16" if encoding == "utf-16" else "utf-8"})
    return out.getvalue().encode(encoding), reading, cells


def in_format(raw: bytes, ending: str, cells: list[list[str]]) -> bytes:
    """Return a table in the format of a file's ending; ``raw`` is the one in text."""
    columns = {f"c{i}": list(column) for i, column in enumerate(zip(*cells, strict=True))}
    out = io.BytesIO()
    match ending:
        case ".csv.gz":
            return gzip.compress(raw, 1)
        case ".jsonl":
            return "\n".join(json.dumps({f"c{i}": cell for i, cell in enumerate(row)}) for row in cells).encode()
        case ".parquet":
            pl.DataFrame(columns).write_parquet(out)
        case ".npz":
            np.savez(out, allow_pickle=False, **{name: np.array(column) for name, column in columns.items()})
        case ".npy":
            np.save(out, np.array([[len(cell) / 2 for cell in row] for row in cells]))
        case _:
            return raw
    return out.getvalue()


def damaged(random: Random) -> Case:
    """Return the bytes of a table with faults, the ending of its file, and how a user says it is read."""
    raw, reading, cells = written(random)
    ending = random.choice(ENDINGS)
    raw = in_format(raw, ending, cells)
    for _ in range(random.choice([0, 0, 0, 1, 1, 2])):
        at = random.randint(0, len(raw))
        fault = random.choice([*FAULTS, random.randbytes(random.randint(0, 4))])
        raw = raw[:at] + fault + raw[at + random.randint(0, 4) :]
    keys: dict[str, Any] = {"separator": reading.separator, "encoding": reading.encoding}
    if random.random() < 0.4:
        for key, values in READINGS.items():
            if random.random() < 0.4:
                keys[key] = random.choice(values)
    return random.choice(STARTS) + raw, ending, keys


def check_written(case: tuple[bytes, Reading, list[list[str]]], folder: Path) -> str:
    """Read a right table: all its cells come back, or the table has a row that is refused."""
    raw, reading, expected = case
    path = folder / "case.csv"
    path.write_bytes(raw)
    try:
        table = read_table(str(path), reading)
    except InputError as error:
        blank = any(not "".join(row).strip(" ") for row in expected)
        if not blank:
            raise AssertionError(f"refused: {error}") from error
        return "empty row"
    found = [[one or "" for one in row] for row in table.columns.rows()]
    if found != expected:
        raise AssertionError(f"read {found}, expected {expected}")
    return "read"


def check_damaged(case: Case, folder: Path) -> str:
    """Inspect and load any bytes: the only exception is a message."""
    raw, ending, keys = case
    path = folder / f"case{ending}"
    path.write_bytes(raw)
    outcome = "refused"
    try:
        table = read_table(str(path), Reading.model_validate(keys))
        names = list(table.names)
        as_data(inspect(str(path), names[-1:], read=[f"{key}={_option(value)}" for key, value in keys.items()]))
        dataset = TableFile.model_validate({"path": str(path), "target": names[-1], **keys}).load(Path(), 0)
        prepare(dataset, Splitting(0, 0, True, 0), standardize=True, standardize_target=True)
        outcome = "loaded"
    except InputError as error:
        if len(str(error)) > LONGEST or not str(error).strip():
            raise AssertionError(f"a message of {len(str(error))} characters") from error
    return outcome


def _option(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def fuzz(folder: Path, cases: int, seed: int) -> Counter[str]:
    """Try so many tables, and return how often they were read or refused; the first fault ends it."""
    ended: Counter[str] = Counter()

    @settings_of(cases, seed)
    @given(st.integers(0, 2**64))
    def case(number: int) -> None:
        random = Random(number)  # noqa: S311 - drawing each cell with hypothesis takes longer than reading the table
        right = random.random() < 0.5
        ended[check_written(written(random), folder) if right else check_damaged(damaged(random), folder)] += 1

    case()
    return ended


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    warnings.simplefilter("error")
    print(dict(fuzz(Path(), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
