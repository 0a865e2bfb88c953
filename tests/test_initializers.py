"""The draws of every initialiser against the distribution that its formula names."""

from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nntrain.activations.identity import Identity
from nntrain.activations.rectifiers import ELU, LeakyReLU, ReLU
from nntrain.activations.saturating import Sigmoid, Tanh
from nntrain.initializers import Initializer
from nntrain.random import stream
from nntrain.recipe.build import default_initializer
from nntrain.registry import members
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
MATRICES = {"orthogonal", "sparse"}
VALUES: dict[str, tuple[dict[str, Any], float]] = {"zeros": ({}, 0.0), "constant": ({"value": 0.7}, 0.7)}


def test_every_initializer_is_checked() -> None:
    assert set(INITIALIZERS) == {*DISTRIBUTIONS, *VALUES, *MATRICES}


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
    """Without fixing the signs of R, QR gives matrices whose diagonal leans to one side."""
    draws = [make(Initializer, "orthogonal").draw((3, 3), 3, 3, stream(seed, "test")) for seed in range(2000)]
    assert np.abs(np.mean(draws, axis=0)).max() < 4 * sqrt(1 / 3 / 2000)


def test_sparse_weights_have_as_many_zeros_for_each_input() -> None:
    W = make(Initializer, "sparse", sparsity=0.75, scale=0.2).draw((50, 30), 50, 30, stream(3, "test"))
    assert (np.count_nonzero(W == 0, axis=1) == 23).all()
    assert W[W != 0].std() == pytest.approx(0.2, rel=0.1)


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
    """A second layer of the same shape gets other weights; the first keeps its own when layers are added."""
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
