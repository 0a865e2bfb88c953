"""What ``nntrain fit`` says by itself: the likely cause of a bad run, or why a good one is too good to be true."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from nntrain.artifacts.lookup import load_recipe
from nntrain.data.prepare import Split
from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import Kind, Verdict, judge
from nntrain.doctor.confirming import with_recorded
from nntrain.doctor.data_facts import leaks
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.quick import FinishedRun, likely_cause
from nntrain.recipe.build import Built, build
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from tests.helpers import CommandLine, built


def built_from(name: str, *settings: str) -> Built:
    loaded = load_recipe(name, settings)
    return build(loaded.recipe, loaded.document, loaded.folder, loaded.name)


def cause(plan: Built) -> str | None:
    engine = Engine(plan.plan)
    facts = Facts.of(train(engine))
    found = likely_cause(plan, facts, judge(facts), engine.theta)
    return None if found is None else found.id


@pytest.mark.parametrize(
    ("name", "setting", "named"),
    [
        ("moons", "optimizer.lr=1e-5", "learning_rate_too_low"),
        ("moons", "optimizer={name: sgd, lr: 1e6}", "learning_rate_too_high"),  # diverges
        ("moons", "regularization.l1=0.3", "l1_too_strong"),
        ("moons", "model.initializer=zeros", "equal_units"),
        ("moons", "model.hidden=[1]", "too_narrow"),
        ("wine", "data.standardize=false", "unscaled_features"),
        ("moons", "seed=1", None),
        ("iris", "seed=1", None),
        ("line", "seed=1", None),
    ],
)
def test_a_run_names_its_cause_or_nothing(name: str, setting: str, named: str | None) -> None:
    assert cause(built_from(name, setting)) == named


def test_the_summary_names_the_cause_instead_of_general_advice(nntrain: CommandLine, tmp_path: Path) -> None:
    bad = nntrain("fit", "moons", "-q", "--json", "--out", tmp_path / "bad", "--set", "optimizer.lr=3").json
    assert bad["cause"]["id"] == "learning_rate_too_high"
    assert f"likely cause: {bad['cause']['title']}: {bad['cause']['text']}; try optimizer.lr=0.3" in bad["verdict"]
    assert bad["verdict"].endswith("; nntrain doctor tries the likely cures")
    assert "another learning rate" not in bad["verdict"]
    good = nntrain("fit", "iris", "-q", "--json", "--out", tmp_path / "good").json
    assert good["cause"] is None


def test_a_perfect_score_by_a_leak_is_told(
    nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(200, 2)), random.integers(0, 2, 200)
    table = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "code": 3.0 * y - 1, "y": np.where(y > 0, "yes", "no")})
    table.write_csv("t.csv")
    recipe = "data: {source: {name: table, path: t.csv, target: y}}\noptimizer: {lr: 0.02}\ntraining: {epochs: 40}\n"
    found = nntrain("fit", "-", "-q", "--json", "--out", "run", stdin=recipe).json
    assert found["cause"]["id"] == "leak"
    words = "; but a feature leaks the target: code determines the target exactly; try data.source.features=[a, b]"
    assert found["verdict"].endswith(words)


def test_rows_are_seen_in_their_own_units() -> None:
    plan = built("data: {source: diabetes, standardize_target: true}\n")
    seen = FinishedRun(plan).visible
    assert np.isin(seen.y, plan.dataset.y).all()
    assert len(seen.x) == len(plan.plan.data.train.x)
    assert len(FinishedRun(built("data: {source: {name: moons, rows: 4000}}\n")).visible.x) == 2000


def test_a_feature_that_codes_one_of_several_labels_leaks() -> None:
    labels = np.random.default_rng(0).integers(0, 2, (100, 3))
    x = np.column_stack([labels[:, 1] * 4.0 + 1, np.arange(100.0)])
    assert leaks(x, labels, ("code", "other"), numbers=False) == ("code",)
    numbers = np.column_stack([np.arange(100.0) ** 2, np.arange(100.0) + 5])
    assert leaks(x, numbers, ("code", "other"), numbers=True) == ("other",)


class OnDisk(Split):
    in_memory = False


def test_rows_in_mapped_files_are_not_looked_at() -> None:
    plan = built("data: {source: moons}\noptimizer: {lr: 1.0e-5}\ntraining: {epochs: 5}\n")
    engine = Engine(plan.plan)
    facts, train_split = Facts.of(train(engine)), plan.plan.data.train
    bad = Verdict(Kind.UNDERFITS, "underfits")
    assert likely_cause(plan, facts, bad, engine.theta) is not None
    data = replace(plan.plan.data, train=OnDisk(train_split.x, train_split.y))
    mapped = replace(plan, plan=replace(plan.plan, data=data))
    assert likely_cause(mapped, facts, bad, engine.theta) is None


def test_a_cause_takes_the_place_of_the_advice() -> None:
    bad = Verdict(Kind.UNDERFITS, "underfits: much", "try this").because("too small: one unit")
    assert bad.text == "underfits: much; likely cause: too small: one unit; nntrain doctor tries the likely cures"
    assert Verdict(Kind.FITS, "no sign").because("a leak").text == "no sign; but a leak"


def test_the_doctor_names_the_cause_that_fit_names() -> None:
    kind = members(Diagnosis)["softmax_twice"]
    bad, good = (SimpleNamespace(verdict=Verdict(each, "")) for each in (Kind.UNDERFITS, Kind.FITS))
    (found,) = with_recorded([], bad, [(kind, Suspicion(0.9, "seen"))])  # type: ignore[arg-type]
    assert (found.id, found.rank, found.word, found.tried) == ("softmax_twice", 1, "likely", ())
    assert "no edit that was tried" in found.text
    assert with_recorded([found], bad, [(kind, Suspicion(0.9, "seen"))]) == [found]  # type: ignore[arg-type]
    assert with_recorded([], bad, [(kind, Suspicion(0.7, "seen"))]) == []  # type: ignore[arg-type]
    assert with_recorded([], good, [(kind, Suspicion(0.9, "seen"))]) == []  # type: ignore[arg-type]
