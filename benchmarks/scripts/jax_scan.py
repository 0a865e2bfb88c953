"""A job with jax and optax: an epoch is one compiled scan."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.scripts.common import arguments, parts, report, score

job, folder = arguments()
jax.config.update("jax_enable_x64", job.dtype == "float64")
data = {name: (jnp.asarray(x), jnp.asarray(y)) for name, (x, y) in parts(job).items()}
x, y = data["train"]
random = np.random.default_rng(0)
pairs = list(itertools.pairwise((x.shape[1], *job.hidden, job.outputs(y))))
parameters: Any = [
    (jnp.asarray(random.standard_normal((a, b)) * (job.normal or np.sqrt(2 / a)), x.dtype), jnp.zeros(b, x.dtype))
    for a, b in pairs
]
parameters[-1] = (parameters[-1][0], parameters[-1][1] + job.bias)
rule = optax.sgd(job.lr, job.momentum, job.optimizer == "nesterov") if job.optimizer != "adam" else optax.adam(job.lr)
if job.clip_norm:
    rule = optax.chain(optax.clip_by_global_norm(job.clip_norm), rule)


def forward(parameters: Any, x: Any) -> Any:
    """Return the outputs."""
    for W, b in parameters[:-1]:
        x = (jnp.tanh if job.activation == "tanh" else jax.nn.relu)(x @ W + b)
    W, b = parameters[-1]
    return x @ W + b


@jax.jit
def loss_of(parameters: Any, x: Any, y: Any) -> Any:
    """Return the mean loss."""
    output = forward(parameters, x)
    if job.regression:
        return ((output[:, 0] - y) ** 2).mean()
    if job.loss == "mse of sigmoid":
        return ((jax.nn.sigmoid(output[:, 0]) - y) ** 2).mean()
    if job.loss == "bce":
        return optax.sigmoid_binary_cross_entropy(output[:, 0], y).mean()
    return optax.softmax_cross_entropy_with_integer_labels(output, y).mean()


def step(carry: Any, rows: Any) -> Any:
    """Take a step on some rows."""
    parameters, state = carry
    gradient = jax.grad(loss_of)(parameters, x[rows], y[rows])
    changes, state = rule.update(gradient, state, parameters)
    return (optax.apply_updates(parameters, changes), state), optax.global_norm(gradient)


scan = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order))
batch = job.batch or len(x)
whole = len(x) // batch * batch  # the rest of the rows, fewer than a batch, is left out: scan has one shape
carry = (parameters, rule.init(parameters))
best, best_epoch, kept, epoch = float("inf"), 0, None, 0
for epoch in range(1, job.epochs + 1):
    carry, norms = scan(carry, random.permutation(len(x))[:whole].reshape(-1, batch))
    if job.tolerance and norms[-1] <= job.tolerance:
        break
    validation = float(loss_of(carry[0], *data["validation"]))
    if validation < best:
        best, best_epoch, kept = validation, epoch, carry[0]
    if job.patience and epoch - best_epoch >= job.patience:
        break
parameters = kept if job.patience else carry[0]
np.savez(folder / "model.npz", *[np.asarray(leaf) for leaf in jax.tree.leaves(parameters)])
report(folder, score(job, np.asarray(forward(parameters, data["test"][0])), np.asarray(data["test"][1])), epoch)
