"""What a report shows of the predictions and the layers of a single run, and at which epochs."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain as package
from nntrain.diagnostics.epoch_histograms import layer_histograms
from tests.helpers import CommandLine, built, refused
from tests.pages import figures, read


@pytest.fixture
def run(nntrain: CommandLine, moons: Path) -> Path:
    assert nntrain("fit", moons, "--out", "run", "-q").status == 0
    return Path("run")


def cells(figure: Any, frame: int) -> Any:
    """Return the classes of a frame as rows of the second feature."""
    decoded = np.frombuffer(base64.b64decode(figure["frames"][frame]["classes"]), np.uint8)
    return decoded.reshape(figure["size"], figure["size"])


def test_the_decision_boundary_is_that_of_the_model(nntrain: CommandLine, run: Path) -> None:
    page = nntrain("report", run, "--out", "-").out
    read(page)
    figure = figures(page)["decision boundary"]
    assert [frame["title"] for frame in figure["frames"]] == ["the weights that the run keeps"]
    axes = [np.linspace(low, high, figure["size"]) for low, high in (figure["xs"], figure["ys"])]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    predicted = [figure["classes"].index(str(one)) for one in package.load(run).predict(grid)]
    np.testing.assert_array_equal(cells(figure, 0).ravel(), predicted)
    assert 0 < np.mean(predicted) < 1
    assert sum(len(points["x"]) for points in figure["points"]) > 100


def test_other_epochs_are_shown_by_training_again(nntrain: CommandLine, run: Path) -> None:
    drawn = figures(nntrain("report", run, "--epochs", "0,4", "--out", "-").out)
    boundary = drawn["decision boundary"]
    assert [frame["title"] for frame in boundary["frames"]] == ["epoch 0", "epoch 4", "the weights that the run keeps"]
    assert (cells(boundary, 0) != cells(boundary, 1)).any()
    kept = figures(nntrain("report", run, "--out", "-").out)["decision boundary"]
    np.testing.assert_array_equal(cells(boundary, 2), cells(kept, 0))
    ridges = [figure for figure in drawn.values() if figure["kind"] == "ridges"]
    assert len(ridges) == 2 * 2
    for figure in ridges:
        assert [row["label"] for row in figure["rows"]] == ["epoch 0", "epoch 4", "kept"]
        assert all(sum(row["fractions"]) == pytest.approx(1, abs=1e-3) for row in figure["rows"])


def test_the_histograms_of_a_network_by_hand() -> None:
    """One tanh unit and a linear one: h = tanh(w x), dL/dw of both weights."""
    x = np.linspace(-2, 2, 9)
    source = {"name": "given", "x": x[:, None].tolist(), "o": [1.0] * 9}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False, "standardize_target": False}
    model = {"hidden": [{"units": 1, "activation": "tanh"}], "initializer": "zeros"}
    recipe = {"data": data, "model": model, "loss": "half_sum_squared_error", "training": {"dtype": "float64"}}
    weights = [np.array([w, 0, v, 0]) for w, v in ((0.5, 1.0), (1.5, -1.0))]
    hidden, gradient, *_ = layer_histograms(built(recipe).plan, weights)
    h = [np.tanh(w * x) for w in (0.5, 1.5)]
    assert hidden.ends == pytest.approx((h[1].min(), h[1].max()))
    for found, values in zip(hidden.fractions, h, strict=True):
        np.testing.assert_allclose(found, np.histogram(values, 40, hidden.ends)[0] / 9)
    dw = [float(((v * one - 1) * v * (1 - one**2)) @ x) for v, one in zip((1.0, -1.0), h, strict=True)]
    assert gradient.ends == pytest.approx((-max(map(abs, dw)), max(map(abs, dw))))
    assert gradient.fractions.sum(axis=1).tolist() == [1, 1]


def test_the_fitted_curve_of_a_regression(nntrain: CommandLine, moons: Path) -> None:
    recipe = moons.with_name("line.yaml")
    recipe.write_text("data: {source: line}\nmodel: {hidden: []}\ntraining: {epochs: 3}\n")
    assert nntrain("fit", recipe, "--out", "line", "-q").status == 0
    figure = figures(nntrain("report", "line", "--out", "-").out)["fitted curve"]
    y, (low, high) = np.array(figure["frames"][0]["y"]), figure["xs"]
    x = np.linspace(low, high, y.size)
    np.testing.assert_allclose(y, package.load("line").predict(x[:, None]).ravel(), rtol=1e-4, atol=1e-4)


def test_other_networks_have_layers_but_no_such_picture(nntrain: CommandLine, moons: Path) -> None:
    recipe = moons.with_name("iris.yaml")
    recipe.write_text("data: {source: iris}\nmodel: {hidden: [3]}\ntraining: {epochs: 2}\n")
    assert nntrain("fit", recipe, "--out", "iris", "-q").status == 0
    assert {one["kind"] for one in figures(nntrain("report", "iris", "--out", "-").out).values()} == {"lines"}
    drawn = figures(nntrain("report", "iris", "--epochs", "1", "--out", "-").out)
    assert {one["kind"] for one in drawn.values()} == {"lines", "ridges"}


def test_epochs_that_cannot_be_shown_are_refused(nntrain: CommandLine, run: Path) -> None:
    assert "expected epochs separated by commas" in refused(nntrain, "report", run, "--epochs", "1,x")
    assert "found 9, but the run ends after 4" in refused(nntrain, "report", run, "--epochs", "9")
    assert nntrain("fit", "moons.yaml", "--out", "other", "-q").status == 0
    assert "needs a single run" in refused(nntrain, "report", run, "other", "--epochs", "1")


def test_a_page_is_written_without_the_picture_if_the_rows_are_gone(nntrain: CommandLine, moons: Path) -> None:
    rows = "".join(f"{i % 7},{i % 5},{'pq'[i % 2]}\n" for i in range(40))
    Path("d.csv").write_text("a,b,y\n" + rows)
    Path("r.yaml").write_text("data: {source: {name: csv, path: d.csv, target: y}}\ntraining: {epochs: 2}\n")
    assert nntrain("fit", "r.yaml", "--out", "run", "-q").status == 0
    Path("d.csv").unlink()
    ended = nntrain("report", "run", "--out", "-")
    assert ended.status == 0
    assert "no figure of the predictions" in ended.err
    assert "decision boundary" not in figures(ended.out)
    assert refused(nntrain, "report", "run", "--epochs", "1")
