"""jax: one compiled lax.scan over the batches of an epoch, all in place (donated)."""

from typing import Any

import jax
import jax.numpy as jnp
from numpy.typing import NDArray

from benchmarks.cases import CLIP_NORM, DROPOUT, LR, Case
from benchmarks.peers import Epoch


def loss_of(case: Case, parameters: Any, x: Any, y: Any, key: Any) -> Any:
    """Return the mean cross-entropy of a batch."""
    for layer in parameters[:-1]:
        key, mine = jax.random.split(key)
        x = x @ layer["W"] + layer["b"]
        if case.extra == "batch norm":
            mean, var = x.mean(axis=0), x.var(axis=0)
            x = (x - mean) * jax.lax.rsqrt(var + 1e-5) * layer["gamma"] + layer["beta"]
        x = jax.nn.relu(x)
        if case.extra == "dropout":
            x = jnp.where(jax.random.bernoulli(mine, 1 - DROPOUT, x.shape), x / (1 - DROPOUT), 0)
    logits = jax.nn.log_softmax(x @ parameters[-1]["W"] + parameters[-1]["b"])
    return -jnp.take_along_axis(logits, y[:, None], axis=1).mean()


def start(case: Case) -> Any:
    """Return parameters, both moments and the number of steps done."""
    if case.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    layers = [{"W": jnp.asarray(W), "b": jnp.zeros(W.shape[1], W.dtype)} for W in case.weights()]
    if case.extra == "batch norm":
        for layer in layers[:-1]:
            layer |= {"gamma": jnp.ones_like(layer["b"]), "beta": jnp.zeros_like(layer["b"])}
    zeros = [jax.tree.map(jnp.zeros_like, layers) for _ in range(2)]
    return layers, *zeros, jnp.zeros((), jnp.int32)


def step(case: Case, carry: Any, x: Any, y: Any) -> Any:
    """Return what a training step makes of the carry, and its loss."""
    parameters, m, v, k = carry
    value, g = jax.value_and_grad(lambda p: loss_of(case, p, x, y, jax.random.fold_in(jax.random.key(0), k)))(
        parameters
    )
    k = k + 1
    if case.extra == "clipping":
        norm = jnp.sqrt(sum((leaf**2).sum() for leaf in jax.tree.leaves(g)))
        g = jax.tree.map(lambda leaf: leaf * jnp.minimum(1, CLIP_NORM / norm), g)
    if case.optimizer == "sgd":
        return (jax.tree.map(lambda p, g: p - LR * g, parameters, g), m, v, k), value
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    c1, c2 = 1 - 0.9**k, 1 - 0.999**k
    parameters = jax.tree.map(
        lambda p, m, v: (p - LR / c1 * m / (jnp.sqrt(v / c2) + 1e-8)).astype(p.dtype), parameters, m, v
    )
    return (parameters, m, v, k), value


def epoch_of(case: Case) -> Epoch:
    """Return a function that trains an epoch."""
    carry = start(case)
    x, y = (jnp.asarray(array) for array in case.data())
    scan = jax.jit(
        lambda carry, order: jax.lax.scan(lambda c, rows: step(case, c, x[rows], y[rows]), carry, order),
        donate_argnums=0,
    )

    def epoch(order: NDArray[Any]) -> float:
        nonlocal carry
        carry, losses = scan(carry, order.reshape(-1, case.batch))
        return float(losses.mean())

    return epoch
