"""Microseconds a training step: nntrain beside scikit-learn and, where it is installed, jax, in one run.

    python benchmarks/steps.py [--json]

Three nets with ReLU, softmax cross-entropy and Adam, float32, all on one and the same core; all train on the same
random rows in mini-batches that they gather by a permutation. What is timed is whole epochs, many times over; the
fastest counts, since what else the machine does can only slow them down. Peers take turns, so that a slow moment hits
all of them.
"""

import argparse
import itertools
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

# Before NumPy and jax are imported: jax takes all cores that it finds, whatever its flags say.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from nntrain.blas import choose_core_type

CORE_TYPE = choose_core_type()

import numpy as np  # noqa: E402 - see above
from threadpoolctl import threadpool_limits  # noqa: E402

from nntrain.activations.identity import Identity  # noqa: E402
from nntrain.activations.rectifiers import ReLU  # noqa: E402
from nntrain.data.prepare import Part, Prepared  # noqa: E402
from nntrain.initializers.variance import GlorotUniform, HeUniform  # noqa: E402
from nntrain.losses.cross_entropy import CrossEntropy  # noqa: E402
from nntrain.network.network import Dense, Network  # noqa: E402
from nntrain.optimizers.adam import Adam  # noqa: E402
from nntrain.schedules.decay import Constant  # noqa: E402
from nntrain.training.engine import Engine  # noqa: E402
from nntrain.training.plan import Plan  # noqa: E402
from nntrain.training.settings import Training  # noqa: E402

NETS = (((2, 16, 16, 2), 32, 4096), ((64, 64, 32, 10), 32, 4096), ((784, 256, 128, 10), 128, 8192))
SECONDS = 6.0  # for each net and peer
ROUNDS = 6

Epoch = Callable[[], None]


def ours(widths: tuple[int, ...], batch: int, x: Any, y: Any) -> Epoch:
    """Return a function that trains an epoch with nntrain's engine."""
    activations = [ReLU()] * (len(widths) - 2) + [Identity()]
    layers = [
        Dense(n_in, n_out, activation, HeUniform() if activation.rectifier else GlorotUniform())
        for (n_in, n_out), activation in zip(itertools.pairwise(widths), activations, strict=True)
    ]
    data = Prepared(Part(x.astype(np.float64), y), None, None, None, None)
    engine = Engine(
        Plan(
            name="benchmark",
            seed=0,
            data=data,
            n_classes=widths[-1],
            network=Network(layers),
            loss=CrossEntropy(),
            optimizer=Adam(),
            schedule=Constant(),
            training=Training(batch_size=batch),
        )
    )
    random, rates = np.random.default_rng(0), np.full(len(x) // batch, 0.001)

    def epoch() -> None:
        engine.take(random.permutation(len(x)), 0, rates)

    return epoch


def scikit_learns(widths: tuple[int, ...], batch: int, x: Any, y: Any) -> Epoch:
    """Return a function that trains an epoch with scikit-learn's MLPClassifier."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(hidden_layer_sizes=widths[1:-1], batch_size=batch, alpha=0.0, random_state=0)
    model.partial_fit(x, y, classes=np.arange(widths[-1]))

    def epoch() -> None:
        model.partial_fit(x, y)

    return epoch


def jaxs(widths: tuple[int, ...], batch: int, x: Any, y: Any) -> Epoch:
    """Return a function that trains an epoch with jax: one compiled lax.scan over the batches."""
    import jax
    import jax.numpy as jnp

    random = np.random.default_rng(0)
    parameters = [
        (
            jnp.asarray(random.standard_normal((a, b)) * np.sqrt(2 / a), jnp.float32),
            jnp.zeros(b, jnp.float32),
        )
        for a, b in itertools.pairwise(widths)
    ]

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        for W, b in parameters[:-1]:
            x = jax.nn.relu(x @ W + b)
        W, b = parameters[-1]
        logits = jax.nn.log_softmax(x @ W + b)
        return -jnp.take_along_axis(logits, y[:, None], axis=1).mean()

    def step(carry: Any, rows: Any) -> Any:
        parameters, m, v, k = carry
        value, g = jax.value_and_grad(loss)(parameters, all_x[rows], all_y[rows])
        k = k + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        lr = 0.001 * jnp.sqrt(1 - 0.999**k) / (1 - 0.9**k)
        parameters = jax.tree.map(lambda p, m, v: p - lr * m / (jnp.sqrt(v) + 1e-8), parameters, m, v)
        return (parameters, m, v, k), value

    all_x, all_y = jnp.asarray(x), jnp.asarray(y)
    scan = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order), donate_argnums=0)
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    carry = (parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.float32(0))

    def epoch() -> None:
        nonlocal carry
        carry, losses = scan(carry, random.permutation(len(x)).reshape(-1, batch))
        losses.block_until_ready()

    return epoch


PEERS: dict[str, Callable[[tuple[int, ...], int, Any, Any], Epoch]] = {
    "nntrain": ours,
    "scikit-learn": scikit_learns,
    "jax": jaxs,
}


def measure(widths: tuple[int, ...], batch: int, rows: int) -> dict[str, float]:
    """Return each peer's microseconds a step."""
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, widths[0])).astype(np.float32)
    y = random.integers(0, widths[-1], rows)
    epochs = {}
    for name, peer in PEERS.items():
        try:
            epochs[name] = peer(widths, batch, x, y)
        except ImportError:
            print(f"{name} is not installed: left out", file=sys.stderr)
    fastest = dict.fromkeys(epochs, float("inf"))
    for _ in range(ROUNDS):
        for name, epoch in epochs.items():
            epoch()
            until = time.perf_counter() + SECONDS / ROUNDS
            while time.perf_counter() < until:
                before = time.perf_counter()
                epoch()
                fastest[name] = min(fastest[name], time.perf_counter() - before)
    return {name: seconds / (rows // batch) * 1e6 for name, seconds in fastest.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    with threadpool_limits(1):
        found = {f"{'-'.join(map(str, widths))}, {batch}": measure(widths, batch, rows) for widths, batch, rows in NETS}
    if as_json:
        print(json.dumps({"core_type": CORE_TYPE, "processor": platform.processor(), "microseconds": found}, indent=2))
        return
    print(f"µs a step, one core; OPENBLAS_CORETYPE {CORE_TYPE or 'not set'}\n")
    names = [name for name in PEERS if name in next(iter(found.values()))]
    print(f"{'net, batch':24}" + "".join(f"{name:>22}" for name in names))
    for net, times in found.items():
        cells = [f"{times[name]:10.1f}" + f" ({times[name] / times['nntrain']:.1f}×)" for name in names]
        print(f"{net:24}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
