"""``nntrain doctor``: what it finds on recipes that are broken on purpose, and that it leaves healthy ones alone."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from nntrain.artifacts.lookup import load_recipe
from nntrain.data import Dataset
from nntrain.doctor.case import Case
from nntrain.doctor.data_facts import DataFacts, neighbor_scores, without_outliers
from nntrain.doctor.diagnoses import Diagnosis
from nntrain.doctor.edits import NO_EDIT, Edit
from nntrain.doctor.examine import examine
from nntrain.doctor.range_test import suggestion
from nntrain.recipe.document import read_document
from nntrain.recipe.edit import edited
from nntrain.recipe.overrides import override
from nntrain.registry import members
from nntrain.utils.resources import shipped_recipes
from tests.helpers import CommandLine

RECIPE = """# top
data: {source: digits}  # src
# about the model
model:
  hidden: [256]  # wide
optimizer: adam   # best
training:
  epochs: 100  # long

  # comment
seed: 1
"""


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer.lr": 0.01},
        {"model.hidden": [8, 4]},
        {"model.norm": "batch"},
        {"model.initializer": None},
        {"training.early_stopping.patience": 5},
        {"training.epochs": 5, "training.batch_size": 32},
        {"regularization.l2": 0.0},
        {"loss": {"name": "cross_entropy", "class_weights": "balanced"}},
        {"optimizer.lr": 1e-3, "optimizer.eps": 1e-8},
    ],
)
def test_an_edit_sets_keys_and_keeps_comments(settings: dict[str, object]) -> None:
    text, wanted = edited(RECIPE, settings), read_document("recipe", RECIPE)
    for key, value in settings.items():
        wanted = override(wanted, key, value, key)
    assert read_document("recipe", text).data == wanted.data
    for comment in ("# top", "# src", "# about the model", "# wide", "# best", "# long", "  # comment"):
        assert comment in text


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_can_be_edited(name: str) -> None:
    text = shipped_recipes()[name].read_text()
    for key, value in {"optimizer": "sgd", "model.hidden": [3], "loss": "mse", "data.test_seed": 7}.items():
        wanted = override(read_document("recipe", text), key, value, key)
        assert read_document("recipe", edited(text, {key: value})).data == wanted.data


def test_every_diagnosis_says_what_it_is() -> None:
    for name, kind in members(Diagnosis).items():
        text = inspect.getdoc(kind) or ""
        assert kind.title, name
        assert "Source:" in text, name
        assert text.partition("\n\n")[0].endswith("."), name


def test_list_prints_the_diagnoses(nntrain: CommandLine) -> None:
    listed = nntrain("list", "diagnoses", "--json").json
    assert {"learning_rate_too_high", "overfitting", "leak"} <= {one["name"] for one in listed}


def examined(name: str, *settings: str) -> list[str]:
    loaded = load_recipe(name, settings)
    report = examine(Case(loaded.document, loaded.folder, loaded.name), 120)
    return [found.id for found in report.found]


@pytest.mark.parametrize("name", ["line"])
def test_a_healthy_recipe_is_called_healthy(name: str) -> None:
    assert examined(name) == []


@pytest.mark.parametrize(
    ("name", "settings", "cause"),
    [
        ("moons", ["optimizer.lr=1e-5"], "learning_rate_too_low"),
        ("moons", ["training.epochs=1", "optimizer.lr=0.001"], "too_few_epochs"),
        ("moons", ["model.initializer=zeros"], "equal_units"),
        ("moons", ["regularization.l1=0.3"], "l1_too_strong"),
        ("moons", ["model.bias_initializer={name: constant, value: -20}"], "initial_biases"),
        ("wine", ["data.standardize=false"], "unscaled_features"),
        ("diabetes", ["data.standardize_target=false"], "unscaled_target"),
        ("friedman1", ["model.output=relu", "optimizer.lr=0.003"], "wrong_output"),
    ],
)
def test_the_cause_is_found_first(name: str, settings: list[str], cause: str) -> None:
    assert examined(name, *settings)[:1] == [cause]


def test_the_report_proves_its_cure_and_fix_writes_it(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = tmp_path / "my.yaml"
    recipe.write_text(shipped_recipes()["moons"].read_text() + "seed: 3  # mine\n")
    ended = nntrain("doctor", recipe, "--set", "optimizer.lr=3", "--json", "--fix")
    assert ended.status == 1
    found = ended.json["found"][0]
    assert (found["id"], found["rank"]) == ("learning_rate_too_high", 1)
    assert found["tried"][0]["gain"] > 0.2
    assert found["evidence"]["lr"] == 3
    fixed = (tmp_path / "my.fixed.yaml").read_text()
    assert yaml.safe_load(fixed)["optimizer"]["lr"] == ended.json["fix"]["optimizer.lr"] < 0.1
    assert "seed: 3  # mine" in fixed
    shown = nntrain("doctor", recipe, "--set", "optimizer.lr=3")
    assert "1  learning rate too high" in shown.out
    assert "--set optimizer.lr=" in shown.out


def test_a_healthy_recipe_takes_a_line_and_status_0(nntrain: CommandLine) -> None:
    ended = nntrain("doctor", "moons", "-q")
    assert ended.status == 0
    assert ended.out.startswith("healthy: ")
    assert ended.out.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["moons", "--budget", "soon"], "--budget: found 'soon'"),
        (["moons", "out.yaml"], "it is for --fix"),
        (["nothing.yaml"], "no such file"),
        (["moons", "--data", "rows.csv"], "path"),
    ],
)
def test_bad_input(nntrain: CommandLine, arguments: list[str], words: str) -> None:
    ended = nntrain("doctor", *arguments)
    assert ended.status == 2
    assert words in ended.err


def dataset(x: np.ndarray, y: np.ndarray, classes: tuple[str, ...] | None = None) -> Dataset:
    return Dataset(x, y, tuple(f"x{i}" for i in range(x.shape[1])), ("y",), classes)


def test_facts_of_the_rows() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(200, 5)), random.normal(size=(200, 1))
    x[:, 1], x[:, 2], x[:, 3] = x[:, 0], 7.0, 2 * y[:, 0] - 1
    x[[3, 50, 70], 4] = -999
    facts = DataFacts.of(dataset(x, y))
    assert facts.constant == ("x2",)
    assert facts.duplicated == (("x0", "x1"),)
    assert facts.leaks == ("x3",)
    assert facts.codes == {"x4": -999.0}
    assert facts.outliers.sum() == 3
    assert np.abs(without_outliers(dataset(x, y), np.arange(200)).x[:, 4]).max() < 10
    labels = random.integers(0, 3, 200)
    coded = np.column_stack([x[:, 0], np.array([5.0, 2.0, 9.0])[labels]])
    assert DataFacts.of(dataset(coded, labels, ("a", "b", "c"))).leaks == ("x1",)


def test_the_nearest_neighbors_tell_related_labels_from_shuffled_ones() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    assert neighbor_scores(x, y, 2)[0] > 0.6 > 0.15 > neighbor_scores(x, random.permutation(y), 2)[0]
    assert neighbor_scores(x, x[:, :1] ** 2, None)[0] > 0.7


def test_scores_do_not_depend_on_the_loss_or_the_scale_of_the_target(tmp_path: Path) -> None:
    loaded = load_recipe("diabetes", ["data.validation=0.2"])
    case = Case(loaded.document, loaded.folder, "diabetes")
    plain = case.run(NO_EDIT, 0, lambda: False)
    assert plain is not None
    assert plain.score == pytest.approx(plain.facts.scores("validation").metric, abs=0.1)
    assert case.run(Edit({"model.hidden": "many"}), 0, lambda: False) is None  # an edit that is not possible


def test_the_test_split_is_not_looked_at(tmp_path: Path) -> None:
    """With other targets in the test rows, everything that the doctor sees is the same."""
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    y = x[:, :1] * 3
    recipe: dict[str, object] = {"data": {"source": {"name": "csv", "path": "t.csv", "target": "y"}, "test_seed": 1}}
    recipe |= {"training": {"epochs": 3}, "optimizer": {"name": "adam", "lr": 0.01}}
    reports = []
    for wrong in (0.0, 1e6):
        changed = y.copy()
        if wrong:
            changed[rows_of_test(recipe, tmp_path)] = wrong
        lines = [f"{a},{b},{c}" for (a, b), (c,) in zip(x.tolist(), changed.tolist(), strict=True)]
        (tmp_path / "t.csv").write_text("a,b,y\n" + "\n".join(lines) + "\n")
        case = Case(read_document("r.yaml", json.dumps(recipe)), tmp_path, "r")
        trial = case.run(NO_EDIT, 0, lambda: False)
        assert trial is not None
        reports.append((trial.score, DataFacts.of(case.visible).target_std, case.visible.x.tobytes()))
    assert reports[0] == reports[1]


def rows_of_test(recipe: dict[str, object], folder: Path) -> np.ndarray:
    case = Case(read_document("r.yaml", json.dumps(recipe)), folder, "r")
    seen = {row.tobytes() for row in case.visible.x}
    return np.array([i for i, row in enumerate(case.dataset.x) if row.tobytes() not in seen])


def test_the_range_test_suggests_a_rate_that_trains(nntrain: CommandLine, tmp_path: Path) -> None:
    found = nntrain("lr", "moons", "--json").json
    assert found["current"] == 0.01
    assert 1e-4 < found["suggested"] < 1
    assert len(found["smoothed"]) == len(found["learning_rates"])
    rate = f"optimizer.lr={found['suggested']}"
    trained = nntrain("fit", "moons", "--set", rate, "--json", "--out", tmp_path / "run")
    assert trained.json["validation"]["accuracy"] > 0.95
    assert "suggested learning rate: " in nntrain("lr", "moons").out
    assert nntrain("lr", "line_search").status == 2


def test_the_suggestion_is_the_steepest_fall_before_the_minimum() -> None:
    rates = np.geomspace(1e-6, 1, 61)
    smoothed = 1 - 1 / (1 + np.exp(-8 * (np.log10(rates) + 3)))  # steepest at 1e-3
    assert suggestion(rates, smoothed) == pytest.approx(1e-3, rel=0.2)
    assert suggestion(rates, np.linspace(1, 2, 61)) is None


def test_sixteen_rows_are_learned_or_not(nntrain: CommandLine) -> None:
    learned = nntrain("overfit", "moons", "--json")
    assert (learned.status, learned.json["rows"], learned.json["learned"]) == (0, 16, True)
    equal = nntrain("overfit", "moons", "--set", "model.initializer=zeros")
    assert equal.status == 1
    assert "cannot learn 16 rows" in equal.out
    assert nntrain("overfit", "moons", "--rows", "100000").status == 2


def test_a_tables_target_is_scaled_as_fit_scales_it(tmp_path: Path) -> None:
    lines = "".join(f"{i},{1000 * i + 7 * (i % 5)}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(f"a,y\n{lines}")
    recipe = {"data": {"source": {"name": "table", "path": "t.csv", "target": "y"}}}
    case = Case(read_document("r.yaml", json.dumps(recipe)), tmp_path, "r")
    assert case.build(NO_EDIT, 0).plan.data.train.y.std() == pytest.approx(1)
