"""Everything that a user can get wrong: one clear message, exit status 2, no traceback, nothing left behind."""

import os
import stat
from pathlib import Path

import pytest

from tests.helpers import CommandLine

CSV = "a,b,y\n" + "".join(f"{i},{i * i},{'yes' if i % 2 else 'no'}\n" for i in range(40))
RECIPE = "data: {source: {name: csv, path: d.csv, target: y}}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory with a good recipe and good data, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(RECIPE)
    Path("d.csv").write_text(CSV)
    return tmp_path


def refused(nntrain: CommandLine, *arguments: object, stdin: str = "") -> str:
    """Return the message of a command that has to fail before it leaves anything."""
    before = sorted(Path().rglob("*"))
    ended = nntrain(*arguments, stdin=stdin)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.startswith("nntrain: ")
    assert sorted(Path().rglob("*")) == before
    return ended.err


def test_the_good_recipe_is_good(nntrain: CommandLine) -> None:
    ended = nntrain("fit", "r.yaml", "-q", "--json", "--set", "training.epochs=3")
    assert ended.status == 0
    assert "accuracy" in ended.json["test"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "r.yaml: is empty, expected a recipe"),
        (b"  \n\n", "r.yaml: is empty"),
        (b"# only a comment\n", "r.yaml: recipe: found nothing, expected a mapping"),
        (b"data: [1", "r.yaml:1:9: not valid YAML"),
        (b"\x89PNG\r\n\x1a\n\0\0", "r.yaml: a PNG image, expected a recipe"),
        (b"a: 1\n\0", "r.yaml: a binary file"),
        (b"\xef\xbb\xbfdata: 5\r\n", "r.yaml:1:1: data: found 5"),
    ],
)
def test_files_that_are_not_recipes(nntrain: CommandLine, content: bytes, words: str) -> None:
    Path("r.yaml").write_bytes(content)
    assert words in refused(nntrain, "fit", "r.yaml")


def test_missing_files(nntrain: CommandLine) -> None:
    message = refused(nntrain, "fit", "r.yml")
    assert "r.yml: no such file" in message
    assert "did you mean r.yaml?" in message
    assert "no such file" in refused(nntrain, "fit", "nowhere/r.yaml")
    assert "is not a run directory" in refused(nntrain, "fit", ".")
    assert "standard input: is empty" in refused(nntrain, "fit", "-")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["d.csv: is empty"]),
        ("a,b,y\n", ["d.csv: has column names but no rows"]),
        ("a,b\n1,2\n", ["d.csv: no column 'y'", "columns: a, b"]),
        ("a,b,Y\n1,2,x\n", ["no column 'y'", "did you mean Y?"]),
        (CSV + "x1,5,no\n", ["d.csv:42: column 'a': expected a finite number, found 'x1'", "correct the cells, or"]),
        (CSV + "1,nan,no\n2,inf,no\n", ["d.csv:43: column 'b'", "found 'inf'"]),
        (CSV + "1,-inf,no\n", ["d.csv:42: column 'b'", "found '-inf'"]),
        (CSV.replace("yes", "").replace("no", ""), ["no row has a target 'y'"]),
        (CSV + "1,2,NA\n", ["d.csv:42: column 'y': found 'NA', expected a class"]),
        (
            CSV + "1,2,no,4\n",
            ["d.csv:42: found 4 cells, but the header has 3", "quote cells that"],
        ),
        (CSV + '1,2,"no\n', ["d.csv:42: a quoted cell is not closed"]),
        (CSV.replace(",", ";"), ["no column 'y'", "looks semicolon-separated; set data.source.separator: semicolon"]),
        (CSV.replace("a,b,y\n", "a,b,y\n\n"), ["d.csv:2: found a blank line"]),
        ("a, a,y\n1,2,no\n", ["d.csv:1: 2 columns are named 'a'"]),
        ("a,a,y\n1,2,no\n", ["d.csv:1: 2 columns are named 'a'"]),
        ("y\nno\nyes\n", ["no columns besides the target 'y'"]),
        (CSV.replace("yes", "no"), ["only one class: 'no'"]),
        ("a,b,y\n1,2,p\n3,4,q\n", ["2 rows: validation 0.15 and test 0.15 leave none"]),
        ("a,y\n" + "".join(f"1,c{i}\n" for i in range(9)), ["each of 9 rows has a different class"]),
        ("a,y\n1,u\n1,u\n1,v\n1,v\n1,w\n1,x\n", ["cannot contain each of 4 classes"]),
        (CSV + "1,2,maybe\n", ["class 'maybe' has 1 row;", "stratify: false"]),
    ],
)
def test_tables_that_cannot_be_used(nntrain: CommandLine, content: str, words: list[str]) -> None:
    Path("d.csv").write_text(content)
    message = refused(nntrain, "fit", "r.yaml")
    for word in words:
        assert word in message


def test_tables_that_cannot_be_read(nntrain: CommandLine) -> None:
    Path("d.csv").write_bytes(b"a,b,y\n1,2,\xff\n")
    assert "d.csv:2: not UTF-8 text" in refused(nntrain, "fit", "r.yaml")
    Path("d.csv").write_bytes(b"PK\3\4\0\0\0")
    assert "d.csv: a ZIP archive, expected a CSV table" in refused(nntrain, "fit", "r.yaml")
    Path("d.csv").unlink()
    assert "d.csv: no such file" in refused(nntrain, "fit", "r.yaml")
    Path("d.csv").mkdir()
    assert "d.csv: is a directory" in refused(nntrain, "fit", "r.yaml")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("model.hidden=[0]", "model.hidden.0: found 0"),
        ("optimizer=sgdd", "did you mean sgd?"),
        ("optimizer.lr=-1", "optimizer.lr: found -1, expected a number > 0"),
        ("optimizer.lr=.nan", "optimizer.lr: found nan, expected a finite number"),
        ("training.epochs=.inf", "training.epochs: found inf, expected a whole number"),
        ("training.batch_size=1000", "training.batch_size: found 1000, but the training split has 28 rows"),
        ("loss=bce", None),
        ("data.source.target=a", None),
        ("data.source.columns={a: date}", "d.csv:2: column 'a': expected a date"),
        ("data.source.columns={a: categoricl}", "unknown column 'categoricl'\n  did you mean categorical?"),
        ("data.source.exclude=[a, b]", "no columns besides the target 'y'"),
        ("data.source.features=[a, y]", "'y' is the target"),
        ("data.source.features=[c]", "no column 'c'"),
        ("data.source.target=[a, y]", "found 2 columns that are neither all numbers nor all labels"),
        ("data.source.separator=;", "no column 'y'"),
        ("data.source.separator=é", "data.source.separator: found the text 'é', expected 'comma', 'semicolon'"),
        ("data.source.target=[y, y]", "data.source.target: names 'y' twice"),
        ("data.test=0.99", "leave none to train on"),
        ("data.validation=0", None),
        ("model.output=sigmoid", "model.output: found sigmoid, but cross_entropy already applies softmax"),
        ("model={hidden: [{units: 1, activation: softmax}]}", "softmax of one unit is always 1"),
        ("model={hidden: [{units: 1, norm: layer}]}", "layer norm of one unit is always 0"),
    ],
)
def test_recipes_that_do_not_fit_their_data(nntrain: CommandLine, setting: str, words: str | None) -> None:
    if words is None:
        assert nntrain("fit", "r.yaml", "-q", "--set", setting, "--set", "training.epochs=1").status == 0
        return
    message = refused(nntrain, "fit", "r.yaml", "--set", setting)
    assert words in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            ["data.source.target=a", "data.source.features=[b]", "loss=bce"],
            "bce is for classification, but this is regression",
        ),
        (["data.source=iris", "loss=bce"], "bce is for two classes, found 3"),
        (["data.validation=0", "training.early_stopping={}"], "needs a validation split, but data.validation is 0"),
        (
            [
                "data.source=moons",
                "data.source={name: given, x: [[1e60], [2], [3], [4], [5], [6], [7]], o: [1, 2, 3, 4, 5, 6, 7]}",
                "data.standardize=false",
            ],
            "exceed the largest float32 number",
        ),
        (["data.source=moons", "data.source.rows=2"], "2 rows: validation 0.15 and test 0.15 leave none"),
        (["data.source=moons", "data.source.noise=-1"], "data.source.noise: found -1, expected a number >= 0"),
    ],
)
def test_parts_of_a_recipe_that_contradict_each_other(nntrain: CommandLine, settings: list[str], words: str) -> None:
    arguments = [argument for setting in settings for argument in ("--set", setting)]
    assert words in refused(nntrain, "fit", "r.yaml", *arguments)


def test_file_names_that_are_not_text(nntrain: CommandLine) -> None:
    Path("r\udcff.yaml").write_bytes(Path("r.yaml").read_bytes())
    assert r"'r\udcff.yaml': the name of this file is not UTF-8" in refused(nntrain, "fit", "r\udcff.yaml")


def test_output_directories_that_cannot_be_used(nntrain: CommandLine) -> None:
    assert "r.yaml: is a file, expected a directory" in refused(nntrain, "fit", "r.yaml", "--out", "r.yaml")
    Path("runs").write_text("")
    assert "runs" in refused(nntrain, "fit", "r.yaml")
    assert "cannot write into this directory" in refused(nntrain, "fit", "r.yaml", "--out", "/proc/run")
    assert r"'x\udcff': the name of this directory is not UTF-8" in refused(
        nntrain, "fit", "r.yaml", "--out", "x\udcff"
    )
    assert not Path("x\udcff").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_directories_without_permission(nntrain: CommandLine) -> None:
    Path("locked").mkdir()
    Path("locked").chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert "Permission denied" in refused(nntrain, "fit", "r.yaml", "--out", "locked/run")


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("test.accuracy", "expected a condition such as"),
        ("test.accuracy>=high", "'high' is not a number"),
        ("test.acuracy>=1", "unknown metric 'acuracy'\n  did you mean accuracy? allowed: loss, accuracy, balanced"),
        ("test.speed>=1", "unknown metric 'speed'\n  allowed: loss, accuracy, balanced_accuracy"),
        ("epoch>=1", "unknown number 'epoch'\n  did you mean epochs?"),
        ("test.r2>=0", "r2 is for regression, but this is classification\n  allowed: loss, accuracy, f1"),
    ],
)
def test_conditions_that_cannot_hold(nntrain: CommandLine, condition: str, words: str) -> None:
    assert words in refused(nntrain, "fit", "r.yaml", "--require", condition)


def test_a_condition_on_a_missing_split(nntrain: CommandLine) -> None:
    message = refused(nntrain, "fit", "r.yaml", "--set", "data.test=0", "--require", "test.loss<1")
    assert "there is no test split: data.test is 0\n  splits: train, validation" in message


@pytest.mark.parametrize(
    "arguments", [["fit"], ["fti"], ["fit", "r.yaml", "--epochs", "3"], ["list", "optimisers"], []]
)
def test_unknown_commands_and_options(nntrain: CommandLine, arguments: list[str]) -> None:
    assert nntrain(*arguments).status == 2


def test_a_table_with_blanks_a_byte_order_mark_and_line_ends_of_windows_is_read(nntrain: CommandLine) -> None:
    Path("d.csv").write_bytes(("\ufeff" + CSV.replace(",", " , ").replace("\n", "\r\n")).encode())
    assert nntrain("fit", "r.yaml", "-q", "--set", "training.epochs=1").status == 0


def test_labels_that_only_look_like_numbers_are_names(nntrain: CommandLine) -> None:
    Path("d.csv").write_text("a,y\n" + "".join(f"{i},{('--5', '7')[i % 2]}\n" for i in range(40)))
    assert (
        "accuracy" in nntrain("fit", "r.yaml", "-q", "--json", "--set", "data.source.task=classification").json["test"]
    )


def test_a_network_too_large_for_memory(nntrain: CommandLine) -> None:
    wide = "model.hidden=[1000000, 1000000]"
    assert "not enough memory" in nntrain("fit", "r.yaml", "-q", "--set", wide).err
