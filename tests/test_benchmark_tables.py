"""The tables of the benchmark: how they are listed, read from packages, and compared."""

import gzip
import zipfile
from pathlib import Path

import pytest

from benchmarks.tables.__main__ import NNTRAIN, show_scores
from benchmarks.tables.catalogue import MORE, REPORTED, TUNING, entries
from benchmarks.tables.contents import read_csv, sampled

CSV = b'a,b\n1,"x\ny"\n2,z\n3,w\n'


def test_no_table_that_is_reported_was_used_to_choose_the_defaults() -> None:
    reported, tuning, more = map(entries, (REPORTED, TUNING, MORE))
    assert len(reported) == 10
    assert len({entry.name for entry in (*reported, *tuning, *more)}) == len([*reported, *tuning, *more]) > 100
    assert not {(e.package, e.file) for e in reported} & {(e.package, e.file) for e in tuning}


def test_tables_are_read_from_compressed_files(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(CSV)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(CSV))
    with zipfile.ZipFile(tmp_path / "t.csv.zip", "w") as archive:
        archive.writestr("t.csv", CSV)
    assert {read_csv(tmp_path, name) for name in ("t.csv", "t.csv.gz", "t.csv.zip")} == {CSV}


def test_a_sample_has_whole_rows_in_their_order() -> None:
    assert sampled(CSV, 3).replace(b"\r\n", b"\n") == CSV
    assert len(sampled(CSV, 2).splitlines()) < 5
    assert sampled(CSV, 2) == sampled(CSV, 2)


def test_scores_are_compared_by_their_medians(capsys: pytest.CaptureFixture[str]) -> None:
    show_scores({"a": {NNTRAIN: [0.9, 0.1, 0.8], "mlp": [0.7]}, "b": {NNTRAIN: [0.5], "mlp": [0.501], "other": [1.0]}})
    assert capsys.readouterr().out.splitlines() == [
        "mlp: median difference +0.0495, better 1, worse 0 of 2",
        "other: median difference -0.5000, better 0, worse 1 of 1",
    ]
