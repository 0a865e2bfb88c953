"""Tables in ONNX: raw columns of every role go in, and the runtime gives what predict gives."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nntrain.artifacts.model import Model
from nntrain.errors import InputError
from nntrain.export import FORMATS, export
from tests.helpers import CommandLine

onnxruntime = pytest.importorskip("onnxruntime")

RECIPE = """data:
  source:
    name: table
    path: rows.csv
    target: TARGET
    missing: [unknown]
    columns:
      wet: boolean
      size: {name: ordinal, order: [small, medium, large]}
      built: {name: date, parts: [days, year, month, day, weekday, hour]}
      soil: {name: categorical, max_categories: 4, min_count: 2}
model: {hidden: [6], activation: tanh}
training: {epochs: 3}
"""
NUMBERS, TEXTS = ("height", "label"), ("soil", "size", "wet")


def rows(n: int) -> pl.DataFrame:
    """Return a table of all roles with gaps, rare categories, leap days and large numbers."""
    random = np.random.default_rng(n)

    def gaps(values: Any) -> list[Any]:
        return [None if hole else value for value, hole in zip(values, random.random(n) < 0.1, strict=True)]

    minutes = random.integers(-20_000_000, 30_000_000, n)
    built = np.datetime64("2000-02-29T00:00") + minutes.astype("timedelta64[m]")
    return pl.DataFrame(
        {
            "soil": gaps(random.choice(["clay", "loam", "sand", "peat", "rare", "rarer", "unknown"], n).tolist()),
            "height": gaps((1e9 + random.normal(0, 5, n)).tolist()),
            "size": gaps(random.choice(["small", "medium", "large"], n).tolist()),
            "wet": gaps(random.choice(["yes", "No", "TRUE", "false"], n).tolist()),
            "built": gaps([str(day).replace("T", " ") for day in built]),
            "label": random.normal(0, 1, n).tolist(),
            "number": random.normal(50, 9, n).tolist(),
            "kind": random.choice(["a", "b", "c"], n).tolist(),
        }
    )


def fed(frame: pl.DataFrame, missing: str = "") -> dict[str, Any]:
    """Return the columns of a table as the runtime takes them."""
    days = frame["built"].str.to_datetime("%Y-%m-%d %H:%M").dt.timestamp("us").cast(pl.Float64) / 86_400_000_000
    feed = {name: frame[name].fill_null(np.nan).to_numpy() for name in NUMBERS}
    feed |= {name: frame[name].fill_null(missing).to_numpy().astype(object) for name in TEXTS}
    feed["built"] = days.fill_null(np.nan).to_numpy()
    feed["label (column)"] = feed.pop("label")
    return {name: values[:, None] for name, values in feed.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    rows(300).write_csv(folder / "rows.csv")
    new = rows(80).with_columns(soil=pl.Series(["never seen", *rows(80)["soil"][1:]]))
    new.write_csv(folder / "new.csv")
    return folder


@pytest.mark.parametrize(("target", "other"), [("kind", "number"), ("number", "kind")])
def test_raw_columns_go_into_onnx(
    target: str, other: str, folder: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ignored = ("--set", f"data.source.exclude=[{other}]")
    fitted = nntrain("fit", "-", "-q", "--out", target, *ignored, stdin=RECIPE.replace("TARGET", target))
    assert fitted.status == 0, fitted.err
    assert nntrain("export", target, "--to", "onnx", "-o", f"{target}.onnx").status == 0
    roles = {column.name for column in Model.load(Path(target) / "model.safetensors").encoder.columns}  # type: ignore[union-attr]
    assert roles == {"numeric", "categorical", "ordinal", "boolean", "date"}
    session = onnxruntime.InferenceSession(f"{target}.onnx", providers=["CPUExecutionProvider"])
    new = pl.read_csv("new.csv", schema_overrides={"built": pl.String, "wet": pl.String})
    probabilities = ("--proba",) if target == "kind" else ()
    printed = nntrain("predict", target, "new.csv", *probabilities).out
    expected = pl.read_csv(printed.encode(), infer_schema_length=None)
    for missing in ("", "unknown"):
        found = session.run(None, fed(new, missing))
        if target == "kind":
            assert found[0].tolist() == expected["kind"].to_list()
            np.testing.assert_allclose(found[1], expected[:, 1:].to_numpy(), atol=1e-5)
        else:
            np.testing.assert_allclose(found[0], expected.to_numpy(), rtol=1e-5)
    single = session.run(None, {name: values[:1] for name, values in fed(new).items()})
    assert len(single[0]) == 1


@pytest.mark.parametrize("to", sorted(set(FORMATS) - {"onnx", "recipe"}))
def test_other_formats_refuse_encoded_columns(
    to: str, folder: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    if not Path("kind").exists():
        nntrain("fit", "-", "-q", "--out", "kind", stdin=RECIPE.replace("TARGET", "kind"))
    with pytest.raises(InputError, match="use --to onnx"):
        export(Model.load(Path("kind/model.safetensors")), to)


def test_a_gap_in_plain_numbers_is_filled_as_predict_fills_it(
    nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = rows(60).select(pl.col("label").alias("x"), pl.col("number").alias("y"), "kind")
    frame.write_csv("rows.csv")
    recipe = (
        "data: {source: {name: table, path: rows.csv, target: kind}}\nmodel: {hidden: [3]}\ntraining: {epochs: 2}\n"
    )
    nntrain("fit", "-", "-q", "--out", "run", stdin=recipe)
    nntrain("export", "run", "--to", "onnx", "-o", "run.onnx")
    Path("new.csv").write_text("x,y\n,40\n1,\n")
    expected = pl.read_csv(nntrain("predict", "run", "new.csv", "--proba").out.encode())[:, 1:].to_numpy()
    session = onnxruntime.InferenceSession("run.onnx", providers=["CPUExecutionProvider"])
    features = np.array([[np.nan, 40], [1, np.nan]], np.float32)
    np.testing.assert_allclose(session.run(None, {"features": features})[1], expected, atol=1e-5)
