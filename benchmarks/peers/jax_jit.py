"""jax: one compiled step, called for each batch."""

from typing import Any

import jax
import jax.numpy as jnp
from numpy.typing import NDArray

from benchmarks.cases import Case
from benchmarks.peers import Epoch, jax_scan


def epoch_of(case: Case) -> Epoch:
    """Return a function that trains an epoch."""
    carry = jax_scan.start(case)
    x, y = (jnp.asarray(array) for array in case.data())
    take = jax.jit(lambda carry, rows: jax_scan.step(case, carry, x[rows], y[rows]), donate_argnums=0)

    def epoch(order: NDArray[Any]) -> float:
        nonlocal carry
        losses = []
        for rows in order.reshape(-1, case.batch):
            carry, loss = take(carry, rows)
            losses.append(loss)
        return float(jnp.stack(losses).mean())

    return epoch
