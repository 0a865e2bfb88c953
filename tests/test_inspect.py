"""``nntrain inspect`` and ``nntrain init``: what a table holds, and a first recipe for it."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.cli.init import init
from nntrain.cli.inspect import as_data, inspect
from nntrain.data.columns.categorical import Categorical
from nntrain.data.columns.values import ValuesInMemory
from nntrain.data.profile import explained, histogram
from nntrain.data.target import Target
from nntrain.recipe.document import read_document
from nntrain.recipe.schema import parse
from tests.helpers import CommandLine, refused


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(header: str, *rows: str, name: str = "t.csv") -> None:
    Path(name).write_text("\n".join([header, *rows]) + "\n")


def suspicious() -> None:
    """Write a table with everything that looks wrong."""
    rows = [
        f"{i},{i % 7},{i % 7},5,{10 * (i % 2)},{9e9 if i == 3 else i % 5},{'' if i % 3 else 1 + i % 2},{i % 4} kg,"
        f"{'rare' if i < 3 else 'ab'[i % 2]}"
        for i in range(60)
    ]
    write("id,a,same,constant,leak,far,gaps,weight,y", *rows, rows[-1])


def test_what_looks_wrong_is_found() -> None:
    suspicious()
    found = "\n".join(inspect("t.csv", ["y"]).findings)
    for words in (
        "column 'constant' is constant",
        "columns 'a', 'same' are equal",
        "column 'far' has 1 outlier",
        "column 'gaps' has no value in 41 rows of 61",
        "column 'weight' looks like numbers written as text, such as",
        "classes with fewer than 10 rows: 'rare'",
        "1 row of 61 repeats another",
    ):
        assert words in found
    write("a,leak,y", *(f"{i * i % 13},{2 * i},{i}.5" for i in range(50)))
    assert "column 'leak' leaks the target: it explains 100.0%" in "\n".join(inspect("t.csv", ["y"]).findings)
    write("a,y", *(f"{i * i % 13},{2.0 ** (i % 40)}" for i in range(50)))
    assert "the target is skewed" in "\n".join(inspect("t.csv", ["y"]).findings)
    write("a,y", *(f"{i * i % 13},{'no' if i % 21 else 'yes'}" for i in range(300)))
    assert "imbalanced: 'no' has 95% of the rows" in "\n".join(inspect("t.csv", ["y"]).findings)


def test_a_sound_table_has_no_findings() -> None:
    random = np.random.default_rng(0)
    write(
        "a,b,y",
        *(f"{x:.3f},{z},{x + random.normal():.3f}" for x, z in zip(random.normal(size=80), "uv" * 40, strict=True)),
    )
    assert inspect("t.csv", ["y"]).findings == []


def test_the_explained_fraction_is_r2() -> None:
    random = np.random.default_rng(1)
    x, group = random.normal(size=200), random.integers(0, 3, 200)
    y = (2 * x + group + random.normal(size=200))[:, None]
    assert explained(x, False, Target(y)) == pytest.approx(np.corrcoef(x, y[:, 0])[0, 1] ** 2)
    means = np.array([y[group == k].mean() for k in range(3)])[group]
    adjusted = 1 - np.square(y[:, 0] - means).sum() / 197 / (y.var() * 200 / 199)
    assert explained(group.astype(float), True, Target(y)) == pytest.approx(adjusted)
    classes = (x > 0).astype(np.int64)
    assert explained(x, False, Target(classes, ("no", "yes"))) == pytest.approx(np.corrcoef(x, classes)[0, 1] ** 2)


def test_inspect_prints_a_table_or_json(nntrain: CommandLine) -> None:
    suspicious()
    ended = nntrain("inspect", "t.csv", "--target", "y")
    assert ended.status == 0
    assert "61 rows, 9 columns, 3 classes: a 28, b 30, rare 3" in ended.out
    assert "ignored: 'id' looks like an identifier" not in ended.out  # its last value repeats
    found = nntrain("inspect", "-", "--json", stdin="a;d;e\n1;2020-01-31;yes\n2;2020-02-01;no\n").json
    assert found["separator"] == ";"
    assert [column["role"] for column in found["columns"]] == ["numeric", "date", "boolean"]
    assert found["task"] is None
    assert "no column 'z'" in refused(nntrain, "inspect", "t.csv", "--target", "z")
    assert "none.csv: no such file" in refused(nntrain, "inspect", "none.csv")


def test_json_has_the_facts() -> None:
    write("a,c,y", *(f"{i % 5 or ''},{'uvw'[i % 3]},{i % 2}" for i in range(40)))
    found = as_data(inspect("t.csv", ["y"]))
    a, c, y = found["columns"]
    assert (a["missing"], a["distinct"], a["low"], a["high"], sum(a["histogram"])) == (8, 4, 1.0, 4.0, 32)
    assert (c["role"], c["distinct"], c["top"][0]) == ("categorical", 3, ("u", 14))
    assert (y["role"], found["task"]) == ("target", "classification")
    assert found["classes"] == [{"class": 0, "rows": 20}, {"class": 1, "rows": 20}]


def recipe_of(*targets: str) -> tuple[str, list[str]]:
    """Return the recipe that init writes, after checking that it is one."""
    text, notes = init("t.csv", list(targets))
    parse(read_document("r", text))
    return text, notes


def test_init_repairs_what_cannot_be_read() -> None:
    write(
        "a,b,when,y",
        *(f"{'-' if i == 3 else i},{'x' * (i % 5 == 0) + str(i)},2020-01-0{1 + i % 9},{i}.5" for i in range(30)),
    )
    text, _ = recipe_of("y")
    assert "missing: ['-']" in text
    assert "columns: {b: ignore}" in text
    assert "task: regression" in text


def test_init_reads_markers_in_the_target_as_missing() -> None:
    write("a,y", *(f"{i},{'NA' if i % 9 == 0 else 'uv'[i % 2]}" for i in range(40)))
    text, notes = recipe_of("y")
    assert "missing: [NA]" in text
    assert "# 2 classes" in text
    assert "5 rows without a target, to be left out" in notes
    write("a,y", *(f"{i},{('None', 'mild')[i % 2]}" for i in range(40)))
    text, _ = recipe_of("y")
    assert "missing:" not in text
    assert "task: classification  # 2 classes" in text


def test_init_leaves_rare_classes_unstratified() -> None:
    write("a,y", *(f"{i},{'once' if i == 3 else 'uv'[i % 2]}" for i in range(40)))
    text, notes = recipe_of("y")
    assert "stratify: false" in text
    assert "classes with fewer than 10 rows: 'once'" in notes


def test_a_column_can_have_any_name() -> None:
    """Such as that of the column of counts in polars."""
    write("count,cell,y", *(f"{'uv'[i % 2]},{i % 7},{i}.5" for i in range(30)))
    found = inspect("t.csv", ["y"]).profile.columns
    assert [column.top[0][1] for column in found[:2]] == [15, 5]
    raw = Categorical().read(inspect("t.csv", []).table, "count")
    fitted = Categorical().fit("count", ValuesInMemory(raw.values), raw.levels)
    write("count", "u", "w", "w")
    assert fitted.read(inspect("t.csv", []).table).unseen == (("w", 2),)


def test_init_quotes_names() -> None:
    write('"a: b","#c","yes\nno",y', *(f"{i},{i * i},{i % 7},{i}.5" for i in range(30)))
    text, _ = recipe_of("yes\nno", "y")
    assert read_document("r", text).data["data"]["source"]["target"] == ["yes\nno", "y"]


def test_init_leaves_out_what_is_excluded(nntrain: CommandLine) -> None:
    write("leak,b,y", *(f"{i * 2},{i % 7},{i}.5" for i in range(40)))
    assert any("leaks the target" in note for note in init("t.csv", ["y"])[1])
    text, notes = init("t.csv", ["y"], exclude=["leak"])
    source = read_document("r", text).data["data"]["source"]
    assert source["exclude"] == ["leak"]
    assert "leak" not in text.replace("exclude: [leak]", "")
    assert not notes
    assert "'y' is the target" in refused(nntrain, "init", "t.csv", "--target", "y", "--exclude", "y")
    assert "no column 'z'" in refused(nntrain, "init", "t.csv", "--target", "y", "--exclude", "z")


@pytest.mark.parametrize(
    ("rows", "hidden", "lr", "l2"),
    [
        (499, [64], 0.003, 0.03),
        (1_999, [64], 0.001, 0.01),
        (2_000, [64], 0.001, 0.001),
        (20_000, [128, 64], 0.001, 0.0003),
    ],
)
def test_init_suits_the_number_of_rows(rows: int, hidden: list[int], lr: float, l2: float) -> None:
    write("a,y", *(f"{i},{i * i % 97}.5" for i in range(rows)))
    recipe = parse(read_document("r", init("t.csv", ["y"])[0]))
    assert recipe.model.hidden == hidden
    assert recipe.optimizer.lr == lr
    assert recipe.regularization.l2 == l2
    assert recipe.training.early_stopping is not None
    assert (recipe.model.dropout > 0) == (rows < 20_000)


def test_categories_that_do_not_repeat_explain_nothing() -> None:
    write("zip,half,y", *(f"0{i:04d},0{i // 2:04d},{i}.5" for i in range(60)))
    found = as_data(inspect("t.csv", ["y"]))
    assert [column["role"] for column in found["columns"][:2]] == ["categorical", "categorical"]
    assert found["columns"][0]["relation"] == 0
    assert found["columns"][1]["relation"] > 0.99
    assert not any("'zip' leaks" in note for note in init("t.csv", ["y"])[1])


def test_init_needs_a_file_and_a_target(nntrain: CommandLine) -> None:
    write("a,y", "1,2", "2,3")
    assert "path: '-'" in nntrain("init", "-", "--target", "y", stdin="a,y\n1,2\n2,3\n").out
    assert "no column 'z'" in refused(nntrain, "init", "t.csv", "--target", "z")
    assert nntrain("init", "t.csv").status == 2


def test_the_histogram_of_numbers_that_hardly_differ() -> None:
    """The reciprocal of their range is infinite, and no warning says so."""
    assert sum(histogram(np.array([0.0, 5e-324, 1e-309]))) == 3
