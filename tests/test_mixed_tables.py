"""Tables as people have them are trained on, scored, and predicted in another column order."""

import csv
import io
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nntrain.artifacts.model import Model
from tests.helpers import CommandLine


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def as_csv(rows: list[dict[str, object]], columns: list[str], separator: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=separator, lineterminator=end, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def mixed(count: int = 90) -> list[dict[str, object]]:
    """Return rows with gaps, codes, markers, dates, truth values and a text over several lines."""
    random = np.random.default_rng(0)
    return [
        {
            "id": 1000 + i,
            "age": "" if i % 7 == 0 else int(random.integers(18, 80)),
            "code": f"{random.integers(0, 3):03}",
            "country": ("NA", "DE", "", 'a "b",\nc')[i % 4],
            "since": f"{1 + i % 28:02}.{1 + i % 12:02}.2024",
            "member": ("yes", "no", "")[i % 3],
            "income": "NA" if i % 11 == 0 else round(float(random.lognormal(8, 1)), 2),
            "y": ("tiny" if i < 3 else "ab"[i % 2]) if i != 5 else "",
        }
        for i in range(count)
    ]


def fit(nntrain: CommandLine, *settings: str) -> str:
    arguments = [argument for setting in settings for argument in ("--set", setting)]
    recipe = "data: {source: {name: table, path: t.csv, target: y}}\ntraining: {epochs: 5}\n"
    ended = nntrain("fit", "-", "--out", "run", "--overwrite", *arguments, stdin=recipe)
    assert ended.status == 0, ended.err
    return ended.err


def test_a_mixed_table_with_semicolons_and_a_byte_order_mark(nntrain: CommandLine) -> None:
    rows = mixed()
    columns = list(rows[0])
    Path("t.csv").write_bytes(("\ufeff" + as_csv(rows, columns, ";", "\r\n")).encode())
    err = fit(nntrain, "data.source.separator=;")
    assert "1 row without a target left out" in err
    assert "'NA' is read as missing in columns of numbers: income" in err
    assert "ignored: 'id' looks like an identifier" in err
    new = [*rows[:6], {**rows[6], "country": "Chile", "age": "", "member": "", "income": "", "since": ""}]
    first = nntrain("predict", "run", "--proba", "--separator", ";", stdin=as_csv(new, columns, ";"))
    other = nntrain("predict", "run", "--proba", "--separator", ",", stdin=as_csv(new, columns[-2::-1]))
    assert first.status == other.status == 0
    assert first.out == other.out
    assert len(rows_of(first.out)) == 7
    assert "column 'country': 1 row with a category not seen in training: 'Chile'" in other.err
    strict = nntrain("predict", "run", "--unseen", "error", stdin=as_csv(new, columns, ";"))
    assert strict.status == 2
    assert "column 'country': unknown category 'Chile'" in strict.err
    one = nntrain("predict", "run", "--separator", ",", stdin=as_csv(new[:1], columns[::-1]))
    assert rows_of(one.out)[0]["y"] == rows_of(first.out)[0]["y"]


def test_scores_of_a_model_are_those_of_its_run(nntrain: CommandLine) -> None:
    rows = mixed()
    Path("t.csv").write_text(as_csv(rows, list(rows[0])))
    fit(nntrain)
    recipe = "data: {source: {name: table, path: t.csv, target: y}}\ntraining: {epochs: 5}\n"
    summary = nntrain("fit", "-", "-q", "--json", "--out", "run", "--overwrite", stdin=recipe).json
    scores = nntrain("evaluate", "run", "--json").json
    for split in ("train", "validation", "test"):
        assert scores[split]["loss"] == pytest.approx(summary[split]["loss"], rel=1e-4)
        assert scores[split]["accuracy"] == summary[split]["accuracy"]
    whole = nntrain("evaluate", "run", "--data", "t.csv", "--json")
    assert "1 row without a target left out" in whole.err
    assert whole.json["data"]["loss"] > 0


def test_numbers_of_any_size_are_learned_by_default(nntrain: CommandLine) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    rows: list[dict[str, object]] = [{"x": float(v), "y": 5e6 + 1e6 * float(v)} for v in x]
    Path("t.csv").write_text(as_csv(rows, ["x", "y"]))
    fit(nntrain, "training.epochs=60")
    predicted = [float(row["y"]) for row in rows_of(nntrain("predict", "run", "t.csv").out)]
    assert np.corrcoef(predicted, [float(str(row["y"])) for row in rows])[0, 1] > 0.99
    assert abs(np.mean(predicted) - 5e6) < 2e5
    model = Model.load(Path("run/model.safetensors"))
    assert model.targets is not None
    assert model.recipe.data.standardize_target is True


def numbers() -> list[dict[str, object]]:
    """Return rows with decimal commas, points between thousands and dates."""
    return [
        {"size": f"{1 + i % 3}.{100 + i},5", "rate": f"{i % 7},25", "kind": "uv"[i % 2], "y": f"{i % 7},5"}
        for i in range(60)
    ]


def test_a_model_reads_files_as_its_training_data(nntrain: CommandLine) -> None:
    rows = numbers()
    columns = list(rows[0])
    Path("t.csv").write_bytes(("Sales\n" + as_csv(rows, columns, ";", "\r\n")).encode("utf-16"))
    read = ("--read", "encoding=utf-16", "--read", "skip_rows=1")
    assert "looks like UTF-16 text\n  use --read encoding=utf-16" in nntrain("init", "t.csv", "--target", "y").err
    recipe = nntrain("init", "t.csv", "--target", "y", *read).out
    for line in ("separator: semicolon", "decimal: ','", "thousands: .", "encoding: utf-16", "skip_rows: 1"):
        assert line in recipe
    ended = nntrain("fit", "-", "-q", "--out", "run", "--set", "training.epochs=3", stdin=recipe)
    assert ended.status == 0, ended.err
    Path("new.csv").write_bytes(("Sales\n" + as_csv(rows[:5], columns[-2::-1], ";", "\r\n")).encode("utf-16"))
    own = nntrain("predict", "run", "new.csv")
    assert len(rows_of(own.out)) == 5
    plain = [{**row, "size": f"{1 + i % 3}{100 + i}.5", "rate": f"{i % 7}.25"} for i, row in enumerate(rows[:5])]
    options = ("--separator", "comma", "--read", "decimal=.", "--read", "thousands=null", "--read", "encoding=utf-8")
    other = nntrain("predict", "run", *options, "--read", "skip_rows=0", stdin=as_csv(plain, columns))
    assert other.out == own.out
    assert nntrain("evaluate", "run", "--data", "t.csv", "--json").status == 0


def test_formats_do_not_change_predictions(nntrain: CommandLine) -> None:
    frame = pl.DataFrame(
        {
            "a": [None if i % 7 == 0 else float(i % 5) for i in range(60)],
            "code": [f"00{i % 3}" for i in range(60)],
            "when": [date(2024, 1 + i % 12, 1) for i in range(60)],
            "ok": [None if i % 9 == 0 else i % 2 == 0 for i in range(60)],
            "y": ["tiny" if i < 3 else "large" for i in range(60)],
        }
    )
    frame.write_parquet("t.parquet")
    fit(nntrain, "data.source.path=t.parquet", "data.stratify=false")
    expected = nntrain("predict", "run", "t.parquet").out
    other = frame.select(reversed(frame.columns[:-1]))
    other.write_csv("t.csv")
    other.write_ndjson("t.jsonl")
    for path in ("t.csv", "t.jsonl"):
        assert nntrain("predict", "run", path).out == expected
    assert nntrain("evaluate", "run", "--json").json["train"]["accuracy"] > 0
    recipe = nntrain("init", "t.parquet", "--target", "y").out
    assert nntrain("fit", "-", "-q", "--out", "again", "--set", "training.epochs=2", stdin=recipe).status == 0


def test_several_files_and_standard_input(nntrain: CommandLine) -> None:
    rows = mixed()
    for name, part in (("p-1.csv", rows[:50]), ("p-2.csv", rows[50:])):
        Path(name).write_text(as_csv(part, list(rows[0])))
    fit(nntrain, "data.source.path=p-*.csv")
    assert nntrain("evaluate", "run", "--json").status == 0
    Path("t.yaml").write_text("data: {source: {name: table, path: '-', target: y}}\ntraining: {epochs: 2}\n")
    text = as_csv(rows, list(rows[0]))
    assert nntrain("fit", "t.yaml", "--out", "run", "--overwrite", "-q", stdin=text).status == 0
    assert "its training data came from standard input" in nntrain("evaluate", "run").err
    assert nntrain("evaluate", "run", "--data", "-", "--json", stdin=text).json["data"]["loss"] > 0
    assert "if it held the recipe" in nntrain("fit", "-", stdin=Path("t.yaml").read_text()).err


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("decimal", "expected KEY=VALUE"),
        ("decima=,", "did you mean decimal?"),
        ("decimal=;", "found the text ';', expected '.' or ','"),
        ("thousands=.", "decimal and thousands are both '.'"),
        ("skip_rows=x", "expected a whole number"),
    ],
)
def test_wrong_ways_to_read_are_refused(nntrain: CommandLine, read: str, words: str) -> None:
    Path("t.csv").write_text("a,y\n1,2\n")
    ended = nntrain("inspect", "t.csv", "--read", read)
    assert ended.status == 2
    assert words in ended.err


@pytest.mark.parametrize("scaling", ["minmax", "quantile"])
def test_a_scaling_is_stored_in_the_model(nntrain: CommandLine, scaling: str) -> None:
    rows = mixed()
    Path("t.csv").write_text(as_csv(rows, list(rows[0])))
    fit(nntrain, f"data.scaling={scaling}", "data.source.columns={income: {name: numeric, scale: robust}}")
    assert nntrain("evaluate", "run", "--json").status == 0
    assert len(rows_of(nntrain("predict", "run", stdin=as_csv(rows[:3], list(rows[0])[::-1])).out)) == 3
    model = Model.load(Path("run/model.safetensors"))
    assert model.encoder is not None
    assert ("quantile" in {column.name for column in model.encoder.columns}) == (scaling == "quantile")


def test_a_wide_table(nntrain: CommandLine) -> None:
    random = np.random.default_rng(0)
    names = [f"c{i}" for i in range(300)]
    rows: list[dict[str, object]] = [
        {**{name: "uvw"[k % 3] if k % 50 == 0 else round(float(random.normal()), 3) for k, name in enumerate(names)},
         "y": float(random.normal())}
        for _ in range(40)
    ]  # fmt: skip
    Path("t.csv").write_text(as_csv(rows, [*names, "y"]))
    fit(nntrain)
    assert len(rows_of(nntrain("predict", "run", stdin=as_csv(rows[:1], names[::-1])).out)) == 1


def test_init_writes_a_recipe_that_runs(nntrain: CommandLine) -> None:
    rows = mixed()
    Path("t.csv").write_text(as_csv(rows, list(rows[0])))
    recipe = nntrain("init", "t.csv", "--target", "y")
    assert recipe.status == 0
    ended = nntrain("fit", "-", "-q", "--json", "--out", "run", "--set", "training.epochs=3", stdin=recipe.out)
    assert ended.status == 0
    assert Model.load(Path("run/model.safetensors")).recipe.training.early_stopping is not None
