"""Run a single step of the loss alone, and read its buffers."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from numpy.typing import NDArray

from nntrain.data.prepare import Prepared, Split
from nntrain.network.network import Network
from nntrain.optimizers.sgd import SGD
from nntrain.schedules.decay import Constant
from nntrain.training.engine import Engine
from nntrain.training.plan import Plan
from nntrain.training.settings import Regularization, Training


def bare(plan: Plan, split: Split, dtype: Literal["float32", "float64"] | None = None) -> Plan:
    """Return a plan whose step uses the loss alone on all rows of ``split``: no dropout, penalty or schedule."""
    return replace(
        plan,
        data=Prepared(split, None, None, None, None),
        network=Network([replace(layer, dropout=0.0) for layer in plan.network.layers]),
        optimizer=SGD(),
        schedule=Constant(),
        training=Training(batch_size="full", dtype=dtype or plan.training.dtype),
        regularization=Regularization(),
    )


def in_buffers(engine: Engine) -> Iterator[tuple[int, NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Yield each layer's index and its z, h and dL/dz (B, O) in the buffers of the last step."""
    rows, network, workspace = len(engine.train.x), engine.plan.network, engine.workspace
    buffers = (network.by_layer(buffer, rows) for buffer in (workspace.z, workspace.h, workspace.d))
    yield from zip(itertools.count(), *buffers)
