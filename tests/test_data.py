"""Data against scikit-learn: the same rows, the same splits, the same scaling, the same metrics."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import datasets, metrics
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from nntrain.data import Dataset, Source
from nntrain.data.partition import Splitting
from nntrain.data.prepare import prepare
from nntrain.data.preprocessing import Standardizer
from nntrain.data.split import split_rows, split_size
from nntrain.errors import InputError
from nntrain.metrics.accuracy import accuracy
from nntrain.metrics.r2 import r2
from nntrain.registry import members
from tests.helpers import CommandLine, refused

SOURCES = members(Source)
HERE = Path()


def load(name: str, seed: int = 0, **keys: Any) -> Dataset:
    return SOURCES[name](**keys).load(HERE, seed)


@pytest.mark.parametrize("rows", [1, 50, 101])
@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize("seed", [0, 7])
def test_generated_rows_are_scikit_learns(rows: int, noise: float, seed: int) -> None:
    same: list[tuple[Dataset, Any]] = [
        (
            load("moons", rows=rows, noise=noise, seed=seed),
            datasets.make_moons(rows, noise=noise or None, random_state=seed),
        ),
        (
            load("circles", rows=rows, noise=noise, seed=seed, factor=0.5),
            datasets.make_circles(rows, noise=noise or None, random_state=seed, factor=0.5),
        ),
        (
            load("blobs", rows=rows, noise=noise, seed=seed, classes=4, features=3),
            datasets.make_blobs(rows, 3, centers=4, cluster_std=noise, random_state=seed),
        ),
    ]
    for ours, (x, y) in same:
        np.testing.assert_array_equal(ours.x, x)
        np.testing.assert_array_equal(ours.y, y)
    ours = load("friedman1", rows=rows, noise=noise, seed=seed, features=7)
    x, y = datasets.make_friedman1(rows, 7, noise=noise, random_state=seed)
    np.testing.assert_array_equal(ours.x, x)
    np.testing.assert_allclose(ours.y[:, 0], y, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("digits", datasets.load_digits()),
        ("iris", datasets.load_iris()),
        ("wine", datasets.load_wine()),
        ("breast_cancer", datasets.load_breast_cancer()),
        ("diabetes", datasets.load_diabetes(scaled=False)),
    ],
)
def test_packaged_rows_are_scikit_learns(name: str, theirs: Any) -> None:
    ours = load(name)
    np.testing.assert_array_equal(ours.x, theirs.data)
    assert list(ours.feature_names) == list(theirs.feature_names)
    if ours.classes is None:
        np.testing.assert_array_equal(ours.y[:, 0], theirs.target)
    else:
        np.testing.assert_array_equal(ours.y, theirs.target)
        assert list(ours.classes) == [str(label) for label in theirs.target_names]


def test_the_line_and_the_sine_follow_their_rules() -> None:
    line = load("line", rows=50, noise=0.0, slope=2.0, intercept=-1.0)
    np.testing.assert_array_equal(line.y, 2 * line.x - 1)
    sine = load("sine", rows=50, noise=0.0, frequency=2.0)
    np.testing.assert_array_equal(sine.y, np.sin(2 * sine.x))
    noisy = load("line", rows=5000, noise=0.5)
    assert np.std(noisy.y - 3 * noisy.x - 1) == pytest.approx(0.5, rel=0.05)


def test_xor_is_whether_the_signs_differ() -> None:
    data = load("xor", rows=200, noise=0.1)
    np.testing.assert_array_equal(data.y, (data.x[:, 0] * data.x[:, 1] < 0).astype(int))
    assert np.bincount(data.y).tolist() == [100, 100]


def test_spirals_have_arms_that_are_turned_copies() -> None:
    data = load("spirals", rows=400, noise=0.0, classes=2, turns=1.5)
    r = np.hypot(*data.x.T)
    angle = 2 * np.pi * (1.5 * r + data.y / 2)
    np.testing.assert_allclose(data.x, np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1), atol=1e-12)


GENERATED = [name for name, source in SOURCES.items() if "rows" in source.model_fields and name != "point"]


@pytest.mark.parametrize("name", GENERATED)
def test_a_source_takes_its_own_seed_or_the_recipes(name: str) -> None:
    one, other = load(name, seed=1), load(name, seed=2)
    assert (one.x != other.x).any()
    np.testing.assert_array_equal(one.x, load(name, seed=1).x)
    np.testing.assert_array_equal(load(name, seed=5).x, SOURCES[name](seed=5).load(HERE, 99).x)  # type: ignore[call-arg]


@settings(max_examples=200, deadline=None)
@given(rows=st.integers(2, 60), taken=st.integers(1, 59), seed=st.integers(0, 2**32 - 1))
def test_a_split_is_scikit_learns(rows: int, taken: int, seed: int) -> None:
    assume(taken < rows)
    expected = train_test_split(np.arange(rows), test_size=taken, random_state=seed)
    for ours, theirs in zip(split_rows(rows, taken, seed), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=200, deadline=None)
@given(
    counts=st.lists(st.integers(2, 12), min_size=2, max_size=6),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 999),
)
def test_a_stratified_split_is_scikit_learns(counts: list[int], fraction: float, seed: int) -> None:
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    rows, taken = classes.size, split_size(fraction, classes.size)
    assume(len(counts) <= taken <= rows - len(counts))
    expected = train_test_split(np.arange(rows), test_size=fraction, random_state=seed, stratify=classes)
    for ours, theirs in zip(split_rows(rows, taken, seed, classes), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_the_parts_are_scikit_learns_two_splits_one_after_the_other(name: str) -> None:
    data = load(name)
    parts = prepare(data, Splitting(0.2, 0.15, True, 3), standardize=False, standardize_target=False)
    assert parts.validation is not None
    assert parts.test is not None
    rest_x, test_x, rest_y, test_y = train_test_split(data.x, data.y, test_size=0.15, random_state=3, stratify=data.y)
    train_x, validation_x, train_y, validation_y = train_test_split(
        rest_x, rest_y, test_size=split_size(0.2, len(data.x)), random_state=3, stratify=rest_y
    )
    for part, x, y in (
        (parts.train, train_x, train_y),
        (parts.validation, validation_x, validation_y),
        (parts.test, test_x, test_y),
    ):
        np.testing.assert_array_equal(part.x, x)
        np.testing.assert_array_equal(part.y, y)


def test_scaling_is_fitted_on_the_training_part_only() -> None:
    data = load("diabetes")
    parts = prepare(data, Splitting(0.15, 0.15, True, 0), standardize=True, standardize_target=True)
    raw = prepare(data, Splitting(0.15, 0.15, True, 0), standardize=False, standardize_target=False)
    assert parts.test is not None
    assert raw.test is not None
    scaler, target_scaler = StandardScaler().fit(raw.train.x), StandardScaler().fit(raw.train.y)
    np.testing.assert_allclose(parts.train.x, scaler.transform(raw.train.x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(parts.test.x, scaler.transform(raw.test.x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(parts.test.y, target_scaler.transform(raw.test.y), rtol=1e-12)
    assert parts.targets is not None
    np.testing.assert_allclose(parts.targets.invert(parts.test.y), raw.test.y, rtol=1e-12)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_columns_whose_squares_overflow_or_vanish_are_standardized_too(size: float) -> None:
    x = np.stack([[1.0, 2.0, -1.5, 0.5], np.full(4, 3.0)], axis=1)
    ours, theirs = Standardizer.fit(x * size), StandardScaler().fit(x)
    np.testing.assert_allclose(ours.mean, theirs.mean_ * size, rtol=1e-14)
    np.testing.assert_allclose(ours.scale, [theirs.scale_[0] * size, 1], rtol=1e-14)
    np.testing.assert_allclose(ours.apply(x * size), theirs.transform(x), rtol=1e-12)


def test_standardizing_is_scikit_learns_with_constant_and_huge_columns() -> None:
    random = np.random.default_rng(0)
    columns = (
        np.ones(40),
        np.full(40, 1e15) + random.integers(0, 2, 40),
        random.standard_normal(40) * 1e-9,
        np.arange(40),
    )
    x = np.stack([*columns, np.full(40, 0.1)], axis=1)
    ours, theirs = Standardizer.fit(x), StandardScaler().fit(x)
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-14)
    np.testing.assert_allclose(ours.scale, theirs.scale_, rtol=1e-9)
    np.testing.assert_allclose(ours.apply(x), theirs.transform(x), rtol=1e-9, atol=1e-9)


def test_metrics_are_scikit_learns() -> None:
    random = np.random.default_rng(0)
    y, predicted = random.integers(0, 3, 50), random.integers(0, 3, 50)
    assert accuracy(y, predicted) == metrics.accuracy_score(y, predicted)
    truth, guess = random.standard_normal((30, 2)), random.standard_normal((30, 2))
    assert r2(truth, guess) == pytest.approx(metrics.r2_score(truth, guess), rel=1e-13)
    constant = np.hstack([truth[:, :1], np.ones((30, 1))])
    assert r2(constant, guess) == pytest.approx(metrics.r2_score(constant, guess), rel=1e-13)
    assert r2(np.ones((3, 1)), np.ones((3, 1))) == metrics.r2_score(np.ones(3), np.ones(3)) == 1
    assert r2(np.ones((1, 1)), np.ones((1, 1))) is None
    assert r2(truth, np.full((30, 2), 1e200)) is None  # not a number that JSON could hold


def classes(*counts: int) -> Dataset:
    y = np.repeat(np.arange(len(counts)), counts)
    return Dataset(np.zeros((y.size, 1)), y, ("x",), ("class",), tuple("abcdefgh"[: len(counts)]))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (classes(5, 0), ["only one class", "'a'"]),
        (classes(30, 2), ["class 'b' has 2 rows", "at least 3"]),
        (classes(*[4] * 8), ["5 rows", "8 classes"]),
        (classes(1, 1), ["2 rows: validation 0.15 and test 0.15 leave none"]),
    ],
)
def test_data_that_cannot_be_split_are_refused(data: Dataset, words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        prepare(data, Splitting(0.15, 0.15, True, 0), standardize=True, standardize_target=False)
    for word in words:
        assert word in str(error.value)


def test_without_stratifying_rare_classes_may_be_missing_from_a_part() -> None:
    data = classes(30, 1)
    parts = prepare(data, Splitting(0.2, 0.2, False, 0), standardize=True, standardize_target=False)
    assert parts.validation is not None
    assert parts.test is not None
    assert [len(part.x) for part in (parts.train, parts.validation, parts.test)] == [17, 7, 7]


def test_a_single_class_is_allowed_where_the_classes_are_listed(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    text = "data: {source: {name: given, x: [[1]], o: [yes]SOME}, validation: 0, test: 0, standardize: false}\n"
    text = text.replace("[yes]", "['yes']") + "model: {hidden: []}\nloss: bce\ntraining: {epochs: 1}\n"
    recipe.write_text(text.replace("SOME", ", classes: ['no', 'yes']"))
    assert nntrain("fit", recipe, "-q", "--json").json["train"]["loss"] > 0
    assert nntrain("trace", recipe, "--json").json["classes"]["target"] == 1
    recipe.write_text(text.replace("SOME", ""))
    assert "only one class: 'yes'" in refused(nntrain, "fit", recipe)
    recipe.write_text(text.replace("SOME", ", classes: ['no', 'maybe']"))
    assert "o has 'yes', which is not one of the classes" in refused(nntrain, "fit", recipe)
    recipe.write_text(text.replace("SOME", ", classes: ['yes', 'yes']"))
    assert "a class is listed twice" in refused(nntrain, "fit", recipe)
