"""What the doctor sees in rows: numbered, repeated and shifted ones, outliers, codes and contradicted labels."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nntrain.data import Dataset
from nntrain.data.prepare import Split
from nntrain.diagnostics.verdict import judge
from nntrain.doctor.case import Case, training_rows
from nntrain.doctor.data_facts import DataFacts, neighbor_scores, without_outliers
from nntrain.doctor.diagnoses.scaling import Outliers
from nntrain.doctor.diagnoses.task import ClassesAsNumbers
from nntrain.doctor.edits import NO_EDIT, Edit
from nntrain.doctor.evidence import Evidence
from nntrain.doctor.row_facts import contradicted, numbered, repeated, shifts
from nntrain.doctor.scores import label_errors
from nntrain.doctor.trial import gain
from nntrain.recipe.document import read_document

ROWS = 200


def dataset(x: np.ndarray, y: np.ndarray, classes: tuple[str, ...] | None = None) -> Dataset:
    return Dataset(x, y, tuple(f"x{i}" for i in range(x.shape[1])), ("y",), classes)


def case_of(folder: Path, table: pl.DataFrame) -> Case:
    table.write_csv(folder / "t.csv")
    recipe = {"data": {"source": {"name": "table", "path": "t.csv", "target": "y"}}}
    return Case(read_document("r.yaml", json.dumps(recipe)), folder, "r")


def test_numbered_rows_and_whether_they_are_sorted_by_the_target() -> None:
    random = np.random.default_rng(0)
    order = random.permutation(ROWS)
    labels = (order >= 80).astype(np.int64)
    x = np.column_stack([order, random.normal(size=ROWS), random.integers(0, 9, ROWS)])
    assert numbered(dataset(x, labels, ("a", "b")), ROWS) == (("x0", True),)
    assert numbered(dataset(x, random.permutation(labels), ("a", "b")), ROWS) == (("x0", False),)
    assert numbered(dataset(x, np.sqrt(order)[:, None]), ROWS) == (("x0", True),)
    assert numbered(dataset(x * 100, labels, ("a", "b")), ROWS) == ()  # with large gaps, it is a measurement


def test_repeated_rows_but_not_those_that_chance_repeats() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(ROWS, 2)), random.normal(size=(ROWS, 1))
    train, other = Split(x[:150], y[:150]), Split(x[150:], y[150:])
    half = Split(np.r_[x[150:175], x[:25]], np.r_[y[150:175], y[:25]])
    assert repeated(train, other) == 0
    assert repeated(train, half) == 0.5
    truth = random.integers(0, 2, (ROWS, 2)).astype(float)
    table = Split(truth, truth[:, :1])
    assert repeated(table, table) == 0


def test_splits_that_differ() -> None:
    random = np.random.default_rng(0)
    train, other = (Split(random.normal(size=(n, 3)), np.zeros(n)) for n in (300, 80))
    assert shifts(train, other, ("a", "b", "c")) == ()
    moved = Split(other.x + np.array([0, 1.5, 0]), other.y)
    (found,) = shifts(train, moved, ("a", "b", "c"))
    assert found.name == "b"
    assert found.errors > 6


def test_labels_that_contradict_their_neighbors() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2))
    y = (x[:, 0] > 0).astype(np.int64)
    assert contradicted(x, y) < 0.03
    wrong = y.copy()
    wrong[:40] = 1 - y[:40]
    assert contradicted(x, wrong) > 0.05


def test_a_rare_class_that_is_never_voted_for_is_related_to_the_features() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 2))
    rare = (x[:, 0] + 0.8 * random.normal(size=500) > 2.2).astype(np.int64)
    score, correlation = neighbor_scores(x, rare, 2)
    assert score <= 0.2
    assert correlation > 0.25
    assert neighbor_scores(x, random.permutation(rare), 2)[1] < 0.1


def test_codes_of_missing_values_repeat_far_from_all_others() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 3))
    x[:60, 0], x[:60, 1] = -999, 4.0  # a third of a column is missing; 4 is not far
    assert DataFacts.of(dataset(x, random.normal(size=(ROWS, 1)))).codes == {"x0": -999.0}


@pytest.mark.parametrize(("loss", "suspected"), [("mse", True), ("poisson", False)])
def test_counts_are_not_taken_for_classes(tmp_path: Path, loss: str, suspected: bool) -> None:
    counts = np.random.default_rng(0).poisson(2.0, ROWS)
    pl.DataFrame({"a": np.sqrt(counts), "y": counts}).write_csv(tmp_path / "t.csv")
    source = {"name": "table", "path": "t.csv", "target": "y", "task": "regression"}
    recipe = {"data": {"source": source, "standardize_target": False}, "loss": loss, "training": {"epochs": 2}}
    case = Case(read_document("r.yaml", json.dumps(recipe)), tmp_path, "r")
    trial = case.run(NO_EDIT, 0, lambda: False)
    assert trial is not None
    assert (ClassesAsNumbers().suspect(Evidence(case, trial, judge(trial.facts))) is not None) is suspected


def test_outliers_are_cured_by_another_scaling(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 2))
    y = x.sum(axis=1)
    x[:4] += 1e5
    case = case_of(tmp_path, pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y}))
    trial = case.run(NO_EDIT, 0, lambda: False)
    assert trial is not None
    found = Outliers().suspect(Evidence(case, trial, judge(trial.facts)))
    assert found is not None
    assert [dict(edit.settings) for edit in found.edits] == [{"data.scaling": "quantile"}, {"data.scaling": "robust"}]
    cured = case.run(found.edits[0], 0, lambda: False)
    assert cured is not None
    assert gain(trial, cured, "score")[0] > 0.1


def test_several_labels_are_scored_by_the_mean_over_the_labels() -> None:
    y, train = np.array([[0, 1], [0, 1], [1, 1], [1, 0]]), np.array([[0, 1], [0, 1]])
    assert label_errors(np.array([[1, 0], [0, 0], [0, 0], [0, 1]]), y, train)[0].tolist() == [1.0, 0.0, 0.0, 2.0]


def test_outliers_of_a_table_are_replaced_by_medians_of_the_training_split(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=ROWS)
    x[:3] = 1e6
    table = pl.DataFrame({"a": x, "b": random.choice(["p", "q"], ROWS), "y": random.normal(size=ROWS)})
    case = case_of(tmp_path, table)
    train = training_rows(case.recipe, case.dataset)
    assert len(train) == len(case.build(NO_EDIT, 0).plan.data.train.x)
    cleaned = without_outliers(case.dataset, train)
    assert cleaned.x[:3, 0] == pytest.approx(np.median(case.dataset.x[train, 0]))
    assert (cleaned.x[:, 1] == case.dataset.x[:, 1]).all()
    other = replace(case.dataset, x=np.where(np.isin(np.arange(ROWS), train)[:, None], case.dataset.x, 5.0))
    assert without_outliers(other, train).x[train].tolist() == cleaned.x[train].tolist()
    edited = case.build(Edit(rows=without_outliers, text="cleaned"), 0)
    assert np.abs(edited.plan.data.train.x).max() < 10
