"""Column roles: what they learn and how they encode, against scikit-learn's transformers."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from nntrain.data.columns import Column, FittedColumn
from nntrain.data.columns.categorical import Categorical
from nntrain.data.columns.values import ValuesInMemory
from nntrain.data.encoder import Encoder
from nntrain.data.partition import Splitting
from nntrain.data.prepare import prepare, split_dataset
from nntrain.data.preprocessing import Standardizer
from nntrain.data.reading.files import read_table
from nntrain.data.roles import find_role
from nntrain.data.table import TableFile
from nntrain.data.text_table import Table
from nntrain.errors import InputError
from nntrain.registry import members
from tests.helpers import make


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table_of(cells: list[str], name: str = "a", tokens: frozenset[str] = frozenset()) -> Table:
    """Return a table with one column, and a second one so that no row is empty."""
    Path("t.csv").write_text(f"{name},z\n" + "".join(f'"{cell}",1\n' for cell in cells))
    return replace(read_table("t.csv"), tokens=tokens)


def encoded(role: Column, train: list[str], new: list[str]) -> tuple[FittedColumn, NDArray[Any]]:
    """Return a column fitted on the cells ``train``, and its features of ``new``."""
    raw = role.read(table_of(train), "a")
    assert not raw.problems
    fitted = role.fit("a", ValuesInMemory(raw.values), raw.levels)
    np.testing.assert_array_equal(  # the two codings of one column agree
        fitted.encode(fitted.recode(raw.values, raw.levels)), fitted.encode(fitted.read(table_of(train)).values)
    )
    restored = type(fitted).model_validate_json(fitted.model_dump_json())
    return fitted, restored.encode(restored.read(table_of(new)).values)


TRAIN = ["3", "", "1.5", "3", "10", "", "2"]
NEW = ["", "7", "-1e3"]


@pytest.mark.parametrize("impute", ["median", "mean", "most_frequent", "constant"])
def test_numbers_are_imputed_as_by_scikit_learn(impute: str) -> None:
    fitted, found = encoded(make(Column, "numeric", impute=impute, fill=-9.0), TRAIN, NEW)
    imputer = SimpleImputer(strategy=impute, fill_value=-9.0, add_indicator=True)
    imputer.fit(np.array([[float(cell or "nan")] for cell in TRAIN]))
    np.testing.assert_array_equal(found, imputer.transform(np.array([[float(cell or "nan")] for cell in NEW])))
    assert fitted.features() == (("a", False), ("a missing", True))


def test_no_gaps_in_training_give_no_indicator() -> None:
    fitted, found = encoded(make(Column, "numeric"), ["1", "2", "6"], ["", "5"])
    np.testing.assert_array_equal(found, [[2], [5]])
    assert fitted.features() == (("a", False),)


@pytest.mark.parametrize(("most", "least"), [(100, 1), (3, 1), (100, 3), (4, 2), (1, 1), (2, 5)])
def test_categories_are_encoded_as_by_scikit_learn(most: int, least: int) -> None:
    random = np.random.default_rng(most + least)
    train = random.choice(list("abcdefgh"), 60, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02]).tolist()
    new = [*"abcdefgh", "unseen", "A"]
    fitted, found = encoded(make(Column, "categorical", max_categories=most, min_count=least), train, new)
    theirs = OneHotEncoder(
        max_categories=most, min_frequency=least, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    theirs.fit(np.array(train)[:, None])
    np.testing.assert_array_equal(found, theirs.transform(np.array(new)[:, None]))
    assert all(indicator for _, indicator in fitted.features())


def test_missing_categories_have_an_indicator_of_their_own() -> None:
    fitted, found = encoded(Categorical(min_count=2), ["u", "v", "", "u", "v", "w"], ["", "u", "w", "x"])
    assert [name for name, _ in fitted.features()] == ["a=u", "a=v", "a rare", "a missing"]
    np.testing.assert_array_equal(found, [[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]])
    _, found = encoded(Categorical(min_count=1), ["u", "v"], ["", "x", "v"])
    np.testing.assert_array_equal(found, [[0, 0], [0, 0], [0, 1]])


def test_unseen_categories_are_counted_or_refused() -> None:
    raw = Categorical().read(table_of(["u", "v", "u"]), "a")
    fitted = Categorical().fit("a", ValuesInMemory(raw.values), raw.levels)
    assert fitted.read(table_of(["u", "x", "y", "x"])).unseen == (("x", 2), ("y", 1))
    strict = Categorical(unseen="error").fit("a", ValuesInMemory(raw.values), raw.levels)
    (problem,) = strict.read(table_of(["u", "x", "y", "x"])).problems
    assert str(problem).startswith(
        "t.csv:3: column 'a': unknown category 'x' (and in 2 more rows, such as 'y' in line 4)"
    )


def test_ranks_are_those_of_scikit_learn() -> None:
    order = ["low", "mid", "high"]
    _, found = encoded(make(Column, "ordinal", order=order), ["low", "high", "", "mid", "mid"], ["high", "", "low"])
    theirs = OrdinalEncoder(categories=[order]).fit_transform([["high"], ["low"]])
    np.testing.assert_array_equal(found, [[theirs[0, 0], 0], [1, 1], [theirs[1, 0], 0]])
    (problem,) = make(Column, "ordinal", order=order).read(table_of(["low", "hgh"]), "a").problems
    assert "t.csv:3: column 'a': unknown category 'hgh'\n  did you mean high?" in str(problem)


def test_truth_values() -> None:
    _, found = encoded(make(Column, "boolean"), ["yes", "No", "", "YES"], ["no", "", "yes"])
    np.testing.assert_array_equal(found, [[0, 0], [1, 1], [1, 0]])
    (problem,) = make(Column, "boolean").read(table_of(["yes", "maybe"]), "a").problems
    assert "t.csv:3: column 'a': expected true or false, found 'maybe'" in str(problem)


@pytest.mark.parametrize("form", ["{:%Y-%m-%d}", "{:%d.%m.%Y}", "{:%m/%d/%Y}", "{:%Y-%m-%dT%H:%M:%S}"])
def test_dates_have_parts(form: str) -> None:
    days = np.array(["1969-12-31", "1970-01-01", "2024-02-29", "2026-11-26"], "datetime64[D]").tolist()
    parts = ["days", "year", "month", "day", "weekday"]
    fitted, found = encoded(
        make(Column, "date", parts=parts), [form.format(day) for day in days], [form.format(days[2])]
    )
    day = days[2]
    np.testing.assert_array_equal(found, [[19782, day.year, day.month, day.day, day.weekday()]])
    assert [name for name, _ in fitted.features()] == [f"a {part}" for part in parts]
    (problem,) = fitted.read(table_of(["yesterday"])).problems
    assert "column 'a': expected a date" in str(problem)


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        (["1", "2.5", "-1e-3"], "numeric"),
        (["1", "NA", "2"], "numeric"),
        (["1", "2", "x"], "numeric"),  # which is then reported
        (["007", "123", "456"], "categorical"),
        (["0", "10", "20"], "numeric"),
        (["true", "False", ""], "boolean"),
        (["yes", "no", "yes"], "boolean"),
        (["yes", "no", "maybe", "no"], "categorical"),
        (["f", "f", "f"], "categorical"),  # m may follow
        (["0", "1", "1"], "numeric"),
        (["2020-01-31", "2021-02-28"], "date"),
        (["31.12.2020", "01.01.2021"], "date"),
        (["2010/01/01 00:00", "2010/01/01 01:00"], "date"),
        (["2020-01-31", "2021-02-30"], "categorical"),
        (["red", "blue", "red"], "categorical"),
        (["NA", "DE", "NA"], "categorical"),  # Namibia
        (["Ann", "Bob", "Cid"], "ignore"),
        (["x" * 60, "y" * 60, "x" * 60], "ignore"),
        (["", "", ""], "ignore"),
    ],
)
def test_roles_are_found(cells: list[str], role: str) -> None:
    assert find_role(table_of(cells), "a").column.name == role


@pytest.mark.parametrize(
    ("name", "cells", "role"),
    [
        ("id", ["1", "2", "3"], "ignore"),
        ("PassengerId", ["5", "9", "7"], "ignore"),
        ("customer_id", ["1", "2", "2"], "numeric"),  # repeats
        ("x", ["1", "2", "3"], "numeric"),
        ("width", ["1", "2", "3"], "numeric"),
        ("paid", ["1", "2", "3"], "numeric"),
        ("id", ["1.5", "2.5", "3.5"], "numeric"),
    ],
)
def test_identifiers_are_found(name: str, cells: list[str], role: str) -> None:
    assert find_role(table_of(cells, name), name).column.name == role


def test_named_tokens_are_missing_whatever_the_role() -> None:
    source = TableFile.model_validate({"path": "t.csv", "target": "z", "missing": ["NA", -999]})
    assert {"NA", "-999", "-999.0"} <= source.tokens
    assert table_of(["NA", "-999", "DE"], tokens=source.tokens).cells("a").to_list() == [None, None, "DE"]


def mixed(rows: int = 120) -> str:
    """Return a table with a column of each kind, with gaps."""
    lines = ["id,age,sex,city,born,member,y"]
    for i in range(rows):
        cells = (i, "" if i % 7 == 0 else i % 50, "mf"[i % 2], ("Rome", "NA", "Oslo", "")[i % 4])
        born, member = f"19{50 + i % 50}-0{1 + i % 9}-1{i % 9}", ("yes", "no", "")[i % 3]
        lines.append(",".join(map(str, (*cells, born, member, ("a", "b")[i % 2]))))
    return "\n".join(lines) + "\n"


def test_a_table_is_encoded_by_what_the_training_split_shows() -> None:
    Path("m.csv").write_text(mixed())
    dataset = TableFile(path="m.csv", target="y").load(Path(), 0)
    assert dataset.feature_names == ("age", "sex", "city", "born", "member")
    assert any("'id' looks like an identifier" in note for note in dataset.notes)
    how = Splitting(0.2, 0.2, True, 1)
    data = prepare(dataset, how, standardize=True, standardize_target=False)
    raw = split_dataset(dataset, how)
    encoder = data.encoder
    assert encoder is not None
    assert data.test is not None
    assert dataset.columns is not None
    train, test = (encoder.apply(encoder.recode(dataset.columns, raw[name].x)) for name in ("train", "test"))
    numbers = ~encoder.indicators
    scaler = StandardScaler().fit(train[:, numbers])
    np.testing.assert_allclose(data.test.x[:, numbers], scaler.transform(test[:, numbers]), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(data.test.x[:, ~numbers], test[:, ~numbers])
    assert set(np.unique(data.train.x[:, ~numbers])) == {0.0, 1.0}
    ages = raw["train"].x[:, 0]
    assert encoder.columns[0].model_dump()["fill"] == np.nanmedian(ages)


def test_names_of_features_differ() -> None:
    lines = "".join(f"{i or ''},{i * i},{i + 0.5}\n" for i in range(20))
    Path("m.csv").write_text("a,a missing,y\n" + lines)
    dataset = TableFile(path="m.csv", target="y").load(Path(), 0)
    encoder = Encoder.fit(dataset.columns or (), dataset.x)
    assert encoder.names == ("a", "a missing", "a missing (2)")


def test_rows_without_a_target_are_left_out_and_keep_their_lines() -> None:
    Path("m.csv").write_text("a,y\n1,1.5\n2,\n3,NA\n4,4.5\nx5,5.5\n6,6.5\n7,7.5\n")
    with pytest.raises(InputError, match=r"m.csv:6: column 'a': expected a finite number, found 'x5'"):
        TableFile(path="m.csv", target="y").load(Path(), 0)
    Path("m.csv").write_text("a,y\n1,1.5\n2,\n3,NA\n4,4.5\n6,6.5\n")
    dataset = TableFile(path="m.csv", target="y").load(Path(), 0)
    np.testing.assert_array_equal(dataset.y[:, 0], [1.5, 4.5, 6.5])
    assert "2 rows without a target left out" in dataset.notes
    Path("m.csv").write_text("a,y\n1,\n2,\n")
    with pytest.raises(InputError, match="no row has a target 'y'"):
        TableFile(path="m.csv", target="y").load(Path(), 0)


def test_roles_and_exclusions_of_the_recipe_hold() -> None:
    Path("m.csv").write_text(mixed())
    keys: dict[str, Any] = {"path": "m.csv", "target": "y"}
    source = TableFile.model_validate({**keys, "columns": {"id": "numeric", "sex": "ignore"}, "exclude": ["born"]})
    assert source.load(Path(), 0).feature_names == ("id", "age", "city", "member")
    for wrong, words in (
        ({"columns": {"sx": "ignore"}}, "no column 'sx'"),
        ({"exclude": ["born", "born"]}, "names 'born' twice"),
        ({"features": ["id"]}, "no column is left to predict from"),
        ({"columns": {"city": "boolean"}}, "m.csv:2: column 'city': expected true or false, found 'Rome'"),
        ({"columns": {"city": "date"}}, "expected a date"),
    ):
        with pytest.raises(InputError, match=words):
            TableFile.model_validate({**keys, **wrong}).load(Path(), 0)


@pytest.mark.parametrize("name", sorted(members(FittedColumn)))
def test_every_role_survives_json(name: str) -> None:
    assert name in {*members(Column), "quantile"}


def test_adjacent_roles_do_not_mix() -> None:
    """Each column's features stay together, in the order of the table."""
    Path("m.csv").write_text(mixed())
    dataset = TableFile(path="m.csv", target="y").load(Path(), 0)
    encoder = Encoder.fit(dataset.columns or (), dataset.x)
    owners = [column.column for column in encoder.columns for _ in column.features()]
    assert sum(a != b for a, b in pairwise(owners)) == len(encoder.columns) - 1
    assert encoder.apply(dataset.x).shape == (120, len(owners))


@pytest.mark.parametrize(
    ("scaling", "scaler"), [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler())]
)
def test_scalings_are_those_of_scikit_learn(scaling: Any, scaler: Any) -> None:
    random = np.random.default_rng(0)
    x = np.stack([random.normal(5, 3, 40), random.lognormal(9, 2, 40), np.full(40, 7.0), random.integers(0, 2, 40)], 1)
    new = random.normal(size=(9, 4)) * 10
    found = Standardizer.of(x, scaling)
    np.testing.assert_allclose(found.apply(new), scaler.fit(x).transform(new), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.invert(found.apply(x)), x, rtol=1e-12, atol=1e-12)
    huge = Standardizer.of(np.array([[-1.7e308], [1.7e308], [0.0]]), scaling)
    assert np.isfinite([huge.mean, huge.scale]).all()


def test_a_column_has_a_scaling_of_its_own() -> None:
    Path("m.csv").write_text(mixed())
    keys = {"path": "m.csv", "target": "y", "columns": {"age": {"name": "numeric", "scale": "minmax"}, "id": "numeric"}}
    dataset = TableFile.model_validate(keys).load(Path(), 0)
    settings: dict[str, Any] = {"how": Splitting(0, 0.2, True, 1), "standardize_target": False}
    data = prepare(dataset, **settings, standardize=True, scaling="robust")
    assert data.encoder is not None
    assert data.inputs is not None
    names = list(data.encoder.names)
    age, number, sex = (data.train.x[:, names.index(name)] for name in ("age", "id", "sex=f"))
    assert (age.min(), age.max()) == (0, 1)
    np.testing.assert_allclose(np.percentile(number, [50, 75]) - np.percentile(number, [50, 25]), [0, 1], atol=1e-12)
    assert set(sex) == {0, 1}
    data = prepare(dataset, **settings, standardize=False)
    assert data.inputs is not None  # of the age alone
    assert (data.inputs.scale != 1).sum() == 1


def test_only_roles_and_levels_come_from_rows_outside_the_training_split() -> None:
    Path("m.csv").write_text(mixed())
    dataset = TableFile.model_validate({"path": "m.csv", "target": "y", "columns": {"id": "numeric"}}).load(Path(), 0)
    how = Splitting(0.2, 0.2, True, 1)
    scaled: dict[str, Any] = {"how": how, "standardize": True, "standardize_target": False}
    train = np.isin(dataset.x[:, 0], split_dataset(dataset, how)["train"].x[:, 0])
    changed = dataset.x.copy()
    changed[~train, :2] = 1e6  # numbers
    changed[~train, 2:4] = 0  # the first category
    changed[~train, 4] = np.nan
    data, other = prepare(dataset, **scaled), prepare(replace(dataset, x=changed), **scaled)
    assert data.encoder is not None
    assert other.encoder is not None
    assert data.encoder.to_json() == other.encoder.to_json()
    assert data.inputs is not None
    assert other.inputs is not None
    assert data.inputs.to_json() == other.inputs.to_json()
    np.testing.assert_array_equal(data.train.x, other.train.x)


def test_a_table_of_one_row() -> None:
    Path("m.csv").write_text("a,b,y\n1.5,u,2.5\n")
    dataset = TableFile(path="m.csv", target="y").load(Path(), 0)
    data = prepare(dataset, Splitting(0, 0, True, 0), standardize=True, standardize_target=True)
    assert data.train.x.tolist() == [[0, 1]]  # the only category counts as rare
    assert data.targets is not None
    assert data.targets.invert(data.train.y).tolist() == [[2.5]]


@pytest.mark.parametrize("rows", [7, 40, 1500])
def test_quantiles_are_those_of_scikit_learn(rows: int) -> None:
    random = np.random.default_rng(rows)
    train = np.round(random.lognormal(2, 1, rows), 1)
    new = np.concatenate(
        [np.round(random.lognormal(2, 2, 50), 1), train[:5], [train.min(), train.max(), -1e300, 1e300]]
    )
    fitted = make(Column, "numeric", scale="quantile").fit("a", ValuesInMemory(train), ())
    theirs = QuantileTransformer(n_quantiles=min(1000, rows), subsample=None).fit(train[:, None])
    np.testing.assert_allclose(fitted.encode(new), theirs.transform(new[:, None]), rtol=1e-12, atol=1e-12)
    assert type(fitted).model_validate_json(fitted.model_dump_json()) == fitted
    with pytest.raises(ValueError, match="not in order"):
        type(fitted).model_validate({**fitted.model_dump(), "quantiles": [2.0, 1.0]})


def test_all_numbers_are_scaled_by_quantiles() -> None:
    Path("m.csv").write_text(mixed())
    dataset = TableFile(path="m.csv", target="y").load(Path(), 0)
    settings: dict[str, Any] = {"how": Splitting(0, 0.2, True, 1), "standardize_target": False}
    data = prepare(dataset, **settings, standardize=True, scaling="quantile")
    assert data.encoder is not None
    names = list(data.encoder.names)
    age, born = (data.train.x[:, names.index(name)] for name in ("age", "born days"))
    assert (age.min(), age.max()) == (0, 1)
    np.testing.assert_allclose([born.mean(), born.std()], [0, 1], atol=1e-12)
    plain = replace(dataset, columns=None, x=np.random.default_rng(0).normal(size=(120, 5)))
    data = prepare(plain, **settings, standardize=True, scaling="quantile")
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    assert data.encoder is not None
    assert data.encoder.names == dataset.feature_names


def test_the_largest_numbers_are_encoded() -> None:
    Path("m.csv").write_text("a,y\n" + "".join(f"{1 + i % 17 / 30}e308,{i}.5\n" for i in range(30)))
    dataset = TableFile(path="m.csv", target="y").load(Path(), 0)
    settings: dict[str, Any] = {"how": Splitting(0, 0.2, True, 1), "standardize_target": True}
    for scaling in ("standard", "quantile"):
        data = prepare(dataset, **settings, standardize=True, scaling=scaling)
        assert np.isfinite(data.train.x).all()
