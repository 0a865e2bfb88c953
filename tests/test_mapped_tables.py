"""Tables in memory-mapped files: the same facts and rows as in memory, whatever is read at a time."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from nntrain.data.mapped import cache, columns, statistics
from nntrain.data.partition import partition
from nntrain.data.preprocessing import Standardizer
from nntrain.data.reading import Reading, blocks, streams
from nntrain.data.reading.blocks import BlockReader
from nntrain.data.reading.files import read_table
from nntrain.data.split import SPLITS
from nntrain.errors import InputError, OutputError
from nntrain.recipe import mapped
from nntrain.recipe.build import Built
from tests.helpers import CommandLine, built

ROWS = 600
Recipe = dict[str, Any]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read few rows at a time, and keep converted tables in a directory of the test."""
    monkeypatch.setattr(streams, "BLOCK_BYTES", 3000)
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 70)
    monkeypatch.setattr(columns, "BLOCK_ROWS", 90)
    monkeypatch.setattr(statistics, "KEPT", 20)
    monkeypatch.setenv("NNTRAIN_CACHE_DIR", str(tmp_path / "tables"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of all kinds of columns with gaps, quoted line ends, and rows without a target."""
    random = np.random.default_rng(0)
    lines = ["id,size,count,city,open,built,note,price,kind"]
    for row in range(ROWS):
        size, count = f"{random.normal():.4f}", random.integers(50)
        city = random.choice(["Brno", "Praha", '"Ústí,\nnad ""Labem"""', f"village {random.integers(90)}"])
        cells = [size, count, city, random.choice(["yes", "no"]), f"2026-{1 + row % 12:02}-{1 + row % 28:02}"]
        cells = ["" if random.random() < 0.05 else cell for cell in cells]
        price = "" if row % 50 == 7 else f"{2 * float(size) + count:.3f}"
        lines.append(",".join(map(str, [row, *cells, f'"note {row}, {random.random()}"', price, "abc"[row % 3]])))
    (tmp_path / "homes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "homes.csv"


def recipe_of(path: Path, target: Any = "price", **keys: Any) -> Recipe:
    source = {"name": "table", "path": str(path), "target": target, **keys.pop("source", {})}
    return {"data": {"source": source, **keys}, "model": {"hidden": [4]}, "training": {"epochs": 2, "batch_size": 32}}


def both(recipe: Recipe) -> tuple[Built, Built]:
    """Return a recipe with its table in memory and in files."""
    in_files = {**recipe, "data": {**recipe["data"], "source": {**recipe["data"]["source"], "in_memory": False}}}
    return built(recipe), built(in_files)


def in_order(one: Built) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Return the rows of each split of a table in memory, in the order of the table."""
    data, found = one.plan.data, {}
    places = partition(one.dataset, one.recipe.data.splitting(one.recipe.seed))
    for name in SPLITS:
        if (part := getattr(data, name)) is not None:
            order = np.argsort(places[name])
            found[name] = part.x[order], part.y[order]
    return found


def check_same(memory: Built, files: Built) -> None:
    """Check facts, and rows: features are rounded to float32, scales in another order than in memory."""
    assert files.dataset.notes == memory.dataset.notes
    assert files.feature_names == memory.feature_names
    assert files.dataset.classes == memory.dataset.classes
    assert files.recipe.data.source.sha256 == memory.recipe.data.source.sha256  # type: ignore[attr-defined]
    assert memory.plan.data.encoder is not None
    assert files.plan.data.encoder is not None
    assert files.plan.data.encoder.to_json() == memory.plan.data.encoder.to_json()
    for key in ("inputs", "targets"):
        expected, found = getattr(memory.plan.data, key), getattr(files.plan.data, key)
        assert (found is None) == (expected is None)
        if expected is not None:
            np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-13, atol=1e-15)
            np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-13)
    for name, (x, y) in in_order(memory).items():
        part = getattr(files.plan.data, name)
        np.testing.assert_allclose(part.x, x, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(part.y, y, rtol=1e-13, atol=1e-14)
        assert part.largest == pytest.approx(getattr(memory.plan.data, name).largest)
        assert not part.in_memory


@pytest.mark.parametrize(
    ("target", "scaling"),
    [("price", "standard"), ("price", "none"), ("kind", "robust"), (["price", "size"], "minmax")],
)
def test_a_table_in_files_is_that_in_memory(table: Path, target: Any, scaling: str) -> None:
    check_same(*both(recipe_of(table, target, scaling=scaling)))


@pytest.mark.parametrize(
    "source",
    [
        {"columns": {"count": {"name": "numeric", "impute": "mean"}, "id": "numeric"}, "exclude": ["note"]},
        {"columns": {"count": {"name": "numeric", "impute": "most_frequent", "scale": "robust"}, "note": "ignore"}},
        {"columns": {"open": {"name": "ordinal", "order": ["no", "yes"]}, "city": {"name": "categorical"}}},
        {"missing": ["Brno", 7], "features": ["city", "count"]},
        {"task": "classification", "target": "count", "features": ["size"]},
    ],
)
def test_settings_of_columns_mean_the_same(table: Path, source: Recipe) -> None:
    check_same(*both(recipe_of(table, source=source, stratify=False)))


def test_a_column_can_say_the_split(tmp_path: Path) -> None:
    words = [("train", "Test", "valid", "TRAIN")[row % 4] for row in range(200)]
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"a": random.normal(size=200), "part": words, "y": random.normal(size=200)})
    frame.write_csv(tmp_path / "t.csv")
    _, files = both(recipe_of(tmp_path / "t.csv", "y", source={"split": "part"}))
    data = files.plan.data
    assert data.validation is not None
    assert data.test is not None
    assert [len(part.x) for part in (data.train, data.validation, data.test)] == [100, 50, 50]


def test_labels_mean_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    words = random.choice(["Yes", "no", "YES"], (300, 2))
    pl.DataFrame({"a": random.normal(size=300), "u": words[:, 0], "v": words[:, 1]}).write_csv(tmp_path / "t.csv")
    check_same(*both(recipe_of(tmp_path / "t.csv", ["u", "v"])))


@pytest.mark.parametrize("kind", ["csv.gz", "parquet", "jsonl", "pattern"])
def test_a_file_of_another_format_has_the_same_rows(table: Path, kind: str) -> None:
    frame, path = read_table(str(table)).columns, table.with_name(f"other.{kind}")
    if kind == "csv.gz":
        path.write_bytes(gzip.compress(table.read_bytes()))
    elif kind == "parquet":
        frame.with_columns(pl.col("size", "price").cast(pl.Float64), pl.col("count").cast(pl.Int64)).write_parquet(path)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps({k: v for k, v in row.items() if v}) for row in frame.to_dicts()))
    else:
        path = table.with_name("part-*.csv")
        for number, start in enumerate(range(0, ROWS, 250)):
            frame[start : start + 250].write_csv(table.with_name(f"part-{number}.csv"))
    check_same(*both(recipe_of(path)))


def test_an_array_file_is_read_in_blocks(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(300, 3)))
    check_same(*both(recipe_of(tmp_path / "a.npy", "column_3")))


@pytest.mark.parametrize("reading", [{}, {"header": False, "skip_rows": 1}, {"separator": ";", "decimal": ","}])
def test_blocks_are_the_table_with_the_same_places(tmp_path: Path, reading: Recipe) -> None:
    mark = reading.get("separator", ",")
    lines = [f'{row}{mark}"a ""b""\r\n{row}"{mark}{mark}1,5' if mark == ";" else f"{row},x,1.5" for row in range(2000)]
    path = tmp_path / "t.csv"
    path.write_bytes(
        "\r\n".join(["a" + mark + "b" + mark + ("c" + mark) * (mark == ";") + "d", *lines, "", ""]).encode()
    )
    whole, found = read_table(str(path), Reading(**reading)), list(BlockReader(str(path), Reading(**reading)))
    assert len(found) > 3
    assert pl.concat([one.columns for one in found]).equals(whole.columns)
    places = [str(one.place(row)) for one in found for row in range(one.height)]
    assert places == [str(whole.place(row)) for row in range(whole.height)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3,4", "homes.csv:902: found 4 cells, but the header has 3"),
        ('1,"2,3', "homes.csv:902: a quoted cell is not closed"),
        ("1,x,3", "homes.csv:902: column 'b': expected a finite number, found 'x'"),
        ("", "homes.csv:902: found a blank line"),
        ("1,\udcff,3", "homes.csv:902: not UTF-8 text"),
    ],
)
def test_a_wrong_line_in_a_late_block_is_named(tmp_path: Path, line: str, message: str) -> None:
    rows = [f"{row},{row % 7}.5,{row % 5}.25" for row in range(1000)]
    rows.insert(900, line)
    (tmp_path / "homes.csv").write_bytes("\n".join(["a,b,y", *rows]).encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        built(recipe_of(tmp_path / "homes.csv", "y", source={"in_memory": False}))
    assert not list((tmp_path / "tables").iterdir())


NUMBERS: dict[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
    "normal": lambda random: random.normal(size=501),
    "few": lambda random: random.integers(-2, 3, 500).astype(np.float64),
    "equal": lambda random: np.full(77, 0.1),
    "far": lambda random: 1e9 + random.normal(size=500),
    "huge": lambda random: random.normal(size=500) * 1e307,
    "tiny": lambda random: random.normal(size=500) * 1e-310,
    "one": lambda random: np.array([-0.0]),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("kind", ["standard", "minmax", "robust"])
def test_scaling_in_blocks_is_that_in_memory(name: str, kind: Any) -> None:
    x = NUMBERS[name](np.random.default_rng(0))
    expected = Standardizer.of(x[:, None], kind)
    found = statistics.scaling(lambda: iter(np.array_split(x, 7)), kind)
    np.testing.assert_allclose(
        found, (expected.mean[0], expected.scale[0]), rtol=1e-7 if (name, kind) == ("far", "standard") else 1e-12
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_at_ranks_are_exact(name: str) -> None:
    x = NUMBERS[name](np.random.default_rng(1))
    ranks = sorted({0, len(x) // 3, len(x) // 2, len(x) - 1})
    assert statistics.at_ranks(lambda: iter(np.array_split(x, 5)), ranks) == np.sort(x)[ranks].tolist()


def test_too_many_categories_are_free_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.mapped.facts.MAX_DISTINCT_KEPT", 50)
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "\n".join(f"{row % 9}.5,word{row % 60},{row / 7}" for row in range(300)))
    files = built(recipe_of(path, "y", source={"in_memory": False}))
    assert "looks like free text: more than" in files.dataset.notes[-1]
    assert files.dataset.feature_names == ("a",)
    with pytest.raises(InputError, match="column 'b' has more than"):
        built(recipe_of(path, "y", source={"in_memory": False, "columns": {"b": "categorical"}}))


def test_a_large_table_is_converted_unless_it_cannot(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "total", lambda: 20 * table.stat().st_size)
    assert built(recipe_of(table)).plan.data.train.in_memory
    monkeypatch.setattr(mapped, "total", lambda: 9 * table.stat().st_size)
    found = built(recipe_of(table))
    assert not found.plan.data.train.in_memory
    assert found.recipe.data.source.in_memory is False  # type: ignore[attr-defined]
    assert built(recipe_of(table, source={"groups": "kind"})).plan.data.train.in_memory
    assert built(recipe_of(table, source={"in_memory": True})).plan.data.train.in_memory


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"source": {"weights": "count"}}, "data.source.weights"),
        ({"source": {"groups": "city"}}, "data.source.groups"),
        ({"source": {"time": "built"}}, "data.source.time"),
        ({"source": {"test_file": "other.csv"}}, "data.source.test_file"),
        ({"fold": {"number": 1, "of": 3}}, "data.fold"),
        ({"scaling": "quantile"}, "data.scaling"),
        ({"target_transform": "log1p"}, "data.target_transform"),
    ],
)
def test_what_needs_memory_is_refused_by_name(table: Path, change: Recipe, key: str) -> None:
    change.setdefault("source", {})["in_memory"] = False
    with pytest.raises(InputError, match=f"{key}.*needs all rows in memory"):
        built(recipe_of(table, **change))


def test_other_files_are_refused_with_a_way_out(table: Path, nntrain: CommandLine) -> None:
    np.savez(table.with_suffix(".npz"), a=np.zeros(3), y=np.zeros(3))
    for path, stdin in ((table.with_suffix(".npz"), ""), ("-", "a,y\n1,2\n")):
        recipe = json.dumps(recipe_of(path, "y", source={"in_memory": False}))  # type: ignore[arg-type]
        table.with_suffix(".yaml").write_text(recipe)
        ended = nntrain("fit", table.with_suffix(".yaml"), stdin=stdin)
        assert ended.status == 2
        assert "cannot be read in blocks" in ended.err


def stored(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "tables").iterdir())


def test_a_table_is_converted_once(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of(table, source={"in_memory": False})
    first = built(recipe)
    monkeypatch.setattr(cache, "convert", None)
    again = built(recipe)
    resolved = {**recipe["data"]["source"], "task": "regression", "sha256": first.dataset.sha256}
    assert (np.asarray(again.plan.data.train.x) == first.plan.data.train.x).all()
    assert again.dataset.notes == first.dataset.notes
    assert built(recipe_of(table, source=resolved)).dataset.sha256 == first.dataset.sha256
    assert len(stored(tmp_path)) == 1


@pytest.mark.parametrize("what", ["bytes", "facts", "shorter", "missing"])
def test_a_damaged_table_is_converted_again(table: Path, tmp_path: Path, what: str) -> None:
    recipe = recipe_of(table, source={"in_memory": False})
    expected = np.array(built(recipe).plan.data.train.x)
    (folder,) = stored(tmp_path)
    file = folder / ("facts.json" if what == "facts" else "train.x.npy")
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.unlink()
    if what != "missing":
        file.write_bytes(raw[:-4] if what == "shorter" else raw)
    assert (built(recipe).plan.data.train.x == expected).all()
    assert stored(tmp_path) == [folder]


def test_a_changed_table_is_converted_again_or_refused(table: Path, tmp_path: Path) -> None:
    recipe = recipe_of(table, source={"in_memory": False})
    first = built(recipe)
    table.write_text(table.read_text(encoding="utf-8").replace("Praha", "Plzeň"), encoding="utf-8")
    assert any("Plzeň" in name for name in built(recipe).feature_names)
    assert len(stored(tmp_path)) == 2
    recipe["data"]["source"]["sha256"] = first.dataset.sha256
    with pytest.raises(InputError, match="has changed: its sha256 is"):
        built(recipe)


def test_an_interrupted_conversion_leaves_nothing(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    recipe = recipe_of(table, source={"in_memory": False})
    with monkeypatch.context() as patch:
        patch.setattr("nntrain.data.mapped.convert._learn", interrupt)
        with pytest.raises(KeyboardInterrupt):
            built(recipe)
    assert not stored(tmp_path)
    killed = tmp_path / "tables" / ".killed.nntrain"
    killed.mkdir()
    (killed / "lock").touch()
    built(recipe)
    assert [folder.name[0] for folder in stored(tmp_path)] == ["h"]


def test_a_full_disk_is_said_before_it_is_full(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=10_000))
    with pytest.raises(OutputError, match="No space left on device"):
        built(recipe_of(table, source={"in_memory": False}))
    assert not stored(tmp_path)


def test_a_directory_that_cannot_be_written_is_named(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NNTRAIN_CACHE_DIR", str(tmp_path / "file" / "tables"))
    with pytest.raises(InputError, match=r"(?s)cannot write the converted table.*NNTRAIN_CACHE_DIR"):
        built(recipe_of(table, source={"in_memory": False}))


def test_a_run_continues_from_a_table_that_is_converted_again(
    table: Path, tmp_path: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same weights as without a stop; the run directory holds none of the table."""
    monkeypatch.chdir(tmp_path)
    table.with_suffix(".yaml").write_text(json.dumps(recipe_of(table, source={"in_memory": False})))
    monkeypatch.setattr("nntrain.training.windows.WINDOW_BYTES", 8192)
    whole = nntrain("fit", "homes.yaml", "--set", "training.epochs=4", "--out", "whole", "--json")
    assert f"converting {table} to memory-mapped files" in whole.err
    first = nntrain("fit", "homes.yaml", "--out", "part", "--json")
    assert first.status == 0
    assert "converting" not in first.err
    for folder in stored(tmp_path):
        shutil.rmtree(folder)
    again = nntrain("fit", "--resume", "part", "--set", "training.epochs=4", "--json")
    assert again.status == 0
    assert again.json["certificate"]["weights"] == whole.json["certificate"]["weights"]
    assert again.json["test"] == whole.json["test"]
    assert again.json["baselines"]["skipped"] == "skipped, as the table is not in memory"
    assert not list((tmp_path / "part").rglob("*.npy"))
    own = nntrain("evaluate", "part")
    assert own.status == 2
    assert "its training data are not read into memory" in own.err
    assert "with --data" in own.err
    assert nntrain("evaluate", "part", "--data", table).status == 0
    assert "set it to true if they fit" in nntrain("doctor", "homes.yaml").err


def test_a_large_table_is_predicted_in_blocks(
    table: Path, tmp_path: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same predictions and notes as in one piece; a wrong cell ends it after the blocks before."""
    monkeypatch.chdir(tmp_path)
    table.with_suffix(".yaml").write_text(json.dumps(recipe_of(table)))
    assert nntrain("fit", "homes.yaml", "--out", "run", "-q").status == 0
    new = table.with_name("new.csv")
    new.write_text(table.read_text(encoding="utf-8").replace("Praha", "Paris"), encoding="utf-8")
    expected = nntrain("predict", "run", new, "--keep", "id")
    monkeypatch.setattr(mapped, "total", lambda: 1)
    found = nntrain("predict", "run", new, "--keep", "id")
    assert found == expected
    assert "filled in missing values in" in found.err
    assert "with a category not seen in training: 'Paris'" in found.err
    new.write_text(new.read_text(encoding="utf-8") + "x,1,many,Brno,no,2026-01-01,n,1,a\n", encoding="utf-8")
    wrong = nntrain("predict", "run", new)
    assert wrong.status == 2
    assert "column 'count': expected a finite number, found 'many'" in wrong.err
    assert f"only the first {wrong.out.count(chr(10)) - 1} predictions were printed" in wrong.err
