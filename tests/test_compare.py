"""``nntrain compare``: what it makes, shows, keeps and refuses."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import ROOT, CommandLine, lines_of


def test_the_command(nntrain: CommandLine, moons: Path) -> None:
    ended = nntrain("compare", moons, "--optimizers", "sgd,adam,lbfgs", "--seeds", 3, "--out", "c", "--json")
    assert ended.status == 0
    found = ended.json
    assert (found["measure"], found["varied"]) == ("validation.loss", ["optimizer"])
    assert found["seeds"] == [1, 2, 3]
    assert sorted(variant["name"] for variant in found["variants"]) == ["adam", "lbfgs", "sgd"]
    medians = [variant["default"]["scores"]["validation"]["loss"]["median"] for variant in found["variants"]]
    assert medians == sorted(medians)
    assert len(found["pairs"]) == 3
    assert all(pair["verdict"].startswith("too few seeds") for pair in found["pairs"])
    assert found == json.loads(Path("c/comparison.json").read_text())
    assert len(lines_of("c")) == 9
    areas = [float(np.mean([point[4] for point in row["curve"]])) for row in lines_of("c")]
    for variant in found["variants"]:
        outcome = variant["default"]
        assert outcome["runs"] == 3
        assert len(outcome["curve"]) == outcome["epochs"] == 4
        assert any(outcome["auc"]["median"] == pytest.approx(area) for area in areas)
        assert set(outcome["scores"]) == {"train", "validation", "test"}
    evaluations = {variant["name"]: variant["default"]["steps"]["median"] for variant in found["variants"]}
    assert evaluations["sgd"] == evaluations["adam"] == 4 * 5
    assert 4 < evaluations["lbfgs"] < 20  # evaluations of loss and gradient, on all rows


def test_a_target_is_reached_when_it_is_however_long_a_run_may_be(nntrain: CommandLine, moons: Path) -> None:
    """Early stopping ends all of them at the same epoch."""
    found = []
    for epochs in (200, 5000, 100_000):
        settings = (f"training.epochs={epochs}", "training.early_stopping={patience: 5}", "optimizer.lr=0.01")
        given = [argument for setting in settings for argument in ("--set", setting)]
        ended = nntrain(
            "compare", moons, "--optimizers", "adam,rmsprop", *given, "--seeds", 2, "--target", 0.3, "--json"
        )
        outcomes = [variant["default"] for variant in ended.json["variants"]]
        assert [outcome["target"]["missed"] for outcome in outcomes] == [0, 0]
        found.append([(outcome["target"]["steps"], outcome["auc"]["median"]) for outcome in outcomes])
    assert found[0] == found[1] == found[2]


def test_variants_that_are_none_are_refused(nntrain: CommandLine, moons: Path) -> None:
    Path("other").mkdir()
    Path("other/moons.yaml").write_text(moons.read_text().replace("[8]", "[9]"))
    Path("same.yaml").write_text(moons.read_text())
    for arguments, words in (
        (("--optimizers", "sgd,adam", "--target", "nan"), "--target: found nan"),
        (("--vary", "seed=1,2"), "cannot vary seed"),
        (("--vary", "data.test_seed=1,2"), "cannot vary data.test_seed"),
        (("--lrs", "0.1,0.2", "--vary", "optimizer.lr=0.3,0.4"), "optimizer.lr already varies"),
        (("same.yaml",), "'moons' and 'same' are the same recipe"),
    ):
        ended = nntrain("compare", moons, *arguments)
        assert ended.status == 2
        assert words in ended.err
    ended = nntrain("compare", moons, "other/moons.yaml", "--seeds", 2, "--json")
    assert {variant["name"] for variant in ended.json["variants"]} == {str(moons.with_suffix("")), "other/moons"}


def test_all_variants_have_the_first_ones_rows(nntrain: CommandLine, moons: Path) -> None:
    Path("b.yaml").write_text(moons.read_text().replace("[8]", "[9]") + "seed: 7\n")
    recipes = [
        variant["recipe"] for variant in nntrain("compare", moons, "b.yaml", "--seeds", 2, "--json").json["variants"]
    ]
    assert [(recipe["seed"], recipe["data"]["test_seed"]) for recipe in recipes] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_rate_is_its_optimizers_in_whatever_order_they_vary(nntrain: CommandLine, moons: Path, swapped: bool) -> None:
    first, second = ("optimizer.lr=0.1,0.001", "optimizer=sgd,adam")[:: -1 if swapped else 1]
    ended = nntrain("compare", moons, "--vary", first, "--vary", second, "--seeds", 2, "--json")
    found = {(v["recipe"]["optimizer"]["name"], v["recipe"]["optimizer"]["lr"]) for v in ended.json["variants"]}
    assert found == {("sgd", 0.1), ("sgd", 0.001), ("adam", 0.1), ("adam", 0.001)}
    ended = nntrain("compare", moons, "--optimizers", "sgd,adam", "--set", "optimizer.lr=0.5", "--seeds", 2, "--json")
    assert [v["recipe"]["optimizer"]["lr"] for v in ended.json["variants"]] == [0.5, 0.5]


def test_different_data_are_refused(nntrain: CommandLine, moons: Path) -> None:
    """As recipes, as variants and as finished runs."""
    Path("iris.yaml").write_text("data: {source: iris}\ntraining: {epochs: 2}\n")
    Path("wine.yaml").write_text("data: {source: wine}\ntraining: {epochs: 2}\n")
    ended = nntrain("compare", "iris.yaml", "wine.yaml")
    assert ended.status == 2
    assert "'iris' and 'wine' have different data: iris, 150 rows of 4 features, and wine, 178 rows of 13" in ended.err
    ended = nntrain("compare", moons, "--vary", "data.source.noise=0.1,0.3")
    assert "'noise=0.1' and 'noise=0.3' have different data" in ended.err
    for name in ("iris", "wine"):
        nntrain("fit", f"{name}.yaml", "--out", name, "-q")
    ended = nntrain("compare", "iris", "wine")
    assert ended.status == 2
    assert "wine: was trained on different data than iris: wine, not iris" in ended.err


def test_the_same_rows_may_have_other_features_and_another_file(nntrain: CommandLine, moons: Path) -> None:
    rows = [f"{k % 7},{k % 5},{'ab'[k % 2]}" for k in range(60)]
    for name in ("one", "two"):
        Path(f"{name}.csv").write_text("\n".join(["x,z,y", *rows]))
        source = f"source: {{name: csv, path: {name}.csv, target: y}}"
        Path(f"{name}.yaml").write_text(f"data: {{{source}}}\nmodel: {{hidden: [4]}}\ntraining: {{epochs: 2}}\n")
    ended = nntrain("compare", "one.yaml", "--vary", "data.source.features=[x],[x,z],[z]", "--seeds", 2)
    assert ended.status == 0
    nntrain("fit", "one.yaml", "--out", "one", "-q")
    nntrain("fit", "two.yaml", "--out", "two", "-q", "--set", "optimizer.lr=0.1")
    assert nntrain("compare", "one", "two").status == 0
    Path("two.csv").write_text(Path("two.csv").read_text().replace("3,", "9,", 1))
    assert nntrain("compare", "one", "two").status == 0  # their recipes have the checksum of the file as it was
    nntrain("fit", "two.yaml", "--out", "two", "--overwrite", "-q", "--set", "optimizer.lr=0.1")
    assert "two: was trained on different data than one" in nntrain("compare", "one", "two").err


def test_finished_runs_are_ranked_on_the_seeds_that_all_have(nntrain: CommandLine, moons: Path) -> None:
    for optimizer, seeds in (("sgd", (1, 2, 3)), ("adam", (2, 3, 4))):
        for seed in seeds:
            settings = ("--set", f"optimizer={optimizer}", "--set", f"seed={seed}")
            nntrain("fit", moons, *settings, "--out", f"{optimizer}{seed}", "-q")
    runs = [*(f"sgd{seed}" for seed in (1, 2, 3)), *(f"adam{seed}" for seed in (2, 3, 4))]
    found = nntrain("compare", *runs, "--json").json
    assert found["seeds"] == [2, 3]
    assert [variant["default"]["runs"] for variant in found["variants"]] == [2, 2]
    (note,) = found["notes"]
    assert "left out" in note
    assert "sgd1 and 2 more (seed 1); adam2 and 2 more (seed 4)" in note
    apart = nntrain("compare", "sgd1", "adam4", "--json").json
    assert apart["pairs"][0]["verdict"] == "no seed in common"
    assert "no seed was run by all variants" in apart["notes"][0]


def test_a_run_without_its_accuracy_is_damaged(nntrain: CommandLine, moons: Path) -> None:
    for name in ("sgd", "adam"):
        nntrain("fit", moons, "--set", f"optimizer={name}", "--out", name, "-q")
    summary = json.loads(Path("sgd/summary.json").read_text())
    del summary["train"]["accuracy"]
    Path("sgd/summary.json").write_text(json.dumps(summary))
    ended = nntrain("compare", "sgd", "adam")
    assert ended.status == 2
    assert "sgd/summary.json: is damaged: Value error, train.accuracy is missing" in ended.err


def test_losses_in_different_units_are_not_compared(nntrain: CommandLine, moons: Path) -> None:
    Path("d.yaml").write_text("data: {source: diabetes}\ntraining: {epochs: 2}\n")
    ended = nntrain("compare", "d.yaml", "--vary", "data.standardize_target=true,false", "--seeds", 2, "--json")
    assert ended.json["measure"] == "validation.r2"


def test_csv_of_recipes_with_different_parts(nntrain: CommandLine, moons: Path) -> None:
    Path("b.yaml").write_text(moons.read_text().replace("data: {", "data: {validation: 0, "))
    for first, second in ((moons, "b.yaml"), ("b.yaml", moons)):
        records = list(csv.DictReader(io.StringIO(nntrain("compare", first, second, "--seeds", 2, "--csv").out)))
        assert {record["validation_loss"] == "" for record in records} == {True, False}


def test_tuning(nntrain: CommandLine, moons: Path) -> None:
    arguments = ("compare", moons, "--optimizers", "sgd,adam", "--tune", 3, "--seeds", 3)
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
    assert len(lines_of("c")) == 2 * 3 + 2 * 3 + 2 * 3 + 4 * 12 + 3 - 3


@pytest.mark.parametrize("names", ["lbfgs,sgd", "sgd,lbfgs"])
def test_the_target_does_not_depend_on_the_order_of_the_variants(nntrain: CommandLine, moons: Path, names: str) -> None:
    """L-BFGS trains on all rows at once: the reference optimizers have their own batches, whoever comes first."""
    arguments = ("compare", moons, "--optimizers", names, "--tune", 2, "--seeds", 2, "--set", "data.source.rows=60")
    found = nntrain(*arguments, "--out", "c", "--json").json
    reference = {line["settings"]["lr"]: line["steps"] for line in lines_of("c") if "reference" in line["variant"]}
    assert set(reference.values()) == {4 * 2}
    again = nntrain(*arguments[:3], ",".join(names.split(",")[::-1]), *arguments[4:], "--json").json
    assert found["target"] == again["target"]


def test_a_target_is_no_worse_than_an_untrained_network(nntrain: CommandLine, moons: Path) -> None:
    """A rate that suited the trials' seed may be far too large for the others: the next reference sets the target."""
    arguments = ("compare", ROOT / "recipes/wine.yaml", "--optimizers", "sgd,lbfgs", "--tune", 3, "--seeds", 6)
    ended = nntrain(*arguments, "--out", "c")
    target = json.loads(Path("c/comparison.json").read_text())["target"]
    assert "reference nesterov sets no target: its best trial reached a validation loss of" in ended.err
    tuned: dict[str, list[dict[str, Any]]] = {}
    for line in lines_of("c"):
        if "reference" in line["variant"] and line["phase"] == "tuned":
            tuned.setdefault(line["variant"], []).append(line)
    assert next(iter(tuned)) == "reference nesterov"
    medians = [np.median([line["scores"]["validation"]["loss"] for line in lines]) for lines in tuned.values()]
    before = [np.median([line["untrained"]["loss"] for line in lines]) for lines in tuned.values()]
    assert medians[-1] == target < before[-1]
    assert all(median >= untrained for median, untrained in zip(medians[:-1], before[:-1], strict=True))


def test_no_target_where_nothing_can_be_learned(nntrain: CommandLine, moons: Path) -> None:
    """A network of zeros has no loss on targets of 0."""
    Path("zeros.csv").write_text("\n".join(["a,o", *(f"{k},0" for k in range(60))]))
    Path("zeros.yaml").write_text("data: {source: {name: csv, path: zeros.csv, target: o}}\ntraining: {epochs: 3}\n")
    settings = ("--set", "model.initializer=zeros", "--tune", 1, "--seeds", 2)
    ended = nntrain("compare", "zeros.yaml", "--optimizers", "sgd,momentum", *settings)
    assert ended.err.count("sets no target: its best trial reached a validation loss of 0 on the other seeds") == 4
    assert "no target: no reference optimizer learned anything" in ended.err
    assert "steps to" not in ended.out


def test_a_target_that_is_met_before_training_is_told(nntrain: CommandLine, moons: Path) -> None:
    ended = nntrain("compare", moons, "--optimizers", "sgd,adam", "--seeds", 2, "--target", 100)
    assert "sgd: the untrained network already reaches the target in 2 of 2 runs" in ended.err


def test_a_comparison_goes_on_where_it_was(nntrain: CommandLine, moons: Path) -> None:
    arguments = ("compare", moons, "--optimizers", "sgd,adam", "--seeds", 4, "--json", "-q")
    whole = nntrain(*arguments).json
    (path,) = Path("runs").rglob("runs.jsonl")
    text = path.read_text()
    some = text.splitlines(keepends=True)[:3]
    path.write_text("".join(some) + '{"key":"cut of')
    again = nntrain(*arguments).json
    assert len(list(Path("runs").iterdir())) == 1  # the same command has the same directory
    left = path.read_text().splitlines(keepends=True)
    assert left[:3] == some
    rows = [json.loads(line) for line in left]
    made = sorted((row["variant"], row["seed"]) for row in rows)
    assert made == [(name, seed) for name in ("adam", "sgd") for seed in range(1, 5)]
    assert {row["phase"] for row in rows} == {"default"}
    assert len(left) == 8
    for one, other in zip(whole["variants"], again["variants"], strict=True):
        assert one["default"]["scores"] == other["default"]["scores"]
    before = path.read_bytes()
    nntrain(*arguments)
    assert path.read_bytes() == before  # nothing was left to run


def test_csv_and_markdown(nntrain: CommandLine, moons: Path) -> None:
    arguments = ("compare", moons, "--optimizers", "sgd,adam", "--seeds", 3, "-q")
    records = list(csv.DictReader(io.StringIO(nntrain(*arguments, "--csv").out)))
    assert [record["rank"] for record in records] == ["1", "2"]
    assert {record["variant"] for record in records} == {"sgd", "adam"}
    assert 0 < float(records[0]["test_loss"]) < 2
    text = nntrain(*arguments, "--markdown").out
    assert text.startswith("| variant | settings | lr | validation loss | quartiles | test loss | test accuracy |")
    assert "| higher rank | lower rank | median difference |" in text
    assert "learning rate not tuned" in text
    assert "too few seeds" in text
    table = nntrain(*arguments)
    assert "quartiles" in table.out
    assert table.err == ""


def test_a_rate_a_hundred_times_too_small_is_worse(nntrain: CommandLine, moons: Path) -> None:
    found = nntrain(
        "compare", moons, "--set", "optimizer=adam", "--lrs", "0.0001,0.01", "--seeds", 6, "-q", "--json"
    ).json
    (pair,) = found["pairs"]
    assert pair["verdict"] == "lr=0.01 is better than lr=0.0001"


def test_one_that_diverges_is_counted(nntrain: CommandLine, moons: Path) -> None:
    arguments = ("compare", moons, "--set", "optimizer=sgd", "--set", "loss=sum_squared_error")
    ended = nntrain(*arguments, "--lrs", "0.001,1000", "--seeds", 6, "--json", "-q")
    best, worst = ended.json["variants"]
    assert (best["name"], best["default"]["diverged"]) == ("lr=0.001", 0)
    assert (worst["name"], worst["default"]["diverged"]) == ("lr=1000", 1)
    assert worst["default"]["scores"]["test"]["loss"]["median"] is None
    assert ended.json["pairs"][0]["verdict"] == "lr=0.001 is better than lr=1000"


def test_nothing_is_ranked_where_every_run_diverges(nntrain: CommandLine, moons: Path) -> None:
    arguments = ("compare", moons, "--set", "optimizer=sgd", "--set", "loss=sum_squared_error", "--lrs", "1e6,1e7")
    ran = nntrain(*arguments, "--seeds", 6)
    assert ran.status == 3
    assert "every run diverged" in ran.out
    assert "best median" not in ran.out
    assert "median validation" not in ran.err
    found = nntrain(*arguments, "--seeds", 6, "--json", "-q").json
    assert all(variant["default"]["diverged"] == 1 for variant in found["variants"])


def test_losses_are_compared_by_the_metric(nntrain: CommandLine, moons: Path) -> None:
    found = nntrain("compare", moons, "--losses", "bce,mse", "--seeds", 2, "-q", "--json").json
    assert (found["measure"], found["lower"]) == ("validation.accuracy", False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--optimizers", "sgd,adma"),
            "--optimizers sgd,adma: optimizer: unknown optimizer 'adma'",
        ),
        (("--optimizers", "sgd"), "only one variant"),
        (("--optimizers", "sgd,sgd"), "two variants have the name 'sgd'"),
        (("--optimizers", ""), "expected values separated by commas"),
        (("--optimizers", "sgd,[adam"), "--optimizers"),
        (("--vary", "model.hiden=[8],[4]"), "model.hiden: unknown key"),
        (("--vary", "hidden"), "expected KEY=VALUES"),
        (("--lrs", "0.1,-1"), "optimizer.lr: found -1, expected a number > 0"),
        (("--losses", "mse,poisson"), "poisson is for"),
        (("--optimizers", "sgd,lbfgs", "--set", "training.batch_size=16"), "lbfgs needs the gradient of all rows"),
        (
            ("--optimizers", "sgd,adam", "--tune", "3", "--set", "data.validation=0"),
            "--tune: tuning needs a validation split, but data.validation is 0",
        ),
        (
            ("--optimizers", "sgd,adam", "--target", "0.1", "--set", "data.validation=0"),
            "--target: a target needs a validation split",
        ),
        (("--optimizers", "sgd,adam", "--measure", "test.r2"), "r2 is for regression, but this is classification"),
        (("--optimizers", "sgd,adam", "--measure", "accuracy"), "as in test.accuracy"),
        (("--lrs", "0.1,0.2", "--tune", "3"), "cannot be tuned too"),
        (("--optimizers", "sgd,adam", "--csv", "--json"), "choose one of"),
        (("--optimizers", "sgd,adam", "--seeds", "1"), "--seeds"),
    ],
)
def test_bad_input(nntrain: CommandLine, moons: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = nntrain("compare", moons, *arguments)
    assert ended.status == 2
    assert words in ended.err
    assert not Path("runs").exists()  # nothing half-written


def test_a_target_that_nobody_reaches(nntrain: CommandLine, moons: Path) -> None:
    ended = nntrain("compare", moons, "--optimizers", "sgd,adam", "--seeds", 2, "--target", 1e-9)
    assert ended.status == 0
    assert "no run reached the target 1e-09" in ended.err


def test_as_many_seeds_as_the_pairs_take(nntrain: CommandLine, moons: Path) -> None:
    names = ",".join(["sgd", "adam", "momentum", "nesterov", "rmsprop", "adagrad", "nadam", "radam"])
    arguments = ("compare", moons, "--optimizers", names, "--set", "training.epochs=1", "--json")
    ended = nntrain(*arguments)
    assert len(ended.json["seeds"]) == 11  # for 28 pairs
    assert "too few" not in ended.err
    assert (
        "6 seeds are too few to show a difference among 8 variants: use at least 11"
        in nntrain(*arguments, "--seeds", 6).err
    )


def test_several_recipes(nntrain: CommandLine, moons: Path) -> None:
    Path("wide.yaml").write_text(moons.read_text().replace("[8]", "[32]"))
    found = nntrain("compare", moons, "--recipe", "wide.yaml", "--seeds", 2, "--json", "-q").json
    assert {variant["name"] for variant in found["variants"]} == {"moons", "wide"}


def test_runs_that_are_done(nntrain: CommandLine, moons: Path) -> None:
    for optimizer in ("sgd", "adam"):
        for seed in (1, 2):
            settings = ("--set", f"optimizer={optimizer}", "--set", f"seed={seed}")
            nntrain("fit", moons, *settings, "--out", f"{optimizer}{seed}", "-q")
    found = nntrain("compare", "sgd1", "adam1", "adam2", "sgd2", "--json").json
    assert found["seeds"] == [1, 2]
    assert [variant["default"]["runs"] for variant in found["variants"]] == [2, 2]
    named = {variant["name"]: variant["differs"] for variant in found["variants"]}
    assert named == {
        "sgd1, sgd2": {"optimizer": "sgd", "lr": "0.01"},
        "adam1, adam2": {"optimizer": "adam", "lr": "0.001"},
    }
    losses = [json.loads(Path(f"sgd{seed}/summary.json").read_text())["test"]["loss"] for seed in (1, 2)]
    (sgd,) = [variant for variant in found["variants"] if "sgd1" in variant["name"]]
    assert sgd["default"]["scores"]["test"]["loss"]["median"] == pytest.approx(np.median(losses))
    shown = nntrain("compare", "sgd1", "adam1").out
    assert "sgd1 optimizer=sgd lr=0.01" in shown
    assert "quartiles" not in shown  # of a single run
    assert "not tuned" not in shown  # nobody knows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("one", "."), ".: is not the directory of a finished run: it has no recipe.yaml"),
        (("one", "one"), "the same recipe"),
        (("one", "--optimizers", "sgd,adam"), "nothing to vary"),
        (("one", "moons.yaml"), "cannot mix finished runs with recipes"),
    ],
)
def test_directories_that_cannot_be_compared(
    nntrain: CommandLine, moons: Path, arguments: tuple[str, ...], words: str
) -> None:
    nntrain("fit", moons, "--out", "one", "-q")
    ended = nntrain("compare", *arguments)
    assert ended.status == 2
    assert words in ended.err
