"""``nntrain compare``: variants, the protocol, what is shown and kept, and what is refused."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from nntrain.comparison.jobs import Job, Row, Variants
from nntrain.comparison.measure import Measure, reached
from nntrain.comparison.protocol import TRIAL, TUNED, Budget, Findings, RunEnded, compare
from nntrain.comparison.result import result_of
from nntrain.comparison.tuning import trials_of
from nntrain.comparison.variants import axis, variants_of
from nntrain.optimizers import Optimizer
from nntrain.registry import members
from nntrain.training.events import Scores, Stopped
from tests.helpers import CommandLine, make

RECIPE = """
data: {source: {name: moons, rows: 200}}
model: {hidden: [8]}
training: {epochs: 4}
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "two.yaml"
    path.write_text(RECIPE)
    return path


def lines(folder: Path | str) -> list[dict[str, Any]]:
    (found,) = Path(folder).rglob("runs.jsonl")
    return [json.loads(line) for line in found.read_text().splitlines()]


def test_every_combination_is_a_variant(recipe: Path) -> None:
    axes = [
        axis("--optimizers", "optimizer", "sgd, {name: adam, beta1: 0.8}"),
        axis("--lrs", "optimizer.lr", "0.1,1e-2"),
    ]
    found = variants_of([str(recipe)], [], [*axes, axis("--vary", "model.hidden", "[8],[4,4]")])
    assert len(found) == 8
    names = [variant.name for variant in found]
    assert names[0] == "sgd lr=0.1 hidden=[8]"
    assert names[-1] == "adam beta1=0.8 lr=0.01 hidden=[4, 4]"
    assert found[-1].recipe.optimizer.model_dump()["beta1"] == 0.8
    assert found[-1].recipe.model.hidden == [4, 4]


def test_what_is_paired(recipe: Path) -> None:
    """At a seed: split, order and first weights; over all seeds the test part."""
    variants = Variants(variants_of([str(recipe)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    parts = {}
    for seed in (1, 2):
        for v in (0, 1):
            parts[seed, v] = variants._prepared(Job.of(variants, v, TRIAL, seed), variants.all[v])
    assert parts[1, 0] is parts[1, 1]  # shared, not copied
    tests = [part.test.x * part.inputs.scale + part.inputs.mean for part in parts.values() if part.test and part.inputs]
    for one in tests[1:]:
        np.testing.assert_allclose(one, tests[0], rtol=1e-12)
    assert not np.allclose(parts[1, 0].train.x, parts[2, 0].train.x)


def test_a_run_is_a_function_of_its_job(recipe: Path) -> None:
    variants = Variants(variants_of([str(recipe)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    job = Job.of(variants, 0, TRIAL, 1, {"lr": 0.3})
    one, other = variants.run(job), variants.run(job)
    assert one.scores == other.scores
    assert job.key == Job.of(variants, 0, TUNED, 1, {"lr": 0.3}).key  # whatever it is for
    assert (
        len({Job.of(variants, v, TRIAL, s, {"lr": lr}).key for v in (0, 1) for s in (1, 2) for lr in (0.1, 0.2)}) == 8
    )
    again = Row.from_json(json.loads(json.dumps(one.to_json()).replace("NaN", "null")))
    assert (again.scores, again.steps, again.stopped) == (one.scores, one.steps, one.stopped)
    np.testing.assert_allclose(again.curve, one.curve, rtol=1e-8)


def test_the_command(nntrain: CommandLine, recipe: Path) -> None:
    ended = nntrain("compare", recipe, "--optimizers", "sgd,adam,lbfgs", "--seeds", 3, "--out", "c", "--json")
    assert ended.status == 0
    found = ended.json
    assert found["measure"] == "test.loss"
    assert found["seeds"] == [1, 2, 3]
    assert sorted(variant["name"] for variant in found["variants"]) == ["adam", "lbfgs", "sgd"]
    medians = [variant["default"]["scores"]["test"]["loss"]["median"] for variant in found["variants"]]
    assert medians == sorted(medians)
    assert len(found["pairs"]) == 3
    assert all(pair["verdict"].startswith("too few seeds") for pair in found["pairs"])
    assert found == json.loads(Path("c/comparison.json").read_text())
    assert len(lines("c")) == 9
    for variant in found["variants"]:
        outcome = variant["default"]
        assert outcome["runs"] == 3
        assert len(outcome["curve"]) == 4
        assert outcome["auc"]["median"] == pytest.approx(outcome["auc"]["median"])
        assert set(outcome["scores"]) == {"train", "validation", "test"}
    evaluations = {variant["name"]: variant["default"]["steps"]["median"] for variant in found["variants"]}
    assert evaluations["sgd"] == evaluations["adam"] == 4 * 5
    assert 4 < evaluations["lbfgs"] < 20  # evaluations of loss and gradient, on all rows


def test_tuning(nntrain: CommandLine, recipe: Path) -> None:
    arguments = ("compare", recipe, "--optimizers", "sgd,adam", "--tune", 3, "--seeds", 3)
    ended = nntrain(*arguments, "--out", "c", "--json")
    found = ended.json
    for variant in found["variants"]:
        tuning = variant["tuning"]
        assert len(tuning["trials"]) == len(tuning["expected_best"]) == 3
        values = [trial["value"] for trial in tuning["trials"]]
        assert (
            tuning["best"]["lr"] == tuning["trials"][int(np.argmin(values))]["lr"] == variant["tuned"]["settings"]["lr"]
        )
        assert tuning["expected_best"][-1] == min(values)
        assert variant["default"]["target"]["reached"] + variant["default"]["target"]["missed"] == 3
    assert found["target"] > 0  # set by the protocol
    # of the two: defaults, trials, tuned; of the reference set of four: trials, and one of them tuned; the first of
    # sgd's twelve there are those of the variant, and are not run again
    assert len(lines("c")) == 2 * 3 + 2 * 3 + 2 * 3 + 4 * 12 + 3 - 3


def test_a_comparison_goes_on_where_it_was(nntrain: CommandLine, recipe: Path) -> None:
    arguments = ("compare", recipe, "--optimizers", "sgd,adam", "--seeds", 4, "--json", "-q")
    whole = nntrain(*arguments).json
    (path,) = Path("runs").rglob("runs.jsonl")
    text = path.read_text()
    some = text.splitlines(keepends=True)[:3]
    path.write_text("".join(some) + '{"key": "cut of')
    again = nntrain(*arguments).json
    assert len(list(Path("runs").iterdir())) == 1  # the same command has the same directory
    left = path.read_text().splitlines(keepends=True)
    assert left[:3] == some
    assert len(left) == 8
    for one, other in zip(whole["variants"], again["variants"], strict=True):
        assert one["default"]["scores"] == other["default"]["scores"]
    assert path.stat().st_mtime_ns == (nntrain(*arguments), path.stat().st_mtime_ns)[1]  # nothing left to run


def test_an_interrupted_comparison_keeps_its_runs(recipe: Path) -> None:
    """Closing the generator, as Ctrl-C does, leaves what is done."""
    from nntrain.comparison.executors import Threads
    from nntrain.comparison.ledger import Ledger

    asked = Event()
    variants = Variants(variants_of([str(recipe)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    findings = Findings(variants, Measure("test", "loss"), Budget(5, 0, 0), 2, "accuracy")
    with Ledger(Path("runs.jsonl")) as ledger:
        for event in compare(variants, findings, ledger, Threads(asked.is_set)):
            if event.done >= 3:
                asked.set()
    done = len(lines("."))
    assert 3 <= done < 10
    with Ledger(Path("runs.jsonl")) as ledger:
        events = list(compare(variants, findings, ledger, Threads()))
    assert len(events) == len(lines(".")) == 10
    assert sum(event.reused for event in events) == done


def test_csv_and_markdown(nntrain: CommandLine, recipe: Path) -> None:
    arguments = ("compare", recipe, "--optimizers", "sgd,adam", "--seeds", 3, "-q")
    records = list(csv.DictReader(io.StringIO(nntrain(*arguments, "--csv").out)))
    assert [record["rank"] for record in records] == ["1", "2"]
    assert {record["variant"] for record in records} == {"sgd", "adam"}
    assert 0 < float(records[0]["test_loss"]) < 2
    text = nntrain(*arguments, "--markdown").out
    assert text.startswith("| variant | settings | test loss |")
    assert "too few seeds" in text
    table = nntrain(*arguments)
    assert "quartiles" in table.out
    assert table.err == ""


def test_a_rate_a_hundred_times_too_small_is_worse(nntrain: CommandLine, recipe: Path) -> None:
    found = nntrain(
        "compare", recipe, "--set", "optimizer=adam", "--lrs", "0.0001,0.01", "--seeds", 6, "-q", "--json"
    ).json
    (pair,) = found["pairs"]
    assert pair["verdict"] == "lr=0.01 is better than lr=0.0001"


def test_one_that_diverges_is_counted(nntrain: CommandLine, recipe: Path) -> None:
    arguments = ("compare", recipe, "--set", "optimizer=sgd", "--set", "loss=sum_squared_error")
    ended = nntrain(*arguments, "--lrs", "0.001,1000", "--seeds", 6, "--json", "-q")
    best, worst = ended.json["variants"]
    assert (best["name"], best["default"]["diverged"]) == ("lr=0.001", 0)
    assert (worst["name"], worst["default"]["diverged"]) == ("lr=1000", 1)
    assert worst["default"]["scores"]["test"]["loss"]["median"] is None
    assert ended.json["pairs"][0]["verdict"] == "lr=0.001 is better than lr=1000"


def test_losses_are_compared_by_the_metric(nntrain: CommandLine, recipe: Path) -> None:
    found = nntrain("compare", recipe, "--losses", "bce,mse", "--seeds", 2, "-q", "--json").json
    assert (found["measure"], found["lower"]) == ("test.accuracy", False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--optimizers", "sgd,adma"),
            "--optimizers sgd,adma: optimizer: found 'adma', which there is not",
        ),
        (("--optimizers", "sgd"), "one variant only"),
        (("--optimizers", "sgd,sgd"), "two variants are called 'sgd'"),
        (("--optimizers", ""), "expected values with commas"),
        (("--optimizers", "sgd,[adam"), "--optimizers"),
        (("--vary", "model.hiden=[8],[4]"), "model.hiden: unknown key"),
        (("--vary", "hidden"), "expected key=values"),
        (("--lrs", "0.1,-1"), "optimizer.lr: found -1, expected a number > 0"),
        (("--losses", "mse,poisson"), "poisson is for"),
        (("--optimizers", "sgd,lbfgs", "--set", "training.batch_size=16"), "lbfgs needs the gradient of all rows"),
        (("--optimizers", "sgd,adam", "--tune", "3", "--set", "data.validation=0"), "--tune: needs a validation part"),
        (("--optimizers", "sgd,adam", "--target", "0.1", "--set", "data.validation=0"), "--target: needs a validation"),
        (("--optimizers", "sgd,adam", "--measure", "test.r2"), "allowed: train.loss, train.accuracy"),
        (("--lrs", "0.1,0.2", "--tune", "3"), "cannot be tuned too"),
        (("--optimizers", "sgd,adam", "--csv", "--json"), "choose one of"),
        (("--optimizers", "sgd,adam", "--seeds", "1"), "--seeds"),
    ],
)
def test_bad_input(nntrain: CommandLine, recipe: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = nntrain("compare", recipe, *arguments)
    assert ended.status == 2
    assert words in ended.err
    assert not Path("runs").exists()  # nothing half-written


def test_a_broken_ledger_is_told(nntrain: CommandLine, recipe: Path) -> None:
    Path("c").mkdir()
    Path("c/runs.jsonl").write_text('{"key": 1}\n{}\n')
    ended = nntrain("compare", recipe, "--optimizers", "sgd,adam", "--out", "c")
    assert ended.status == 2
    assert "runs.jsonl:1: is no line of a comparison's runs" in ended.err


def test_a_target_that_nobody_reaches(nntrain: CommandLine, recipe: Path) -> None:
    ended = nntrain("compare", recipe, "--optimizers", "sgd,adam", "--seeds", 2, "--target", 1e-9)
    assert ended.status == 0
    assert "no run reached the target 1e-09" in ended.err


def test_when_the_target_is_reached() -> None:
    curve = np.array([[10, 0.1, 1.0, 0.9, 0.5], [20, 0.2, 0.5, 0.4, 0.8], [30, 0.3, 0.4, 0.6, 0.7]])
    row = Row("k", Stopped.EPOCHS, 3, 30, 0.3, {"validation": Scores(0.6, 0.7)}, curve)
    found = reached(row, Measure("test", "loss"), 0.5)
    assert found is not None
    assert (found.steps, found.seconds) == (20, 0.2)
    assert reached(row, Measure("test", "accuracy"), 0.75) == found
    assert reached(row, Measure("test", "loss"), 0.1) is None


@pytest.mark.parametrize("name", members(Optimizer))
@pytest.mark.parametrize("count", [5, 10, 25])
def test_trials_are_within_the_search_space_of_every_optimizer(name: str, count: int) -> None:
    optimizer = make(Optimizer, name)
    trials = trials_of(optimizer, count, seed=3)
    assert len(trials) == (0 if optimizer.searches else count)
    for trial in trials:
        make(Optimizer, name, **trial.settings)  # in the ranges of the recipe too
    if trials:
        keys = set(trials[0].settings)
        assert keys == {"lr"} if count < 10 else keys >= {"lr"}
        rates = np.sort([trial.settings["lr"] for trial in trials])
        assert optimizer.rates.low <= rates[0] < rates[-1] <= optimizer.rates.high
        steps = np.diff(np.log(rates)) / np.log(optimizer.rates.high / optimizer.rates.low)
        assert steps.max() < 3 / count  # spread evenly, as chance would not


def test_the_picture_of_a_comparison_that_goes_on(recipe: Path) -> None:
    from nntrain.report.comparing import Comparing

    variants = Variants(variants_of([str(recipe)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    row = variants.run(Job.of(variants, 0, "default", 1))
    comparing = Comparing(["sgd", "adam"], Measure("test", "loss"))
    shown = {}
    for width in (60, 80, 120):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(comparing.picture(width, 1.0))
        shown[width] = console.export_text()
    assert "preparing" in shown[80]
    for number, reused in ((1, True), (2, True), (3, False)):
        comparing.take(RunEnded(Job.of(variants, 0, "default", number), row, number, 10, reused))
    for width in (60, 80, 120):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(comparing.picture(width, 2.0))
        text = console.export_text()
        assert max(map(len, text.splitlines())) <= width
        assert "run 3/10" in text
        assert "14.0 s left" in text  # one was made in two seconds, and seven are left
        assert any(bar in text for bar in "▁▂▃▄▅▆▇█")
    assert comparing.plain(2.0) == "run 3/10  defaults  2.0 s"


def test_splits_are_not_kept_for_ever(recipe: Path) -> None:
    variants = Variants(variants_of([str(recipe)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
    for seed in range(50):
        variants._prepared(Job.of(variants, 0, TRIAL, seed), variants.all[0])
    assert len(variants._parts) <= 16


def test_as_many_seeds_as_the_pairs_take(nntrain: CommandLine, recipe: Path) -> None:
    names = ",".join(["sgd", "adam", "momentum", "nesterov", "rmsprop", "adagrad", "nadam", "radam"])
    arguments = ("compare", recipe, "--optimizers", names, "--set", "training.epochs=1", "--json")
    ended = nntrain(*arguments)
    assert len(ended.json["seeds"]) == 11  # for 28 pairs
    assert "too few" not in ended.err
    assert (
        "6 seeds are too few to show a difference among 8 variants; it takes 11"
        in nntrain(*arguments, "--seeds", 6).err
    )


def test_several_recipes(nntrain: CommandLine, recipe: Path) -> None:
    Path("wide.yaml").write_text(RECIPE.replace("[8]", "[32]"))
    found = nntrain("compare", recipe, "--recipe", "wide.yaml", "--seeds", 2, "--json", "-q").json
    assert {variant["name"] for variant in found["variants"]} == {"two", "wide"}


def test_all_variants_get_the_same_points() -> None:
    places = [[trial.places["lr"] for trial in trials_of(make(Optimizer, name), 5, seed=3)] for name in ("sgd", "adam")]
    assert places[0] == places[1]


def test_memory_and_jobs_are_bounded(recipe: Path) -> None:
    """Jobs are handed out as they are needed, and not all at once."""
    from nntrain.comparison.executors import Threads

    variants = Variants(variants_of([str(recipe)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
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


def test_results_do_not_depend_on_the_number_of_threads(recipe: Path) -> None:
    from nntrain.comparison.executors import Threads
    from nntrain.comparison.ledger import Ledger

    found = []
    for count in (1, 3):
        variants = Variants(variants_of([str(recipe)], [], [axis("--optimizers", "optimizer", "sgd,adam")]))
        findings = Findings(variants, Measure("test", "loss"), Budget(3, 0, 0), 2, "accuracy")
        with Ledger(Path(f"{count}.jsonl")) as ledger:
            list(compare(variants, findings, ledger, Threads(count=count)))
        result = result_of(findings)
        found.append([(variant.name, variant.default.scores) for variant in result.variants])
    assert found[0] == found[1]


def test_runs_that_are_done(nntrain: CommandLine, recipe: Path) -> None:
    for optimizer in ("sgd", "adam"):
        for seed in (1, 2):
            settings = ("--set", f"optimizer={optimizer}", "--set", f"seed={seed}")
            nntrain("fit", recipe, *settings, "--out", f"{optimizer}{seed}", "-q")
    found = nntrain("compare", "sgd1", "adam1", "adam2", "sgd2", "--json").json
    assert found["seeds"] == [1, 2]
    assert [variant["default"]["runs"] for variant in found["variants"]] == [2, 2]
    assert {variant["name"].split()[0] for variant in found["variants"]} == {
        "optimizer.name=sgd",
        "optimizer.name=adam",
    }
    losses = [json.loads(Path(f"sgd{seed}/summary.json").read_text())["test"]["loss"] for seed in (1, 2)]
    (sgd,) = [variant for variant in found["variants"] if "name=sgd" in variant["name"]]
    assert sgd["default"]["scores"]["test"]["loss"]["median"] == pytest.approx(np.median(losses))
    assert "quartiles" in nntrain("compare", "sgd1", "adam1").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("one", "."), ".: is not the directory of a run that has ended: it lacks recipe.yaml"),
        (("one", "one"), "the same recipe"),
        (("one", "--optimizers", "sgd,adam"), "nothing to vary"),
        (("one", "two.yaml"), "two.yaml: is not the directory of a run"),
    ],
)
def test_directories_that_cannot_be_compared(
    nntrain: CommandLine, recipe: Path, arguments: tuple[str, ...], words: str
) -> None:
    nntrain("fit", recipe, "--out", "one", "-q")
    ended = nntrain("compare", *arguments)
    assert ended.status == 2
    assert words in ended.err


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"training.early_stopping": {"patience": 2}, "training.epochs": 60},
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
    from nntrain.training.engine import Engine
    from nntrain.training.events import EpochEnded, Finished
    from nntrain.training.loop import train
    from tests.helpers import built

    data = {"data": {"source": {"name": "moons", "rows": 200}}, "model": {"hidden": [8]}, "training": {"epochs": 30}}
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
