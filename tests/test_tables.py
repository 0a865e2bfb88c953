"""Users' tables: what is a class and what a number, and what is said of a table that cannot be used."""

import bz2
import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nntrain.data import Dataset
from nntrain.data.cells import advice
from nntrain.data.numbers import numeric_columns
from nntrain.data.reading.files import read_table
from nntrain.data.table import Csv
from nntrain.errors import InputError
from tests.helpers import CommandLine, fitted_csv, refused

HERE = Path()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(*targets: object, task: str = "auto", name: str = "y") -> Dataset:
    """Return a table with one feature and the column ``y`` of ``targets``."""
    Path("d.csv").write_text(f"a,{name}\n" + "".join(f"{i},{target}\n" for i, target in enumerate(targets)))
    return Csv.model_validate({"path": "d.csv", "target": name, "task": task}).load(HERE, 0)


def problems_of(text: str, target: str = "y", **keys: object) -> list[str]:
    """Return what is said of a CSV text that cannot be used."""
    Path("d.csv").write_text(text)
    with pytest.raises(InputError) as error:
        Csv.model_validate({"path": "d.csv", "target": target, **keys}).load(HERE, 0)
    return list(map(str, error.value.problems))


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        ([0, 1, 1, 0], (0, 1)),  # xor
        ([1, 2] * 20, (1, 2)),
        ([-1, 1] * 20, (-1, 1)),
        (["+1", "-1"] * 20, (-1, 1)),
        (["1.0", "2.0", "3."] * 20, (1, 2, 3)),  # as pandas writes whole numbers with gaps elsewhere
        (list(range(10)) * 10, tuple(range(10))),
        (["true", "FALSE"] * 5, (False, True)),
        (["no", "yes"] * 5, ("no", "yes")),
        (["1st", "2nd"] * 5, ("1st", "2nd")),
        (["01067", "1067", "80331"] * 20, ("01067", "1067", "80331")),  # postal codes
        (["007", "7"] * 20, ("007", "7")),
        ([1, 2, 3], None),  # none is there twice
        (list(range(11)) * 20, None),  # more than ten
        (list(range(10)) * 9, None),  # 10 > sqrt(90)
        ([1, 2] * 20 + [2.5], None),
        (["0.5", "1.5"] * 20, None),
        (["05.5", "1.5"] * 20, None),
        ([7] * 20, None),
        (["1e0", "2e0"] * 20, None),
    ],
)
def test_a_target_is_classes_or_numbers(targets: list[object], classes: tuple[object, ...] | None) -> None:
    dataset = load(*targets)
    assert dataset.classes == classes
    assert list(map(type, dataset.classes or ())) == list(map(type, classes or ()))
    if classes is None:
        np.testing.assert_array_equal(dataset.y[:, 0], np.array(targets, np.float64))


def test_a_guess_is_said_and_can_be_overruled() -> None:
    (note,) = load(*[1, 2] * 20).notes
    assert note == "target 'y': 2 distinct integers are read as classes; for numbers, set data.source.task: regression"
    assert load(*[1, 2] * 20, task="regression").classes is None
    (note,) = load(*["01067", "1067", "80331"] * 20).notes
    assert "numbers with leading zeros are read as 3 classes; for numbers, set data.source.task: regression" in note
    (note,) = load(1, 2, 2, 3, 3, 1).notes
    assert "3 distinct integers in 6 rows are read as numbers; for classes, set" in note
    assert load(1, 2, 2, 3, 3, 1, task="classification").classes == (1, 2, 3)
    for targets in ([1, 2, 3], ["a", "b", "b"], [0.5, 1.5, 1.5]):
        assert load(*targets).notes == ()
    for task in ("classification", "regression"):
        assert load(*[1, 2] * 20, task=task).notes == ()


def test_the_guess_is_said_with_what_comes_of_it(nntrain: CommandLine) -> None:
    rows = "".join(f"{i},{i % 2 if i else 7}\n" for i in range(60))
    Path("d.csv").write_text("a,y\n" + rows)
    Path("r.yaml").write_text("data: {source: {name: csv, path: d.csv, target: y}}\n")
    message = refused(nntrain, "fit", "r.yaml")
    assert "class 7 has 1 row" in message
    assert "for numbers, set data.source.task: regression" in message


def test_every_command_reads_the_target_alike(nntrain: CommandLine, here: Path) -> None:
    Path("d.csv").write_text("a,y\n" + "".join(f"{i % 2 + i / 100},{i % 2}\n" for i in range(60)))
    note = "2 distinct integers are read as classes"
    model = fitted_csv(nntrain, here, "d", "y", "optimizer.lr=0.05")
    assert "task: classification" in Path("d/recipe.yaml").read_text()  # nothing is left open
    for command in (
        ["fit", "d.yaml"],
        ["show", "d.yaml"],
        ["diagnose", "d.yaml"],
        ["gradcheck", "d.yaml", "--steps", 0],
    ):
        assert note in nntrain(*command).err
    for command in (["evaluate", model], ["predict", model, "d.csv"], ["fit", "d/recipe.yaml"]):
        assert note not in nntrain(*command).err
    assert nntrain("evaluate", model, "--data", "d.csv", "--json").json["data"]["accuracy"] == 1
    predicted = nntrain("predict", model, "d.csv").out.split()
    assert predicted == ["y", *[str(i % 2) for i in range(60)]]
    compared = ("compare", "d.yaml", "--optimizers", "sgd,adam", "--seeds", 2, "--set", "training.epochs=1")
    ended = nntrain(*compared, "--json")
    assert ended.err.count(note) == 1
    assert "accuracy" in ended.json["variants"][0]["default"]["scores"]["test"]
    # a model of numbers stays one of numbers
    numbers = fitted_csv(nntrain, here, "d", "y", "data.source.task=regression")
    assert "r2" in nntrain("evaluate", numbers, "--json").json["test"]


@pytest.mark.parametrize("marker", ["NA", "n/a", "NaN", "null", "None", "?"])
def test_a_marker_among_classes_of_text_is_refused(marker: str) -> None:
    with pytest.raises(InputError) as error:
        load(*["no", "yes"] * 20, marker, marker)
    message = str(error.value)
    assert f"d.csv:42: column 'y': found {marker!r}, expected a class (and in 1 more row)" in message
    assert f"set data.source.missing: [{marker!r}] to leave the rows out" in message
    assert f"set data.source.task: classification if {marker!r} is a class" in message


@pytest.mark.parametrize("marker", ["NA", "n/a", "NaN", "null", "None", "?", ""])
@pytest.mark.parametrize("labels", [["1", "2"], ["0.5", "1.5"]])
def test_rows_without_a_number_as_target_are_left_out(marker: str, labels: list[str]) -> None:
    dataset = load(*labels * 20, marker, marker)
    assert len(dataset.y) == len(dataset.x) == 40
    assert "2 rows without a target left out" in dataset.notes
    assert (dataset.classes is None) == (labels[0] == "0.5")


def test_a_marker_can_be_a_class() -> None:
    """NA is Namibia too."""
    dataset = load(*["DE", "NA"] * 10, task="classification")
    assert dataset.classes == ("DE", "NA")
    assert dataset.notes == ("target 'y': 'NA' is read as a class",)
    assert len(load(*[1, 2] * 10, "NA", task="classification").y) == 20


def test_several_targets_are_numbers() -> None:
    Path("d.csv").write_text("a,t,u\n" + "".join(f"{i},{i % 2},{i // 2 % 2}\n" for i in range(40)))
    dataset = Csv(path="d.csv", target=["t", "u"]).load(HERE, 0)
    assert dataset.classes is None
    assert dataset.y.shape == (40, 2)
    assert dataset.notes == (
        "targets t, u: several columns are read as numbers; for labels, set data.source.task: classification",
    )


def test_a_loss_for_classes_needs_one_target(nntrain: CommandLine) -> None:
    Path("d.csv").write_text("a,t,u\n" + "".join(f"{i},{i % 2},{i // 2 % 2}\n" for i in range(40)))
    Path("r.yaml").write_text("data: {source: {name: csv, path: d.csv, target: [t, u]}}\nloss: bce\n")
    assert "choose mse; several targets are labels only if all are true and false" in refused(nntrain, "fit", "r.yaml")
    assert nntrain("fit", "r.yaml", "-q", "--set", "loss=mse", "--set", "training.epochs=1").status == 0
    iris = refused(nntrain, "fit", "r.yaml", "--set", "data.source=diabetes")
    assert "choose mse" in iris
    assert "data.source.task" not in iris  # which it has not


WIDE = "y," + ",".join(f"c{i}" for i in range(14)) + "\n"


def test_all_problems_of_a_table_come_at_once() -> None:
    found = problems_of(WIDE + (",".join(["1.5"] * 15) + "\n") * 30 + ",".join(["x"] * 15) + "\n")
    assert len(found) == 11
    assert "column 'y': expected a finite number, found 'x'" in found[0]  # the target's first
    assert "set data.source.task: classification if the column holds classes" in found[0]
    assert "column 'c8'" in found[9]
    assert found[10] == "and 5 more problems"
    found = problems_of("a,y\n1,1.5\n", target="z", features=["b", "a", "c"])
    assert [line.splitlines()[0] for line in found] == [f"d.csv: no column {name!r}" for name in "zbc"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('5,"x', "a quoted cell is not closed"),
        ('5,"x""', "a quoted cell is not closed"),
        ('5,"x"y', "a quoted cell is not closed, or has a single quote inside"),
        ('5," a "b" c "', "a quoted cell is not closed, or has a single quote inside"),
        ('5,6" nail', "found a quote inside an unquoted cell"),
        ('5,""""x', "a quoted cell is not closed"),
        ('5, "x"', "a blank between the separator and a quote"),
        ('5,"x" ', "a quoted cell is not closed"),
    ],
)
def test_quotes_that_do_not_pair_up_are_refused_with_the_line(line: str, words: str) -> None:
    """A reader that tolerates them takes several rows for one."""
    (problem,) = problems_of(f"a,y\n1,u\n{line}\n3,v\n4,u\n")
    assert problem.startswith("d.csv:3: ")
    assert words in problem


@pytest.mark.parametrize("text", ['"a""\n1\n2\n3\n4\n', 'a\n"1""\n2\n3\n4\n', 'a,b\n1,"u""\n2,"u"\n3,u\n'])
def test_no_row_is_swallowed(nntrain: CommandLine, here: Path, text: str) -> None:
    Path("d.csv").write_text("a,y\n" + "".join(f"{i},{i * 1.5}\n" for i in range(40)))
    model = fitted_csv(nntrain, here, "d", "y")
    assert "standard input:" in refused(nntrain, "predict", model, stdin=text)


def test_quoted_cells_are_read() -> None:
    Path("d.csv").write_text('"a","b, c",t\r\n"1","x ""y"" z",u\r\n2,"several\nlines, with a comma",v\r\n3,"",w\r\n')
    table = read_table("d.csv")
    assert list(table.names) == ["a", "b, c", "t"]
    assert table.columns["b, c"].to_list() == ['x "y" z', "several\nlines, with a comma", ""]
    assert [str(table.place(row)) for row in range(3)] == ["d.csv:2", "d.csv:3", "d.csv:5"]
    np.testing.assert_array_equal(numeric_columns(table, ["a"])[:, 0], [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (WIDE + "1,2,3,4\n", "d.csv:2", ["found 4 cells, but the header has 15", "write a comma for empty cells too"]),
        ("a,b,y\n1,2,3,\n4,5,6,\n", "d.csv:2", ["(and in 1 more line)", "these lines end with a comma"]),
        ("a,b,y\n1,2,3\n4,5,6,7\n", "d.csv:3", ["found 4 cells", "quote cells that contain a comma"]),
        ("a,b,y\n1,2,3,4\n5,6\n", "d.csv:2", ["found 4 cells"]),  # as many commas as three lines should have
        ("a,b,y\n1,2,3\n\n4,5,6\n", "d.csv:3", ["a blank line"]),
        ('a,b,y\n1,2,3\n"4,5,6"\n', "d.csv:3", ["found 1 cell, but the header has 3"]),
        ("a,b,y\n1,2,3\n,,\n4,5,6\n", "d.csv:3", ["an empty row"]),
        ("\na,b,y\n1,2,3\n", "d.csv:1", ["a blank line, expected column names"]),
        ("sep=;\na;y\n1;2\n", "d.csv:1", ["found 'sep=;', which only Excel understands"]),
        ("a;y\n1,5;2\n", "d.csv:2", ["looks semicolon-separated; set data.source.separator: semicolon"]),
        ("a\ty\n1\t2\n", "d.csv", ["looks tab-separated; set data.source.separator: tab"]),
        (
            "1,2\n3,4\n",
            "d.csv",
            ["no column 'y'", "first line contains numbers: add a header", "data.source.header: false"],
        ),
        ('{"a": 1, "y": 2}\n{"a": 3, "y": 4}\n', "d.csv", ["JSON, expected a CSV table"]),
        ("<!DOCTYPE html>\n<html></html>\n", "d.csv", ["an HTML or XML page"]),
    ],
)
def test_the_layout_is_checked(text: str, where: str, words: list[str]) -> None:
    problem = problems_of(text)[0]
    assert problem.startswith(f"{where}: ")
    assert all(word in problem for word in words), problem
    assert "separator: ','" not in problem


def test_lines_of_old_macs_are_lines() -> None:
    Path("d.csv").write_bytes(b"a,y\r1,2\r3,4\r")
    np.testing.assert_array_equal(numeric_columns(read_table("d.csv"), ["y"])[:, 0], [2, 4])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["True", "FALSE"], "write 1 and 0"),
        (["2020-01-31", "2020-02-01 10:00"], "write dates as numbers"),
        (["5 kg", "7kg"], "without units: 5 for '5 kg'"),
        (["12%"], "without units: 12 for '12%'"),
        (["$5"], "without units: 5"),
        (["NA", "?"], "fill in missing values"),
        (["1,5", "blue"], ""),
        (["blue", "red"], ""),
        (["x1"], ""),
    ],
)
def test_advice_says_how_to_write_a_number(cells: list[str], words: str) -> None:
    found = advice(cells)
    assert words in found
    assert bool(words) == bool(found)


def test_features_that_are_no_numbers_get_a_way_out() -> None:
    found = "".join(problems_of("x;z;y\n" + "".join(f"{i},5;{i};{i},25\n" for i in range(20)), separator=";"))
    assert found.count("looks like decimal commas; set data.source.decimal: ','") == 2  # the target too: it is not text
    (found,) = problems_of("a,y\n1,2.5\n2,3.5\nx,4.5\n")
    assert "d.csv:4: column 'a': expected a finite number, found 'x'\n  correct the cells, or remove the row" in found
    assert "set data.source.missing: ['x'] if it marks missing values" in found
    assert "set data.source.columns: {a: categorical} or {a: ignore}" in found
    (found,) = problems_of("a,y\n1,2.5\n2,3.5\n3,x\n", task="regression")
    assert "correct the cells, or remove the row" in found
    assert "data.source.columns" not in found


TABLE = "a,y\n" + "".join(f"{i},{'né' if i % 2 else 'ja'}\n" for i in range(40))


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, TABLE)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pl.read_csv(io.StringIO(TABLE)).write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (parquet(), "d.csv: a Parquet file, expected a CSV table\n  set data.source.format: parquet"),
        (bz2.compress(TABLE.encode()), "d.csv: bzip2-compressed, expected a CSV table\n  decompress it with bunzip2"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "d.csv: an Excel workbook"),
        (zipped("table.csv"), "d.csv: a ZIP archive"),
        (TABLE.encode("utf-16"), "d.csv: looks like UTF-16 text\n  set data.source.encoding: utf-16"),
        (TABLE.encode("utf-16-le"), "set data.source.encoding: utf-16-le"),
        (TABLE.encode("utf-16-be"), "set data.source.encoding: utf-16-be"),
        (TABLE.encode("latin-1"), "d.csv:3: not UTF-8 text (byte 0xE9), expected a table\n  if it is in latin-1, set"),
        (bytes(range(256)), "d.csv: a binary file"),
    ],
)
def test_the_format_of_a_file_is_named(content: bytes, words: str) -> None:
    Path("d.csv").write_bytes(content)
    with pytest.raises(InputError) as error:
        read_table("d.csv")
    assert words in str(error.value)


def test_many_unknown_classes_are_counted(nntrain: CommandLine, here: Path) -> None:
    Path("d.csv").write_text("a,y\n" + "".join(f"{i},{'pq'[i % 2]}\n" for i in range(40)))
    model = fitted_csv(nntrain, here, "d", "y")
    text = "a,y\n" + "".join(f"{i},c{i}\n{i},p\n" for i in range(30)) + "1,c0\n2,NA\n"
    message = refused(nntrain, "evaluate", model, "--data", "-", stdin=text)
    assert "standard input:2: column 'y': unknown class 'c0' (and in 1 more row)\n  classes: p, q" in message
    assert "and 21 more problems" in message
    assert message.count("unknown class") == 10
