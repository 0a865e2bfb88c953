"""``nntrain plot``: fits, boundaries, the mini-batch's noise, loss against capacity, histograms of losses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.artifacts.views import view_of, weights_at
from nntrain.cli.plot import Kind, plot
from nntrain.cli.views import load_view
from nntrain.diagnostics.gradient_noise import gradient_noise
from nntrain.report.comparison_charts import _value
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from tests.helpers import CommandLine, built, refused

LINE = {
    "data": {"source": {"name": "line", "rows": 40, "noise": 0}, "validation": 0.2, "test": 0},
    "model": {"hidden": []},
    "optimizer": "lbfgs",
    "training": {"dtype": "float64", "epochs": 50},
}


def test_a_fitted_line_is_the_line() -> None:
    """In the units of the data, although features are standardized."""
    one = built(LINE)
    view = view_of(one, weights_at(one, [0]))
    assert [frame.title for frame in view.frames] == ["epoch 0", "the weights that the run keeps"]
    np.testing.assert_allclose(view.frames[1].values, 3 * view.axes[0] + 1, atol=1e-4)
    x, y = view.rows["training"]
    np.testing.assert_allclose(y, 3 * x[:, 0] + 1, rtol=1e-9)
    assert len(view.rows["validation"][0]) == 8


def test_a_boundary_has_the_predictions_of_the_network() -> None:
    one = built({"data": {"source": {"name": "xor", "rows": 100, "noise": 0.1}}, "training": {"epochs": 30}})
    view = view_of(one, weights_at(one, []))
    assert view.classes == ("same", "different")
    x1, x2 = np.meshgrid(*view.axes)
    clear = (np.abs(x1) > 0.7) & (np.abs(x2) > 0.7)
    assert (view.frames[0].values[clear] == (x1 * x2 < 0)[clear]).mean() > 0.97


def test_the_weights_of_an_epoch_are_those_of_a_run_that_ends_there() -> None:
    recipe = {"data": {"source": {"name": "moons", "rows": 60}}, "model": {"hidden": [3]}}
    five, nine = (built({**recipe, "training": {"epochs": epochs}}) for epochs in (5, 9))
    engine = Engine(five.plan)
    assert list(train(engine))
    found = dict(weights_at(nine, [5]))
    np.testing.assert_array_equal(found[5], engine.theta)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_views_on_a_terminal(terminal: Callable[..., str], moons: Path, columns: int) -> None:
    text = terminal(columns, "plot", "boundary", moons, "--epochs", "0,2")
    assert "epoch 2" in text
    assert "a outer (predicted where ' '), b inner (predicted where '·')" in " ".join(text.split())
    text = terminal(columns, "plot", "fit", "line", "--set", "training.epochs=3")
    assert "o training rows" in text
    assert "━" in text


def test_a_run_is_not_trained_again(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q").status == 0
    one, again = (load_view("boundary", [name], [], None) for name in ("run", str(moons)))
    np.testing.assert_array_equal(one.frames[0].values, again.frames[0].values)


@pytest.mark.parametrize("what", ["boundary", "fit"])
def test_pictures_of_views(nntrain: CommandLine, moons: Path, what: str) -> None:
    pytest.importorskip("matplotlib")
    name, out = (moons, "b.svg") if what == "boundary" else ("line", "f.svg")
    assert nntrain("plot", what, name, "--set", "training.epochs=4", "--epochs", "1", "-o", out).out == f"{out}\n"
    assert "</svg>" in Path(out).read_text()


def test_the_noise_of_a_mini_batch_falls_with_the_root_of_its_size() -> None:
    plan = built({"data": {"source": {"name": "moons", "rows": 200}}, "model": {"hidden": [4]}}).plan
    found = gradient_noise(plan)
    assert found.sizes[[0, -1]].tolist() == [1, len(plan.data.train.x)]
    assert found.measured[-1] < 1e-12
    assert found.expected[-1] < 1e-7
    np.testing.assert_allclose(found.measured[:-1], found.expected[:-1], rtol=0.2)
    assert found.expected[2] / found.expected[0] == pytest.approx(0.5, abs=0.02)


def test_capacity_and_losses_of_a_comparison(nntrain: CommandLine, moons: Path) -> None:
    vary = ("--vary", "model.hidden=[8],[2],[4, 2]", "--seeds", 3, "--set", "training.epochs=2")
    assert nntrain("compare", moons, *vary, "--out", "found", "-q").status == 0
    (chart,) = plot(Kind.CAPACITY, ["found"])
    assert [line.label for line in chart.lines] == ["training", "validation"]
    assert chart.lines[0].x.tolist() == [2, 6, 8]
    assert all((line.low <= line.y).all() and (line.y <= line.high).all() for line in chart.lines)  # type: ignore[operator]
    charts = plot(Kind.LOSSES, ["found"])
    assert len(charts) == 3
    assert all(line.y.sum() == 2 * 3 for chart in charts for line in chart.lines)  # each bin has two points
    assert nntrain("compare", moons, "--optimizers", "sgd,adam", "--seeds", 2, "--out", "other", "-q").status == 0
    assert "does not vary the numbers of one key" in refused(nntrain, "plot", "capacity", "other")


def test_the_number_of_a_variant() -> None:
    names = {"hidden=[]": 0, "hidden=[4, 2]": 6, "l2=1e-3": 1e-3, "dropout=0.5": 0.5, "adam": None}
    assert {name: _value(name) for name in names} == names


def test_what_has_no_view_is_refused(nntrain: CommandLine, moons: Path) -> None:
    assert "4 features" in refused(nntrain, "plot", "boundary", "iris")
    assert "use plot boundary" in refused(nntrain, "plot", "fit", moons)
    assert "the run ends after 4" in refused(nntrain, "plot", "boundary", moons, "--epochs", "0,5")
    assert "expected epochs" in refused(nntrain, "plot", "boundary", moons, "--epochs", "x")
    assert "mean over several samples" in refused(nntrain, "plot", "noise", "line_search")
    assert "model.norm=null" in refused(nntrain, "plot", "noise", moons, "--set", "model.norm=batch")
    assert "needs a name" in refused(nntrain, "plot", "noise")
    assert "takes neither" in refused(nntrain, "plot", "schedules", "--epochs", "1")
