"""Tables in all the formats that are read: the same cells, whatever the format."""

import gzip
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nntrain.data.reading import Reading
from nntrain.data.reading.decimal import NumberFormat, other_format
from nntrain.data.reading.files import read_table
from nntrain.data.table import TableFile
from nntrain.data.text_table import Table
from nntrain.errors import InputError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


FRAME = pl.DataFrame(
    {
        "code": ["007", "NA", None, "12"],
        "count": [1, None, 3, 2**53 + 1],
        "size": [1.0, 2.5, None, 1e-7],
        "paid": [True, None, False, True],
        "day": pl.Series(["2020-01-31", None, "1999-12-31", "2020-01-31"]).str.to_date(),
    }
)
CELLS: dict[str, list[str | None]] = {
    "code": ["007", "NA", None, "12"],
    "count": ["1", None, "3", "9007199254740993"],
    "size": ["1", "2.5", None, "1e-7"],
    "paid": ["true", None, "false", "true"],
    "day": ["2020-01-31", None, "1999-12-31", "2020-01-31"],
}


def cells(table: Table) -> dict[str, list[str | None]]:
    return {name: table.cells(name).to_list() for name in table.names}


def said(path: str, **keys: Any) -> str:
    """Return what is said of a file that cannot be read."""
    with pytest.raises(InputError) as error:
        read_table(path, Reading(**keys))
    return str(error.value)


def test_parquet_and_json_lines_keep_what_cells_are() -> None:
    FRAME.write_parquet("t.parquet")
    assert cells(read_table("t.parquet")) == CELLS
    assert str(read_table("t.parquet").place(2)) == "t.parquet, row 3"
    rows = ['{"code": "007", "count": 1, "size": 1, "paid": true, "day": "2020-01-31"}', '{"code": "NA", "size": 2.5}']
    rows += ['{"count": 3, "paid": false, "day": "1999-12-31", "size": null}', ""]
    rows += ['{"code": "12", "count": 9007199254740993, "size": 1e-7, "paid": true, "day": "2020-01-31"}']
    Path("t.jsonl").write_text("\n".join(rows) + "\n")
    table = read_table("t.jsonl")
    assert cells(table) == CELLS
    assert [str(table.place(row)) for row in range(4)] == ["t.jsonl:1", "t.jsonl:2", "t.jsonl:3", "t.jsonl:5"]


def test_types_without_text_of_their_own() -> None:
    frame = pl.DataFrame(
        {
            "list": [[1, 2], None],
            "when": pl.Series(["2020-01-01 10:00:00", "2020-06-01 10:00:00"])
            .str.to_datetime(time_unit="ns")
            .dt.replace_time_zone("Europe/Berlin"),
            "took": pl.Series([90_000, None], dtype=pl.Duration("ms")),
            "kind": pl.Series(["u", "v"], dtype=pl.Categorical),
            "nan": [float("nan"), float("inf")],
        }
    )
    frame.write_parquet("t.pq")
    assert cells(read_table("t.pq")) == {
        "list": ["[1, 2]", None],
        "when": ["2020-01-01 09:00:00", "2020-06-01 08:00:00"],
        "took": ["90", None],
        "kind": ["u", "v"],
        "nan": ["NaN", "inf"],
    }


def test_arrays_have_columns() -> None:
    np.savez("t.npz", x=np.arange(6, dtype=">f4").reshape(3, 2), y=np.array(["a", "b", "a"]))
    expected = {"x_1": ["0", "2", "4"], "x_2": ["1", "3", "5"], "y": ["a", "b", "a"]}
    assert cells(read_table("t.npz")) == expected
    np.save("t.npy", np.arange(4).reshape(2, 2))
    assert cells(read_table("t.npy")) == {"column_1": ["0", "2"], "column_2": ["1", "3"]}
    np.save("t.npy", np.array([(1, "x", "2020-01-01")], [("a", "i2"), ("b", "U9"), ("c", "M8[D]")]))
    assert cells(read_table("t.npy")) == {"a": ["1"], "b": ["x"], "c": ["2020-01-01 00:00:00"]}
    np.savez("t.npz", x=np.zeros((3, 2)), y=np.zeros(2))
    assert "its arrays have different numbers of rows: x 3, y 2" in said("t.npz")
    np.savez("t.npz", x=np.array([{}, None]))
    assert "holds Python objects" in said("t.npz")
    np.savez("t.npz", x=np.zeros(2, complex))
    assert "expected numbers, text or dates" in said("t.npz")


def test_compressed_text_is_decompressed() -> None:
    Path("t.csv.gz").write_bytes(gzip.compress(b"a,y\n1,2\n3,4\n"))
    table = read_table("t.csv.gz")
    assert cells(table) == {"a": ["1", "3"], "y": ["2", "4"]}
    assert str(table.place(1)) == "t.csv.gz:3"
    Path("t.tsv.gz").write_bytes(gzip.compress(b"a\ty\n1\t2\n"))
    assert list(read_table("t.tsv.gz").names) == ["a", "y"]
    Path("t.csv.gz").write_bytes(gzip.compress(b"a,y\n1,2\n3,4\n")[:-9])
    assert "damaged gzip file" in said("t.csv.gz")


def test_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")
    Path("t.csv.zst").write_bytes(zstd.compress(b"a,y\n1,2\n"))
    assert cells(read_table("t.csv.zst")) == {"a": ["1"], "y": ["2"]}
    Path("t.csv.zst").write_bytes(zstd.compress(b"a,y\n1,2\n")[:-3])
    assert "damaged zstd file" in said("t.csv.zst")


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("fastexcel", "backports.zstd", "compression.zstd"):
        monkeypatch.setitem(sys.modules, package, None)
    Path("t.xlsx").write_bytes(b"PK\3\4")
    assert "pip install 'nntrain[xlsx]'" in said("t.xlsx")
    Path("t.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    assert "pip install 'nntrain[zstd]'" in said("t.csv.zst")


def workbook(*rows: tuple[str | float | None, ...], before: str = "") -> bytes:
    """Return an Excel workbook with a sheet ``s`` of text and numbers, and an empty sheet ``before`` it if named."""
    cells = ""
    for row in rows:
        inside = [
            "<c/>"
            if cell is None
            else f"<c><v>{cell}</v></c>"
            if not isinstance(cell, str)
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            for cell in row
        ]
        cells += f"<row>{''.join(inside)}</row>"
    main, office = (
        "http://schemas.openxmlformats.org/",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
    sheet, relation = f"{main}spreadsheetml/2006/main", f"{main}package/2006/relationships"
    first = f'<sheet name="{before}" sheetId="2" r:id="r1"/>' if before else ""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{main}package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{relation}"><Relationship Id="r" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{sheet}" xmlns:r="{office}"><sheets>'
        f'{first}<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relation}"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{sheet}"><sheetData>{cells}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_a_workbook() -> None:
    pytest.importorskip("fastexcel")
    rows: list[tuple[str | float | None, ...]] = [
        ("code", "n", "mixed"),
        ("007", 1, 2.5),
        ("NA", None, "x"),
        ("é", 9e9, 3),
    ]
    Path("t.xlsx").write_bytes(workbook(*rows))
    table = read_table("t.xlsx")
    assert cells(table) == {"code": ["007", "NA", "é"], "n": ["1", None, "9000000000"], "mixed": ["2.5", "x", "3"]}
    assert str(table.place(0)) == "t.xlsx, row 2"
    Path("t.xlsx").write_bytes(workbook(("Title",), *rows))
    assert cells(read_table("t.xlsx", Reading(skip_rows=1))) == cells(table)
    assert cells(read_table("t.xlsx", Reading(skip_rows=2, header=False)))["column_1"] == ["007", "NA", "é"]
    Path("t.xlsx").write_bytes(b"PK\3\4")
    assert "not a readable Excel workbook" in said("t.xlsx")


def test_a_sheet_of_a_workbook_by_name_and_by_number() -> None:
    pytest.importorskip("fastexcel")
    rows: list[tuple[str | float | None, ...]] = [("a", "y"), (1, 2), (3, 4)]
    Path("t.xlsx").write_bytes(workbook(*rows, before="Notes"))
    for sheet in ("s", "Notes", 1, 2):
        assert cells(read_table("t.xlsx", Reading(sheet=sheet)))["y"] == ["2", "4"]
    found = said("t.xlsx", sheet="Note")
    assert "t.xlsx: no sheet 'Note'" in found
    assert "did you mean Notes? sheets for data.source.sheet: Notes, s" in found
    assert "no sheet 3" in said("t.xlsx", sheet=3)
    Path("t.csv").write_text("a,y\n1,2\n")
    assert "t.csv is not an Excel workbook" in said("t.csv", sheet=1)
    assert cells(read_table("t.csv", Reading(sheet=1), for_recipe=False))["y"] == ["2"]


def test_an_array_of_objects() -> None:
    text = '\n[\n  {"a": "007", "y": 1.50},\n  {"y": 2, "b": true}, {"a": "NA",\n "y": null, "c": [1]}\n]\n'
    for path, reading in (("t.json", Reading()), ("t.txt", Reading(format="json")), ("t.json.gz", Reading())):
        raw = gzip.compress(text.encode()) if path.endswith("gz") else text.encode()
        Path(path).write_bytes(raw)
        table = read_table(path, reading)
        assert cells(table) == {
            "a": ["007", None, "NA"],
            "y": ["1.50", "2", None],
            "b": [None, "true", None],
            "c": [None, None, '["1"]'],
        }
        assert [str(table.place(row)).partition(":")[2] for row in range(3)] == ["3", "4", "4"]
    Path("t.json").write_text('{"a": 1}\n{"a": 2}\n')  # lines
    assert cells(read_table("t.json")) == {"a": ["1", "2"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"a": 1}, 3]', "t.json:1:12: expected an object, in '3]'\n  as in [{"),
        ('[{"a": 1},\n {"a" 2}]', "t.json:2:7: not JSON: expecting ':' delimiter, in '2}]'"),
        ('[{"a": 1}', "t.json:1:10: not JSON: expected ',' or ']' after an object, at the end of the file"),
        ('[{"a": 1},]', "t.json:1:11: not JSON: expected an object after ',', in ']'"),
        ('[{"a": 1}] x', "t.json:1:12: expected nothing after the array, in 'x'"),
        ("[", "t.json:1:2: not JSON: expecting value, at the end of the file"),
        ("[]", "t.json: has no keys"),
        ("[[" * 100_000, "nested too deeply"),
        ("3", "t.json:1: found '3', expected an object"),
        (
            '{"rows": [{"a": 1}], "n": 1}',
            "holds one object, expected an array of objects or an object in each line\n  save",
        ),
        ('{"a":\n 1}', "t.json: holds one object, expected an array of objects"),
    ],
)
def test_the_place_of_what_is_no_array_of_objects(text: str, words: str) -> None:
    Path("t.json").write_text(text)
    assert words in said("t.json")


def test_several_files_are_one_table() -> None:
    Path("p-2.csv").write_text("y,a\n4,3\n6,5\n")
    Path("p-1.csv").write_text("a,y\n1,2\n")
    table = read_table("p-*.csv")
    assert cells(table) == {"a": ["1", "3", "5"], "y": ["2", "4", "6"]}
    assert [str(table.place(row)) for row in range(3)] == ["p-1.csv:2", "p-2.csv:2", "p-2.csv:3"]
    Path("p-2.csv").write_text("y,a\n4,3\n6,7\n")
    assert read_table("p-*.csv").sha256 != table.sha256
    with pytest.raises(InputError, match="the sha256 of 2 files is"):
        read_table("p-*.csv", sha256=table.sha256)
    Path("p-3.csv").write_text("y,b\n4,3\n")
    assert "p-3.csv: its columns are not those of p-1.csv: it lacks 'a', has 'b' too" in said("p-*.csv")
    assert "no file has such a name" in said("q-*.csv")
    Path("one[1].csv").write_text("a,y\n1,2\n")
    assert read_table("one[1].csv").height == 1


def test_decimal_commas_between_semicolons_are_no_title() -> None:
    Path("t.csv").write_text("a;b;y\n" + "1,5;x;ja\n2,5;z;nein\n" * 2)
    assert "looks semicolon-separated; set data.source.separator: semicolon" in said("t.csv")


def test_a_file_without_header_below_a_title() -> None:
    Path("t.csv").write_text("Sales\n\n1,2,u\n3,4,v\n")
    table = read_table("t.csv", Reading(header=False, skip_rows=2))
    assert cells(table) == {"column_1": ["1", "3"], "column_2": ["2", "4"], "column_3": ["u", "v"]}
    assert str(table.place(1)) == "t.csv:4"
    assert str(table.missing_columns(["y"])[0]) == (
        "t.csv: no column 'y'\n  without a header, columns are named by position: column_1, column_2, column_3"
    )
    assert "t.csv:1: found 2 lines with fewer cells" in said("t.csv")
    assert "looks like a title; set data.source.skip_rows: 2" in said("t.csv")
    Path("u.csv").write_text("Sales,,\na,b,y\n1,2,u\n")
    assert "found a name for only one of 3 columns\n  looks like a title; set data.source.skip_rows: 1" in said("u.csv")
    assert "has 4 lines, but skip_rows is 9" in said("t.csv", skip_rows=9)


def test_encodings() -> None:
    for encoding in ("latin-1", "utf-16", "utf-16-be", "windows-1251", "utf-8"):
        word = "й" if encoding == "windows-1251" else "é"
        Path("t.csv").write_bytes(f"a,y\n1,{word}\n".encode(encoding))
        assert cells(read_table("t.csv", Reading(encoding=encoding)))["y"] == [word]
    Path("t.csv").write_bytes("a,y\r\n1,“é”\r\n".encode("windows-1252"))
    assert "t.csv:2: not UTF-8 text" in said("t.csv")
    assert "if it is in windows-1252, set data.source.encoding: windows-1252" in said("t.csv")
    Path("t.csv").write_bytes("a,y\n1,é\n".encode("utf-16"))
    assert "set data.source.encoding: utf-16" in said("t.csv")


@pytest.mark.parametrize(
    ("keys", "texts", "numbers"),
    [
        ({"decimal": ","}, ["1,5", "-2", ",5", "1e3", "1.5", "1.000", "x"], [1.5, -2, 0.5, 1000, None, None, None]),
        ({"decimal": ",", "thousands": "."}, ["1.234,5", "1234", "1.23", "1.234.567"], [1234.5, 1234, None, 1234567]),
        ({"thousands": ","}, ["1,000", "12,000.5", "1,00", "1.5"], [1000, 12000.5, None, 1.5]),
        ({"thousands": " "}, ["1 000", "1\u00a0000\u202f000", "10 00"], [1000, 1000000, None]),
        ({"decimal": ",", "thousands": "'"}, ["1'000,25", "1,5e-3"], [1000.25, 0.0015]),
    ],
)
def test_numbers_in_another_format(keys: dict[str, Any], texts: list[str], numbers: list[float | None]) -> None:
    found = NumberFormat(**keys).numbers(pl.Series(texts))
    assert found.to_list() == numbers


@pytest.mark.parametrize(
    ("texts", "separator", "expected"),
    [
        (["1,5", "2"], ";", NumberFormat(",")),
        (["1.234,5"], ",", NumberFormat(",", ".")),
        (["1,000", "2"], ",", NumberFormat(".", ",")),
        (["1,000", "2,5"], ",", NumberFormat(",")),
        (["1,000,000"], ";", NumberFormat(".", ",")),
        (["1 000 000"], ",", NumberFormat(",", " ")),
        (["1'000.5"], ",", NumberFormat(".", "'")),
        (["1,5", "blue"], ";", None),
        (["1-2"], ";", None),
    ],
)
def test_a_number_format_is_recognized(texts: list[str], separator: str, expected: NumberFormat | None) -> None:
    assert other_format(texts, separator) == expected


def test_a_format_that_differs_is_suggested() -> None:
    def problem(text: str, **keys: Any) -> str:
        Path("t.csv").write_text(text)
        with pytest.raises(InputError) as error:
            TableFile.model_validate({"path": "t.csv", "target": "y", **keys}).load(Path(), 0)
        return str(error.value)

    rows = "".join(f"{i}.000,5;{i},5\n" for i in range(9))
    assert "set data.source.decimal: ',' and set data.source.thousands: '.'" in problem(
        "x;y\n" + rows, separator="semicolon"
    )
    rows = "".join(f"{i}.25;{i},5\n" for i in range(9))
    assert "looks like decimal points; set data.source.decimal: '.'" in problem(
        "x;y\n" + rows, separator="semicolon", decimal=","
    )


def test_the_place_of_a_line_that_is_not_json() -> None:
    Path("t.jsonl").write_text('{"a": 1}\n{"a": \n[1]\n{"a": 1' + "0" * 5000 + "}\n" + "x\n" * 20)
    found = said("t.jsonl")
    assert "t.jsonl:2:7: not JSON: expecting value, in '{\"a\":'" in found
    assert "t.jsonl:3: found '[1]', expected an object" in found
    assert "and 1 more problem" in found


@pytest.mark.parametrize("kind", ["parquet", "npz", "npy"])
def test_damaged_files(kind: str) -> None:
    content = {"parquet": b"PAR1 and so on", "npz": b"PK\3\4 and so on", "npy": b"\x93NUMPY\1\0"}[kind]
    for raw, words in ((content, "not a valid"), (b"", "is empty")):
        Path(f"t.{kind}").write_bytes(raw)
        assert words in said(f"t.{kind}")


def test_formats_can_be_named() -> None:
    FRAME.write_parquet("t.bin")
    assert cells(read_table("t.bin")) == CELLS  # by its first bytes
    Path("t.csv").write_bytes(Path("t.bin").read_bytes())
    assert "set data.source.format: parquet" in said("t.csv")
    assert cells(read_table("t.csv", Reading(format="parquet"))) == CELLS
    Path("t.txt").write_text(json.dumps({"a": 1, "y": "u"}) + "\n")
    assert cells(read_table("t.txt")) == {"a": ["1"], "y": ["u"]}
