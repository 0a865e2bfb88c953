"""``nntrain surface``: test functions, optimizers on them, and slices through larger networks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from nntrain.cli.loading import load_target
from nntrain.cli.slices import slice_of
from nntrain.cli.surfaces import contest
from nntrain.comparison.paths import path_from
from nntrain.data.point import PointRows
from nntrain.diagnostics.loss_surface import losses_at
from nntrain.diagnostics.slices import _direction, line_between, random_slice
from nntrain.losses.test_functions import TestFunction
from nntrain.registry import choices, members
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built, make, refused
from tests.test_gradients import central

DOUBLE = np.dtype(np.float64)
FUNCTIONS = members(TestFunction)
ROW = {"source": "point", "validation": 0, "test": 0, "standardize": False}


def value(name: str, points: np.ndarray, noise: np.ndarray) -> tuple[float, np.ndarray]:
    delta = np.empty_like(points)
    return float(FUNCTIONS[name].function[DOUBLE](points, noise, delta, np.zeros(0))), delta


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_gradient_of_a_function_is_its_difference_quotient(name: str) -> None:
    points, noise = np.array([[0.3, -1.2], [1.7, 0.9], [-2.1, 2.3]]), np.array([[0.5, -1], [2, 3], [-4, 1.0]])
    expected = central(lambda o: value(name, o, noise)[0], points)
    np.testing.assert_allclose(value(name, points, noise)[1], expected, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_zero_at_its_minima_and_positive_elsewhere(name: str) -> None:
    none = np.zeros((1, 2))
    for point in FUNCTIONS[name].minima:
        at, slope = value(name, np.array([point], np.float64), none)
        assert at == pytest.approx(0, abs=1e-20)
        np.testing.assert_allclose(slope, 0, atol=1e-10)
    box = np.array(FUNCTIONS[name].box)
    for point in np.random.default_rng(0).uniform(box[0], box[1], (50, 2)):
        assert value(name, point[None], none)[0] > 0
    assert ((box[0] <= FUNCTIONS[name].start) & (FUNCTIONS[name].start <= box[1])).all()


def test_rosenbrocks_function_is_scipys() -> None:
    for point in np.random.default_rng(1).uniform(-2, 2, (20, 2)):
        at, slope = value("rosenbrock", point[None], np.zeros((1, 2)))
        assert at == pytest.approx(rosen(point), rel=1e-13)
        np.testing.assert_allclose(slope[0], rosen_der(point), rtol=1e-11)


def test_functions_need_two_outputs() -> None:
    wide = np.ones((1, 3))
    assert np.isnan(FUNCTIONS["beale"].function[DOUBLE](wide, wide, wide.copy(), np.zeros(0)))
    with pytest.raises(ValueError, match="two outputs"):
        make(TestFunction, "beale").target_columns(wide, None, 3)


def test_functions_are_a_family_below_the_losses() -> None:
    from nntrain.losses import Loss

    assert not set(FUNCTIONS) & set(members(Loss))
    assert set(choices(Loss)) == {*members(Loss), *FUNCTIONS}


def test_noise_averages_to_zero() -> None:
    data = PointRows(rows=64, noise=3.0).load(Path(), 0)
    np.testing.assert_allclose(data.y.mean(axis=0), 0, atol=1e-15)
    assert np.std(data.y) == pytest.approx(3, rel=0.2)
    assert (data.x == 1).all()


def descend(optimizer: dict[str, object], **training: object) -> np.ndarray:
    recipe = {"data": ROW, "model": {"hidden": [], "learn_biases": False}, "loss": "ravine", "optimizer": optimizer}
    plan = built({**recipe, "training": {"dtype": "float64", "batch_size": "full", **training}}).plan
    return path_from(plan, np.array([-4.0, 1.0]), 20).points


def test_a_path_is_gradient_descents() -> None:
    points, k = descend({"name": "sgd", "lr": 0.015}), np.arange(21)
    np.testing.assert_allclose(points, np.stack([-4 * 0.985**k, (1 - 1.5) ** k], axis=1), rtol=1e-9)


def test_a_path_is_that_of_fit(nntrain: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = ("--set", "training.epochs=20", "--out", out, "-q", "--set", "schedule=cosine")
    assert nntrain("fit", "rosenbrock", *settings).status == 0
    fitted = [line["parameters"] for line in _metrics(out)]
    found = contest("rosenbrock", ["schedule=cosine", "training.epochs=20"], "{name: adam, lr: 0.05}", 20)
    np.testing.assert_allclose(found.paths[0][0][1:], fitted, rtol=1e-12)


def _metrics(run: Path) -> list[dict[str, Any]]:
    import json

    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_every_optimizer_has_the_same_budget() -> None:
    found = contest("himmelblau", [], "adam,lbfgs,random_search", 40, tune=2)
    assert [one.paths[0].evaluations[-1] for one in found.contenders] == [40, pytest.approx(40, abs=39), 40]
    assert all((path.evaluations <= 40).all() for one in found.contenders for path in one.paths)
    assert [one.trials for one in found.contenders] == [2, 0, 0]
    assert "lbfgs: nothing to tune" in found.notes
    assert found.contenders[1].results[0] < 1e-8


def test_noise_is_that_of_the_gradient() -> None:
    found = contest("ravine", [], "{name: sgd, lr: 0.001}", 64, noise=1.0)
    (path,) = found.contenders[0].paths
    slopes = (path.points[:-1] - path.points[1:]) / 0.001
    noise = slopes - path.points[:-1] * [1, 100]
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=1e-9)  # one pass over the rows
    assert noise.std() == pytest.approx(1, rel=0.3)


def test_nothing_is_clipped() -> None:
    found = contest("rosenbrock", [], "sgd", 20)
    assert found.contenders[0].results.tolist() == [np.inf]
    assert found.notes == ("sgd from (-2, 2): diverged at step 6",)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_surface_on_a_terminal(terminal: Callable[..., str], columns: int) -> None:
    text = terminal(columns, "surface", "saddle", "--optimizers", "sgd,momentum", "--steps", 50)
    assert "50 evaluations from 1 start; not tuned" in text
    assert "o start, * minimum" in text
    assert "bbb" in text
    text = terminal(columns, "surface", "line_search", "--optimizers", "{name: sgd, lr: 0.01}", "--start", "1")
    assert "→→→" in text
    assert "←←←" in text


def test_pages_and_pictures(nntrain: CommandLine, tmp_path: Path) -> None:
    page = tmp_path / "s.html"
    ended = nntrain("surface", "beale", "--steps", 20, "--starts", 2, "-o", page)
    assert ended.status == 0
    assert "momentum, start 2" in page.read_text()
    pytest.importorskip("matplotlib")
    for name in ("beale", "line_search"):
        picture = tmp_path / f"{name}.svg"
        assert (
            nntrain(
                "surface",
                name,
                "--steps",
                5,
                "--start=1,1"[: None if name == "beale" else -2],
                "--optimizers",
                "{name: sgd, lr: 0.001}",
                "-o",
                picture,
            ).status
            == 0
        )
        assert "</svg>" in picture.read_text()


def test_a_slice_has_the_loss_of_the_network_at_its_center(nntrain: CommandLine, moons: Path) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        assert (
            nntrain("fit", moons, "--out", name, "-q", "--set", f"seed={seed}", "--set", "data.test_seed=0").status == 0
        )
    target = load_target("one", [], None, None)
    assert target.theta is not None
    expected = losses_at(target.plan, target.theta[None, : target.plan.network.parameters].astype(float))
    slice_ = random_slice(target.plan, target.theta, 3)
    assert slice_.loss[20, 20] == pytest.approx(float(expected[0]))
    other = load_target("two", [], None, None)
    assert other.theta is not None
    between = line_between(target.plan, target.theta, other.theta)
    assert between.loss[np.isclose(between.axes[0], 0)][0] == pytest.approx(float(expected[0]))
    found = nntrain("surface", "one", "two").out
    assert "barrier of" in found
    assert slice_of(["one"], [], 0, None) is not None


def test_a_direction_is_normalized_by_filter() -> None:
    plan = built({"data": {"source": "moons"}, "model": {"hidden": [4]}}).plan
    center = Engine(plan).theta.astype(np.float64)
    direction = _direction(plan.network, center, np.random.default_rng(0))
    for moved, arrays in zip(plan.network.arrays(direction), plan.network.arrays(center), strict=True):
        found, expected = (np.linalg.norm(one["weights"], axis=0) for one in (moved, arrays))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert (moved["biases"] == 0).all()


def test_what_cannot_be_drawn_is_refused(nntrain: CommandLine, moons: Path, tmp_path: Path) -> None:
    assert "did you mean rosenbrock?" in refused(nntrain, "surface", "rosenbrok")
    assert "expected 2 numbers" in refused(nntrain, "surface", "beale", "--start", "1")
    assert "adam is given twice" in refused(nntrain, "surface", "beale", "--optimizers", "adam,adam")
    assert "two at most" in refused(nntrain, "surface", moons, "--optimizers", "sgd")
    assert "not a supported format" in refused(nntrain, "surface", "beale", "-o", tmp_path / "a.bmp")
    assert "not a test function" in refused(nntrain, "surface", "line", "--noise", "1", "--optimizers", "sgd")
    assert "two outputs" in refused(nntrain, "fit", "line", "--set", "loss=beale")
    assert "noise needs several rows" in refused(nntrain, "fit", "rosenbrock", "--set", "data.source.noise=1")
    assert "give one of them" in refused(
        nntrain, "surface", "rosenbrock", "--optimizers", "sgd", "--starts", "2", "--start", "1,1"
    )
    same = refused(nntrain, "surface", "plateau", "--optimizers", "sgd", "--starts", "2")
    assert "the same for every seed" in same
