"""Many runs beneath ``nntrain compare``: variants, what is paired, trials, executors, and the runs themselves."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from nntrain.comparison.analysis import result_of
from nntrain.comparison.executors import Threads
from nntrain.comparison.jobs import Job, Variants
from nntrain.comparison.ledger import Ledger
from nntrain.comparison.measure import Measure, reached
from nntrain.comparison.protocol import TRIAL, TUNED, Budget, RunEnded, Runs, compare, with_reference
from nntrain.comparison.run_result import CURVE_POINTS, Recorder, RunResult
from nntrain.comparison.tuning import trials_of
from nntrain.comparison.variants import axis, variants_of
from nntrain.optimizers import Optimizer
from nntrain.registry import members
from nntrain.report.comparison_progress import ComparisonProgress, ComparisonStarted
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded, Finished, Scores, Stopped
from nntrain.training.loop import train
from tests.helpers import built, lines_of, make


def test_every_combination_is_a_variant(moons: Path) -> None:
    axes = [
        axis("--optimizers", "optimizer", "sgd, {name: adam, beta1: 0.8}"),
        axis("--lrs", "optimizer.lr", "0.1,1e-2"),
    ]
    found = variants_of([str(moons)], [], [*axes, axis("--vary", "model.hidden", "[8],[4,4]")])
    assert len(found) == 8
    names = [variant.name for variant in found]
    assert names[0] == "sgd lr=0.1 hidden=[8]"
    assert names[-1] == "adam beta1=0.8 lr=0.01 hidden=[4, 4]"
    assert found[-1].recipe.optimizer.model_dump()["beta1"] == 0.8
    assert found[-1].recipe.model.hidden == [4, 4]


def test_what_is_paired(moons: Path) -> None:
    """At a seed: split, order and first weights; over all seeds the test part."""
    variants = Variants(variants_of([str(moons)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    parts = {}
    for seed in (1, 2):
        for v in (0, 1):
            parts[seed, v] = variants._prepared(Job.of(variants, v, TRIAL, seed), variants.all[v])
    assert parts[1, 0] is parts[1, 1]  # shared, not copied
    tests = [part.test.x * part.inputs.scale + part.inputs.mean for part in parts.values() if part.test and part.inputs]
    for one in tests[1:]:
        np.testing.assert_allclose(one, tests[0], rtol=1e-12)
    assert not np.allclose(parts[1, 0].train.x, parts[2, 0].train.x)


def test_a_run_is_a_function_of_its_job(moons: Path) -> None:
    variants = Variants(variants_of([str(moons)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    job = Job.of(variants, 0, TRIAL, 1, {"lr": 0.3})
    one, other = variants.run(job), variants.run(job)
    assert one.scores == other.scores
    assert job.key == Job.of(variants, 0, TUNED, 1, {"lr": 0.3}).key  # whatever it is for
    assert (
        len({Job.of(variants, v, TRIAL, s, {"lr": lr}).key for v in (0, 1) for s in (1, 2) for lr in (0.1, 0.2)}) == 8
    )
    again = RunResult.from_json(one.to_json())
    for name in ("key", "stopped", "epochs", "steps", "seconds", "scores", "untrained", "area"):
        assert getattr(again, name) == getattr(one, name), name
    for first, second in ((again.curve, one.curve), (again.records, one.records)):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("trials", "at", "total"), [(0, 3, 10), (3, 50, 64)])  # at 50, reference trials are done
def test_an_interrupted_comparison_keeps_its_runs(moons: Path, trials: int, at: int, total: int) -> None:
    """It ends, without a target that is not there yet, and goes on from what is done."""
    asked = Event()
    axes = [axis("--optimizers", "optimizer", "sgd,adam")]
    budget = Budget(5, trials, 0)
    variants = Variants(with_reference(variants_of([str(moons)], [], axes), budget))

    def findings() -> Runs:
        return Runs(variants, Measure("test", "loss"), budget, 2, "accuracy")

    first, second = findings(), findings()
    with Ledger(Path("runs.jsonl")) as ledger:
        for event in compare(variants, first, ledger, Threads(asked.is_set)):
            assert event.total == total
            if event.done >= at:
                asked.set()
    done = len(lines_of("."))
    assert at - 3 <= done < total  # three of sgd's trials are two variants'
    assert first.target is None
    with Ledger(Path("runs.jsonl")) as ledger:
        events = list(compare(variants, second, ledger, Threads()))
    assert events[-1].done == events[-1].total == len(events)
    assert (second.target is not None) == (trials > 0)
    assert sum(event.reused for event in events) >= done


def recorded(losses: Iterable[float], metrics: Iterable[float | None]) -> RunResult:
    """Return the row of a run with these validation scores after each epoch, of ten steps and a second."""
    recorder, epoch = Recorder(10, None), 0
    for epoch, scores in enumerate(map(Scores, losses, metrics), start=1):
        recorder.record(EpochEnded(epoch, 10 * epoch, epoch, 0.1, 1.0, None, 10.0, scores, None, None, False))
    scored = {"validation": Scores(0.6, 0.7)}
    return recorder.row("k", Finished(Stopped.EPOCHS, epoch, 10 * epoch, epoch, 1, final=scored, best=scored))


def test_when_the_target_is_reached() -> None:
    row = recorded([0.9, 0.4, 0.6], [0.5, 0.8, None])
    found = reached(row, Measure("test", "loss"), 0.5)
    assert found is not None
    assert (found.steps, found.seconds) == (20, 2.0)
    assert reached(row, Measure("test", "accuracy"), 0.75) == found
    assert reached(row, Measure("test", "loss"), 0.1) is None


@pytest.mark.parametrize("kind", ["falling", "noisy", "gaps"])
def test_targets_and_areas_come_from_every_epoch(kind: str) -> None:
    """However long a run is: of its curve, for pictures, only some epochs are kept."""
    random = np.random.default_rng(0)
    losses = np.geomspace(5, 1e-3, 3300) if kind == "falling" else random.lognormal(size=3300)
    metrics = random.uniform(size=3300)
    if kind == "gaps":
        losses[random.integers(3300, size=500)] = np.nan
    row = recorded(losses.tolist(), metrics.tolist())
    assert len(row.curve) <= 2 * CURVE_POINTS + 2
    assert row.curve[[0, -1], 0].tolist() == [1, 3300]
    for target in [*losses[random.integers(3300, size=50)], 6.0, 1e-4]:
        expected = np.flatnonzero(losses <= target)
        found = reached(row, Measure("validation", "loss"), target)
        assert (found and found.steps) == (10 * (expected[0] + 1) if expected.size else None)
    for target in metrics[random.integers(3300, size=50)]:
        found = reached(row, Measure("validation", "r2"), target)
        assert found is not None
        assert found.steps == 10 * (np.flatnonzero(metrics >= target)[0] + 1)
    assert row.area == (pytest.approx(losses.mean()) if kind != "gaps" else np.inf)


def test_what_is_not_finite_survives_the_ledger() -> None:
    row = recorded([0.9, np.inf, np.nan], [None, 0.5, None])
    again = RunResult.from_json(row.to_json())
    assert row.area == again.area == np.inf
    np.testing.assert_array_equal(again.records, row.records)
    worst = Recorder(1, Scores(np.nan, None)).row(
        "k", Finished(Stopped.DIVERGED, 0, 0, 0, 0, final={"train": Scores(np.nan, None)})
    )
    again = RunResult.from_json(worst.to_json())
    assert (
        (again.scores, again.untrained)
        == (worst.scores, worst.untrained)
        == ({"train": Scores(np.inf, None)}, Scores(np.inf, None))
    )


@pytest.mark.parametrize("name", members(Optimizer))
@pytest.mark.parametrize("count", [5, 10, 25])
def test_trials_are_within_the_search_space_of_every_optimizer(name: str, count: int) -> None:
    optimizer = make(Optimizer, name)
    trials = trials_of(optimizer, count, seed=3)
    assert len(trials) == (0 if optimizer.full_batch else count)
    for trial in trials:
        make(Optimizer, name, **trial.settings)  # in the ranges of the recipe too
    if trials:
        keys = set(trials[0].settings)
        assert keys == {"lr"} if count < 10 else keys >= {"lr"}
        rates = np.sort([trial.settings["lr"] for trial in trials])
        assert optimizer.lr_range.low <= rates[0] < rates[-1] <= optimizer.lr_range.high
        steps = np.diff(np.log(rates)) / np.log(optimizer.lr_range.high / optimizer.lr_range.low)
        assert steps.max() < 3 / count  # spread evenly, as chance would not


def test_the_picture_of_a_comparison_that_goes_on(moons: Path) -> None:
    variants = Variants(variants_of([str(moons)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    row = variants.run(Job.of(variants, 0, "default", 1))
    comparing = ComparisonProgress()
    comparing.update(ComparisonStarted(["sgd", "adam"], Measure("test", "loss")))
    shown = {}
    for width in (60, 80, 120):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(comparing.render(width, 1.0))
        shown[width] = console.export_text()
    assert "preparing" in shown[80]
    for number, reused in ((1, True), (2, True), (3, False)):
        comparing.update(RunEnded(Job.of(variants, 0, "default", number), row, number, 10, reused))
    for width in (60, 80, 120):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(comparing.render(width, 2.0))
        text = console.export_text()
        assert max(map(len, text.splitlines())) <= width
        assert "run 3/10" in text
        assert "14.0 s left" in text  # one was made in two seconds, and seven are left
        assert any(bar in text for bar in "▁▂▃▄▅▆▇█")
    assert comparing.line(2.0) == "run 3/10  defaults  2.0 s"


def test_splits_are_not_kept_for_ever(moons: Path) -> None:
    variants = Variants(variants_of([str(moons)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    for seed in range(50):
        variants._prepared(Job.of(variants, 0, TRIAL, seed), variants.all[0])
    assert len(variants._splits) <= 16


def test_all_variants_get_the_same_points() -> None:
    places = [
        [trial.positions["lr"] for trial in trials_of(make(Optimizer, name), 5, seed=3)] for name in ("sgd", "adam")
    ]
    assert places[0] == places[1]


def test_memory_and_jobs_are_bounded(moons: Path) -> None:
    """Jobs are handed out as they are needed, and not all at once."""
    variants = Variants(variants_of([str(moons)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    taken = 0

    def jobs() -> Iterable[Job]:
        nonlocal taken
        for seed in range(1000):
            taken += 1
            yield Job.of(variants, 0, TRIAL, seed)

    running = Threads(count=2).run(variants, jobs())
    for _ in range(3):
        next(running)
    running.close()
    assert taken < 20


def test_results_do_not_depend_on_the_number_of_threads(moons: Path) -> None:
    found = []
    for count in (1, 3):
        variants = Variants(variants_of([str(moons)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
        findings = Runs(variants, Measure("test", "loss"), Budget(3, 0, 0), 2, "accuracy")
        with Ledger(Path(f"{count}.jsonl")) as ledger:
            list(compare(variants, findings, ledger, Threads(count=count)))
        result = result_of(findings)
        found.append([(variant.name, variant.default.scores) for variant in result.variants])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"training.early_stopping": {"patience": 5}, "training.epochs": 400, "optimizer": {"lr": 0.05}},
        {"optimizer": {"name": "sgd", "lr": 300.0}, "loss": "mse", "training.epochs": 60},  # diverges
        {"training.averaging": "ema"},
        {"schedule": {"name": "reduce_on_plateau", "patience": 1}},
        {"schedule": "cosine", "model.norm": "batch", "model.dropout": 0.3, "regularization.clip_norm": 0.1},
        {"data.validation": 0},
        {"training.batch_size": "full"},
    ],
)
def test_a_run_of_several_epochs_a_call_is_that_of_fit(settings: dict[str, Any]) -> None:
    """compare trains several epochs in one compiled call; the numbers are those of one epoch after the other."""
    data = {
        "data": {"source": {"name": "moons", "rows": 200, "noise": 0.4}},
        "model": {"hidden": [8]},
        "training": {"epochs": 30},
    }
    plain: dict[str, Any] = json.loads(json.dumps(data))
    for key, value in settings.items():
        *above, last = key.split(".")
        inner = plain
        for name in above:
            inner = inner.setdefault(name, {})
        inner[last] = value
    plan = built(plain).plan
    ended = []
    for statistics in (True, False):
        engine = Engine(plan)
        events = list(train(engine, statistics=statistics))
        last_event = events[-1]
        assert isinstance(last_event, Finished)
        epochs = [
            (event.epoch, event.step, event.train_loss, event.validation, event.improved, event.clipped)
            for event in events
            if isinstance(event, EpochEnded)
        ]
        facts = (last_event.stopped, last_event.diverged, last_event.final, last_event.best, last_event.best_epoch)
        ended.append((epochs, facts, engine.theta.tolist()))
    assert ended[0] == ended[1]
    if "training.early_stopping" in settings:  # the best epoch is not the last one, and stands within a call
        assert ended[0][1][0] is Stopped.EARLY
