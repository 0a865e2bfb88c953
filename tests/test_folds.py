"""``nntrain fit --folds`` and ``--test``: a run for each fold, their scores, and predictions for every row."""

import csv
import json
import shutil
from pathlib import Path
from statistics import fmean, stdev

import pytest

from tests.helpers import CommandLine

RECIPE = """\
data: {source: {name: table, path: t.csv, target: y, groups: who}, validation: 0.2}
model: {hidden: [4]}
training: {epochs: 3}
"""
FIT = ("fit", "r.yaml", "--folds", "3", "--out", "cv", "-q")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"p{i % 9},{i % 7},{i * i % 11},{'' if i == 5 else 'ab'[i % 2]}" for i in range(45)]
    Path("t.csv").write_text("who,a,b,y\n" + "\n".join(lines) + "\n")
    Path("r.yaml").write_text(RECIPE)


def predicted() -> list[dict[str, str]]:
    with Path("cv/predictions.csv").open() as file:
        return list(csv.DictReader(file))


def test_each_fold_is_a_run_and_each_row_is_predicted_once(nntrain: CommandLine) -> None:
    result = nntrain(*FIT, "--json").json
    runs = [json.loads(Path(f"cv/fold-{i}/summary.json").read_text()) for i in (1, 2, 3)]
    scores = [run["test"]["accuracy"] for run in runs]
    assert result["test"]["accuracy"] == {"mean": fmean(scores), "std": stdev(scores), "values": scores}
    assert json.loads(Path("cv/folds.json").read_text()) == result
    rows = predicted()
    assert [int(row["row"]) for row in rows] == [i + 1 for i in range(45) if i != 5]
    table = Path("t.csv").read_text().splitlines()
    people = {row["row"]: table[int(row["row"])].split(",")[0] for row in rows}
    for row in rows:
        assert row["y"] == table[int(row["row"])][-1]
        assert float(row["p_a"]) + float(row["p_b"]) == pytest.approx(1)
    folds = {person: {row["fold"] for row in rows if people[row["row"]] == person} for person in people.values()}
    assert all(len(found) == 1 for found in folds.values())
    for fold in (1, 2, 3):
        mine = [row for row in rows if row["fold"] == str(fold)]
        right = sum(row["y"] == row["predicted_y"] for row in mine)
        assert right / len(mine) == pytest.approx(scores[fold - 1])
    again = nntrain("evaluate", "cv/fold-2", "--json").json
    assert again["test"]["accuracy"] == scores[1]


def test_a_cross_validation_continues_where_it_was_interrupted(nntrain: CommandLine) -> None:
    whole = nntrain(*FIT, "--json").json
    before = Path("cv/predictions.csv").read_bytes()
    finished = Path("cv/fold-1/summary.json").stat().st_mtime_ns
    for name in ("fold-2", "fold-3"):
        shutil.rmtree(f"cv/{name}")
    Path("cv/predictions.csv").unlink()
    ended = nntrain("fit", "--resume", "cv", "--json")
    assert "fold 1 of 3: finished before" in ended.err
    assert {key: ended.json[key] for key in ("train", "validation", "test")} == {
        key: whole[key] for key in ("train", "validation", "test")
    }
    assert Path("cv/fold-1/summary.json").stat().st_mtime_ns == finished
    assert Path("cv/predictions.csv").read_bytes() == before
    changed = nntrain("fit", "r.yaml", "--set", "optimizer.lr=0.5", "--resume", "cv")
    assert changed.status == 2
    assert "the recipe has changed: optimizer.lr: 0.001 -> 0.5" in changed.err
    other = nntrain("fit", "--resume", "cv", "--folds", "4")
    assert "found 4, but cv has 3 folds" in other.err


def test_a_condition_is_on_the_mean(nntrain: CommandLine) -> None:
    assert nntrain(*FIT, "--require", "test.loss<0").status == 1
    again = nntrain(*FIT)
    assert again.status == 2
    assert "already holds a run" in again.err
    assert nntrain(*FIT, "--overwrite", "--require", "test.loss<1e9").status == 0


def test_a_recipe_on_standard_input_is_read_once(nntrain: CommandLine) -> None:
    recipe = RECIPE.replace(", groups: who", ", features: [a, b]")
    ended = nntrain("fit", "-", *FIT[2:], stdin=recipe)
    assert ended.status == 0
    assert len(predicted()) == 44
    assert ended.out.splitlines()[-1].startswith("std ")


def test_folds_need_a_table_that_can_be_read_again(nntrain: CommandLine) -> None:
    ended = nntrain(*FIT, "--set", "data.source.path='-'", stdin=Path("t.csv").read_text())
    assert ended.status == 2
    assert "can be read only once" in ended.err
    assert not Path("cv").exists()


def test_a_fold_that_does_not_exist_is_refused(nntrain: CommandLine) -> None:
    ended = nntrain("fit", "r.yaml", "--set", "data.fold={number: 4, of: 3}")
    assert ended.status == 2
    assert "there is no fold 4 of 3" in ended.err


def test_the_test_rows_come_from_another_file(nntrain: CommandLine) -> None:
    Path("new").mkdir()
    Path("new/n.csv").write_text("y,b,a,who\na,1,2,p1\nb,3,4,p77\n")
    nntrain("fit", "r.yaml", "--test", "new/n.csv", "--out", "run", "-q")
    expected = nntrain("evaluate", "run", "--data", "new/n.csv", "--json").json["data"]
    assert json.loads(Path("run/summary.json").read_text())["test"] == pytest.approx(expected)
    assert nntrain("evaluate", "run", "--json").json["test"] == pytest.approx(expected)
    recipe = Path("run/recipe.yaml").read_text()
    assert "test_file: ../new/n.csv" in recipe
    Path("run/recipe.yaml").write_text(recipe.replace("test_sha256", "#"))
    assert "has no data.source.test_sha256" in nntrain("verify", "run").err
    Path("run/recipe.yaml").write_text(recipe)
    Path("new/n.csv").write_text("y,b,a,who\nb,1,2,p1\n")
    changed = nntrain("evaluate", "run")
    assert changed.status == 2
    assert "has changed" in changed.err
    Path("new/n.csv").unlink()
    assert "its test data are missing" in nntrain("evaluate", "run").err


def test_two_ways_to_split_are_refused(nntrain: CommandLine) -> None:
    ended = nntrain("fit", "r.yaml", "--set", "data.source.time=a")
    assert ended.status == 2
    assert "groups and time both say how rows are split: remove one" in ended.err
