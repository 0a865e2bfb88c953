"""Every initializer's draws against the distribution of its formula, and against the libraries' distributions."""

import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from nntrain.activations.identity import Identity
from nntrain.activations.rectifiers import ELU, LeakyReLU, ReLU
from nntrain.activations.saturating import Sigmoid, Tanh
from nntrain.initializers import Initializer
from nntrain.initializers.variance import TRUNCATED_STD, normal
from nntrain.recipe.build import default_initializer
from nntrain.registry import members
from nntrain.training.engine import Engine
from nntrain.utils.random import stream
from tests.helpers import built, make

INITIALIZERS = members(Initializer)
I, O = 300, 200  # noqa: E741 - shape letters
DISTRIBUTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "normal": ({"scale": 0.3}, stats.norm(0, 0.3)),
    "uniform": ({"scale": 0.3}, stats.uniform(-0.3, 0.6)),
    "glorot_uniform": ({"gain": 2.0}, stats.uniform(-2 * sqrt(6 / 500), 4 * sqrt(6 / 500))),
    "glorot_normal": ({"gain": 2.0}, stats.norm(0, 2 * sqrt(2 / 500))),
    "he_uniform": ({}, stats.uniform(-sqrt(6 / 300), 2 * sqrt(6 / 300))),
    "he_normal": ({}, stats.norm(0, sqrt(2 / 300))),
    "lecun_uniform": ({}, stats.uniform(-sqrt(3 / 300), 2 * sqrt(3 / 300))),
    "lecun_normal": ({}, stats.norm(0, sqrt(1 / 300))),
}
MATRICES = {"orthogonal", "sparse", "lsuv"}
RECORDED = json.loads((Path(__file__).parent / "recorded" / "initializers.json").read_text())
VALUES: dict[str, tuple[dict[str, Any], float]] = {"zeros": ({}, 0.0), "constant": ({"value": 0.7}, 0.7)}


def test_every_initializer_is_checked() -> None:
    assert set(INITIALIZERS) == {*DISTRIBUTIONS, *VALUES, *MATRICES, "given"}  # the last one in tests/test_trace.py


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_draws_follow_the_formula(name: str) -> None:
    keys, distribution = DISTRIBUTIONS[name]
    draws = INITIALIZERS[name](**keys).draw((I, O), I, O, stream(3, "test"))
    assert draws.shape == (I, O)
    assert stats.kstest(draws.ravel(), distribution.cdf).pvalue > 0.01
    assert draws.std() == pytest.approx(distribution.std(), rel=0.02)
    low, high = distribution.support()
    assert draws.min() >= low
    assert draws.max() <= high


@pytest.mark.parametrize("case", RECORDED["cases"])
def test_the_draws_are_from_the_reference_librarys_distribution(case: str) -> None:
    """Number for number, from the same random stream."""
    recorded, shape = RECORDED["cases"][case], (I, O)
    assert RECORDED["shape"] == [I, O]
    draws = make(Initializer, case.split(",")[0], **recorded["keys"]).draw(shape, I, O, stream(3, "test"))
    random = stream(3, "test")
    match recorded["distribution"]:
        case "uniform":
            expected = random.uniform(recorded["low"], recorded["high"], shape)
        case "normal":
            expected = random.normal(recorded["mean"], recorded["std"], shape)
        case "truncated_normal":  # at two of keras' stddev
            expected = recorded["std"] * normal(random, TRUNCATED_STD, shape, truncated=True)
            assert 1.99 * recorded["std"] < np.abs(draws).max() <= 2 * recorded["std"]
        case _:
            raise AssertionError(recorded)
    np.testing.assert_allclose(draws, expected, rtol=1e-12)


def test_every_initializer_that_draws_is_recorded() -> None:
    """Except LSUV, which no library has, and constant values."""
    recorded = {case.split(",")[0] for case in RECORDED["cases"]} | {"orthogonal", "sparse"}
    assert recorded == set(INITIALIZERS) - {"zeros", "constant", "given", "lsuv"}
    for name, kind in INITIALIZERS.items():
        assert all(f"{name}, {dialect}" in RECORDED["cases"] for dialect in kind.dialects)


class Given(np.random.Generator):
    """A generator of known numbers."""

    def __init__(self, normal: NDArray[Any], orders: NDArray[Any] | None = None) -> None:
        super().__init__(np.random.PCG64())
        self._normal, self._orders = normal, iter([] if orders is None else orders)

    def standard_normal(self, *_: Any, **__: Any) -> Any:
        return self._normal

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, *_: Any, **__: Any) -> Any:
        return loc + scale * self._normal

    def permutation(self, *_: Any, **__: Any) -> Any:
        return next(self._orders)


@pytest.mark.parametrize("recorded", RECORDED["orthogonal"])
def test_orthogonal_is_torchs(recorded: dict[str, Any]) -> None:
    normal = np.array(recorded["normal"])
    made = make(Initializer, "orthogonal", gain=1.5).draw(normal.shape, 0, 0, Given(normal))
    np.testing.assert_allclose(made, recorded["made"], rtol=1e-10, atol=1e-13)


def test_sparse_is_torchs() -> None:
    recorded = RECORDED["sparse"]
    normal = np.array(recorded["normal"])
    given = Given(normal, np.array(recorded["orders"]))
    made = make(Initializer, "sparse", sparsity=0.55, scale=0.3).draw(normal.shape, 0, 0, given)
    assert made.tolist() == recorded["made"]


@pytest.mark.parametrize(
    ("name", "variance"), [("glorot_normal", 2 / 500), ("he_normal", 2 / 300), ("lecun_normal", 1 / 300)]
)
def test_kerass_normals_have_no_tails_and_the_same_spread(name: str, variance: float) -> None:
    draws = make(Initializer, name, dialect="keras").draw((I, O), I, O, stream(3, "test"))
    cut = 2 * sqrt(variance) / 0.87962566103423978
    assert np.abs(draws).max() <= cut
    assert draws.std() == pytest.approx(sqrt(variance), rel=0.02)
    expected = stats.truncnorm(-2, 2, scale=cut / 2)
    assert stats.kstest(draws.ravel(), expected.cdf).pvalue > 0.01


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (5, 5), (7, 1), (1, 7)])
def test_orthogonal_matrices_are_orthogonal(shape: tuple[int, int]) -> None:
    W = make(Initializer, "orthogonal", gain=1.5).draw(shape, *shape, stream(3, "test"))
    np.testing.assert_allclose(np.linalg.svd(W, compute_uv=False), 1.5, rtol=1e-12)
    assert make(Initializer, "orthogonal").draw((4,), 3, 4, stream(3, "test")).shape == (4,)


def test_orthogonal_matrices_have_no_preferred_direction() -> None:
    """QR gives matrices with a biased diagonal unless the signs of R are fixed."""
    draws = [make(Initializer, "orthogonal").draw((3, 3), 3, 3, stream(seed, "test")) for seed in range(2000)]
    assert np.abs(np.mean(draws, axis=0)).max() < 4 * sqrt(1 / 3 / 2000)


def test_sparse_weights_have_as_many_zeros_for_each_input() -> None:
    W = make(Initializer, "sparse", sparsity=0.75, scale=0.2).draw((50, 30), 50, 30, stream(3, "test"))
    assert (np.count_nonzero(W == 0, axis=1) == 23).all()
    assert W[W != 0].std() == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("norm", ["null", "batch", "layer"])
def test_lsuv_gives_every_layer_variance_one_on_the_data(norm: str) -> None:
    """Measured layer by layer without biases; the directions are those of orthogonal weights."""
    recipe = f"""
        data: {{source: digits}}
        model: {{hidden: [50, 40, 30, 20], initializer: lsuv, activation: tanh, norm: {norm}, dropout: 0.5}}
        training: {{dtype: float64}}
    """
    engine = Engine(built(recipe).plan)
    h = engine.probe.x
    for (W, b), arrays in zip(
        engine.plan.network.views(engine.theta), engine.plan.network.arrays(engine.theta), strict=True
    ):
        z = h @ W
        assert z.var() == pytest.approx(1, rel=1e-9)
        values = np.linalg.svd(W, compute_uv=False)
        assert values.max() == pytest.approx(values.min(), rel=1e-9)
        assert (b == 0).all()
        if "gamma" in arrays:
            eps = 1e-5
            mean, var = (z.mean(axis=1, keepdims=True), z.var(axis=1, keepdims=True)) if norm == "layer" else (0, 1)
            z = (z - mean) / np.sqrt(var + eps)
        h = np.tanh(z)


@pytest.mark.parametrize(("size", "dtype"), [(1e300, "float64"), (1e25, "float32"), (1e-25, "float32")])
def test_lsuv_measures_data_whose_squares_overflow_or_vanish(size: float, dtype: str) -> None:
    source = {"name": "given", "x": [[size, 0], [2 * size, size], [-size, size]], "o": [1, 2, 3]}
    data = {"source": source, "validation": 0, "test": 0, "standardize": False}
    model = {"hidden": [4], "initializer": "lsuv", "activation": "identity"}
    engine = Engine(built({"data": data, "model": model, "training": {"dtype": dtype}}).plan)
    (W, _), _ = engine.plan.network.views(engine.theta)
    assert (engine.train.x @ W).std() == pytest.approx(1, rel=1e-5)


def test_a_layer_of_lsuv_whose_inputs_are_all_zero_stays_as_it_is() -> None:
    model = {"hidden": [{"units": 8, "initializer": "zeros"}, {"units": 8, "initializer": "lsuv"}]}
    engine = Engine(built({"data": {"source": "moons"}, "model": model}).plan)
    _, (W, _), _ = engine.plan.network.views(engine.theta)
    assert np.isfinite(W).all()
    np.testing.assert_allclose(np.linalg.svd(W, compute_uv=False), 1, rtol=1e-5)


@pytest.mark.parametrize("name", VALUES)
def test_fixed_values(name: str) -> None:
    keys, value = VALUES[name]
    assert (INITIALIZERS[name](**keys).draw((3, 4), 3, 4, stream(0, "test")) == value).all()


def test_the_default_is_he_before_rectifiers_and_glorot_before_all_else() -> None:
    for rectifier in (ReLU(), LeakyReLU(), ELU()):
        assert default_initializer(rectifier).name == "he_uniform"
    for other in (Identity(), Sigmoid(), Tanh()):
        assert default_initializer(other).name == "glorot_uniform"


def test_layers_draw_from_streams_of_their_own() -> None:
    """Layers of the same shape get different weights, and adding layers does not change the first."""
    model = {"hidden": [2, 2], "initializer": "normal", "bias_initializer": "normal"}
    network = built({"data": {"source": "moons"}, "model": model}).plan.network
    (first, first_bias), (second, _), _ = network.views(network.initial(0, np.dtype(np.float64)))
    assert (first != second).all()
    assert not set(first_bias) & set(first.ravel())
    longer = built({"data": {"source": "moons"}, "model": {**model, "hidden": [2, 2, 2]}}).plan.network
    assert (next(longer.views(longer.initial(0, np.dtype(np.float64))))[0] == first).all()


def test_float32_starts_where_float64_does() -> None:
    network = built({"data": {"source": "moons"}}).plan.network
    single, double = (network.initial(5, np.dtype(dtype)) for dtype in ("float32", "float64"))
    assert (single == double.astype(np.float32)).all()
