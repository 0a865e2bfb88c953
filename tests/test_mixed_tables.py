"""Tables as people have them are trained on, scored, and predicted in another column order."""

import csv
import io
from pathlib import Path

import numpy as np
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
