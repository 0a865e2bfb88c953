"""``nntrain experiment``: changes of a recipe that tell causes apart."""

import inspect

import pytest

from nntrain.cli.experiment import run
from nntrain.doctor.experiments import Experiment
from nntrain.registry import members
from tests.helpers import CommandLine

QUICK = ["training.epochs=30"]


def effects(name: str, *settings: str) -> dict[str, tuple[float, float]]:
    """Return the validation scores before and after each change of an experiment on moons."""
    found, _ = run("moons", [name], [*QUICK, *settings], 60)
    return {one.text: (one.tried.before, one.tried.after) for one in found if one.tried is not None}


def test_every_experiment_says_what_it_is() -> None:
    for name, kind in members(Experiment).items():
        text = inspect.getdoc(kind) or ""
        assert "Formula:" in text, name
        assert "Source:" in text, name
        assert text.partition("\n\n")[0].endswith("."), name


def test_shuffled_targets_leave_nothing_to_learn() -> None:
    ((before, after),) = effects("shuffled_labels").values()
    assert before > 0.9
    assert after < 0.3


def test_a_linear_model_is_worse_where_the_boundary_is_not_linear() -> None:
    ((before, after),) = effects("linear_model").values()
    assert 0.5 < after < before - 0.1
    assert effects("linear_model", "model.hidden=[]") == {}


def test_every_column_is_shuffled_on_its_own() -> None:
    found = effects("shuffled_columns")
    assert list(found) == ["x0 shuffled", "x1 shuffled"] or len(found) == 2
    assert all(after < before - 0.1 for before, after in found.values())


def test_only_what_is_there_is_taken_away() -> None:
    assert effects("no_regularization") == {}
    ((text, (before, after)),) = effects("no_regularization", "regularization.l1=0.3").items()
    assert text == "regularization.l1=0.0"
    assert after > before + 0.5


def test_scaling_and_other_rates_and_epochs() -> None:
    assert effects("scaled_data") == {}
    assert list(effects("scaled_data", "data.standardize=false")) == ["data.standardize=true"]
    slow = effects("other_rates", "optimizer.lr=0.0001")
    assert slow["optimizer.lr=0.001"][1] > slow["optimizer.lr=1e-05"][1] + 0.1
    assert list(effects("more_epochs")) == ["training.epochs=120"]
    assert list(effects("twice_the_width")) == ["model.hidden=[32, 32]"]


def test_the_command(nntrain: CommandLine) -> None:
    shown = nntrain("experiment", "moons", "linear_model", "--set", "training.epochs=10")
    assert shown.status == 0
    assert "linear_model" in shown.out
    assert "->" in shown.out
    data = nntrain("experiment", "moons", "linear_model", "--set", "training.epochs=10", "--json").json
    assert data["outcomes"][0]["tried"]["settings"] == {"model.hidden": []}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["moons", "linear"], "unknown 'linear'"), (["moons", "--budget", "0"], "--budget: found '0'")],
)
def test_bad_input(nntrain: CommandLine, arguments: list[str], words: str) -> None:
    ended = nntrain("experiment", *arguments)
    assert ended.status == 2
    assert words in ended.err
