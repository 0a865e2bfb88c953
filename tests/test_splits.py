"""Splits by a column, by groups, by time, in a test file, and by fold: which row is where."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from nntrain.data import Dataset
from nntrain.data.folds import Fold
from nntrain.data.partition import Splitting, partition
from nntrain.data.prepare import prepare
from nntrain.data.table import TableFile
from nntrain.errors import InputError

ROWS = 60
WORDS = ("train", "TEST", "val", "training")
HOW = Splitting(0.15, 0.15, True, 3)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table whose rows belong to 11 people and 28 days, in no order."""
    lines = [f"p{i % 11},2026-01-{1 + (i * 17) % 28:02d},{WORDS[i % 4]},{i},{'ab'[i % 3 == 0]}" for i in range(ROWS)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["who,day,part,age,y", *lines]))
    return path


def load(path: Path, **keys: Any) -> Dataset:
    return TableFile(path=path.name, **{"target": "y", **keys}).load(path.parent, 0)


def values(dataset: Dataset) -> NDArray[Any]:
    assert dataset.split_by is not None
    return dataset.split_by.values


def whole(found: Mapping[str, NDArray[Any]]) -> list[int]:
    return sorted(np.concatenate(list(found.values())).tolist())


def test_groups_stay_together(table: Path) -> None:
    dataset = load(table, groups="who")
    assert dataset.feature_names == ("day", "part", "age")
    found, groups = partition(dataset, HOW), values(dataset)
    assert whole(found) == list(range(ROWS))
    there = [set(groups[rows].tolist()) for rows in found.values()]
    assert [len(one) for one in there] == [7, 2, 2]
    assert len(set.union(*there)) == 11


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_test_groups_are_scikit_learns(table: Path, seed: int) -> None:
    dataset = load(table, groups="who")
    splitter = GroupShuffleSplit(1, test_size=0.3, random_state=seed)
    train, test = next(splitter.split(np.arange(ROWS), groups=values(dataset)))
    found = partition(dataset, Splitting(0.0, 0.3, True, seed))
    np.testing.assert_array_equal(found["train"], train)
    np.testing.assert_array_equal(found["test"], test)


def test_no_row_is_earlier_than_one_it_is_predicted_from(table: Path) -> None:
    dataset = load(table, time="day")
    assert dataset.feature_names == ("who", "part", "age")
    found, day = partition(dataset, HOW), values(dataset)
    assert whole(found) == list(range(ROWS))
    assert [len(rows) for rows in found.values()] == [42, 9, 9]
    assert day[found["train"]].max() <= day[found["validation"]].min()
    assert day[found["validation"]].max() <= day[found["test"]].min()
    assert day[found["train"]].min() < day[found["test"]].max()


def test_numbers_are_times_too_even_if_all_differ(table: Path) -> None:
    path = table.with_name("n.csv")
    path.write_text("id,x,y\n" + "".join(f"{100 - i},{i},{'ab'[i % 2]}\n" for i in range(20)))
    found = partition(load(path, time="id"), HOW)
    assert found["test"].tolist() == [2, 1, 0]


def test_a_column_says_the_split(table: Path) -> None:
    dataset = load(table, split="part")
    assert dataset.feature_names == ("who", "day", "age")
    found = partition(dataset, HOW)
    assert {name: set(rows % 4) for name, rows in found.items()} == {"train": {0, 3}, "validation": {2}, "test": {1}}


def test_validation_rows_are_taken_from_the_training_rows_if_the_column_names_none(table: Path) -> None:
    table.write_text(table.read_text().replace(",val,", ",train,"))
    dataset = load(table, split="part")
    found = partition(dataset, HOW)
    assert set(found["test"] % 4) == {1}
    assert len(found["validation"]) == 7
    assert whole(found) == list(range(ROWS))
    assert "validation" not in partition(dataset, Splitting(0.0, 0.15, True, 3))


def test_what_is_learned_is_learned_from_the_training_rows(table: Path) -> None:
    dataset = load(table, time="day", target="age", features=["who", "day"])
    found = partition(dataset, HOW)
    data = prepare(dataset, HOW, standardize=True, standardize_target=True)
    days = dataset.x[found["train"], 1]
    assert data.inputs is not None
    assert data.targets is not None
    assert data.encoder is not None
    place = data.encoder.names.index("day days")
    assert data.inputs.mean[place] == pytest.approx(days.mean())
    assert data.inputs.scale[place] == pytest.approx(days.std())
    assert data.targets.mean == pytest.approx(dataset.y[found["train"]].mean(axis=0))


def test_a_test_file_is_read_as_the_training_file(table: Path) -> None:
    path = table.with_name("new.csv")
    path.write_text(
        "y,age,who,day,part\n" + "b,7,p3,2026-01-05,train\n,8,p3,2026-01-05,train\na,9,new,2026-01-05,test\n"
    )
    dataset = load(table, test_file="new.csv", exclude=["part", "day"])
    data = prepare(dataset, HOW, standardize=False, standardize_target=False)
    assert (len(data.train.x), len(data.test.x) if data.test else 0) == (51, 2)
    assert data.test is not None
    assert data.encoder is not None
    assert data.test.y.tolist() == [1, 0]
    row = dict(zip(data.encoder.names, data.test.x[0], strict=True))
    assert row["who=p3"] == 1
    assert row["age"] == 7
    assert data.test.x[1][:-1].sum() == 0  # an unseen person
    assert "new.csv: 1 row without a target left out" in dataset.notes[-1]


@pytest.mark.parametrize(
    ("keys", "content", "words"),
    [
        (
            {"split": "part"},
            ",val,->,held out,",
            ["t.csv:4", "'part'", "'held out' (and in 14 more rows)", "train, val"],
        ),
        ({"groups": "who"}, "\np3,->\n,", ["t.csv:5", "expected a group, found an empty cell", "fill in"]),
        ({"time": "part"}, "->", ["'part': expected a number or a date, found 'train'", "{part: {name: date"]),
        ({"time": "day"}, "2026-01-18->", ["t.csv:3", "expected a time, found an empty cell"]),
        ({"time": "when"}, "->", ["no column 'when'", "columns: who, day"]),
        ({"test_file": "t2.csv"}, ",b\n->,c\n", ["t2.csv:2", "class 'c' is not in the training file", "classes: a, b"]),
    ],
)
def test_a_wrong_column_gets_a_message(table: Path, keys: dict[str, str], content: str, words: list[str]) -> None:
    before, _, after = content.partition("->")
    changed = table.read_text().replace(before, after) if before else table.read_text()
    table.with_name("t2.csv" if "test_file" in keys else "t.csv").write_text(changed)
    with pytest.raises(InputError) as error:
        load(table, **keys)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("keys", "how", "words"),
    [
        ({"groups": "who"}, Splitting(0.5, 0.5, True, 0), ["column 'who' has 11 groups", "leave none to train on"]),
        (
            {"split": "part"},
            Splitting(0.1, 0.1, True, 0, fold=Fold(number=1, of=3)),
            ["data.fold", "data.source.split"],
        ),
        ({"groups": "who"}, Splitting(0.1, 0, True, 0, fold=Fold(number=1, of=12)), ["12 groups, found 11"]),
        ({"time": "day"}, Splitting(0.1, 0, True, 0, fold=Fold(number=1, of=60)), ["61 rows, found 60"]),
        ({"groups": "part"}, Splitting(0.6, 0, True, 0, fold=Fold(number=1, of=2)), ["leave no row to train on"]),
        ({}, Splitting(0.1, 0, True, 0, fold=Fold(number=1, of=30)), ["class 'b' has 20 rows, too few for 30 folds"]),
    ],
)
def test_too_few_rows_get_a_message(table: Path, keys: dict[str, str], how: Splitting, words: list[str]) -> None:
    dataset = load(table, **keys)
    with pytest.raises(InputError) as error:
        partition(dataset, how)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("keys", "splitter"),
    [
        ({"target": "age"}, KFold(4, shuffle=True, random_state=3)),
        ({}, StratifiedKFold(4, shuffle=True, random_state=3)),
        ({"groups": "who"}, StratifiedGroupKFold(4, shuffle=True, random_state=3)),
        ({"groups": "who", "target": "age"}, GroupKFold(4, shuffle=True, random_state=3)),
        ({"time": "day"}, TimeSeriesSplit(4)),
    ],
)
def test_folds_are_scikit_learns(table: Path, keys: dict[str, str], splitter: Any) -> None:
    dataset = load(table, **keys)
    by = dataset.split_by
    order = np.argsort(by.values, kind="stable") if by is not None and by.kind == "time" else np.arange(ROWS)
    groups = by.values if by is not None and by.kind == "groups" else None
    seen = []
    for number, (train, test) in enumerate(splitter.split(order, dataset.y, groups), start=1):
        how = Splitting(0.2, 0.15, True, 3, fold=Fold(number=number, of=4))
        found = partition(dataset, how)
        assert set(found["test"]) == set(order[test])
        assert set(found["train"]) | set(found["validation"]) == set(order[train])
        assert not set(found["train"]) & set(found["validation"])
        if groups is not None:
            assert sum(len(set(groups[rows])) for rows in found.values()) == len(set(groups))
        if by is not None and by.kind == "time":
            assert by.values[found["train"]].max() <= by.values[found["validation"]].min()
            assert by.values[found["validation"]].max() <= by.values[found["test"]].min()
        seen += found["test"].tolist()
    assert len(seen) == len(set(seen)) == (48 if keys.get("time") else ROWS)
