"""Check that a run fits into memory before anything large is allocated."""

import numpy as np

from nntrain.training.plan import Plan
from nntrain.utils.memory import require


def check_memory(plan: Plan) -> None:
    """Check that a run's arrays can be allocated.

    Raises:
        InputError: if there is not enough memory; it names the key and the size of the largest part.
    """
    network, rows, size = plan.network, plan.batch_rows, np.dtype(plan.training.dtype).itemsize
    train = plan.sample
    splits = [part for part in (train, plan.data.validation, plan.data.test) if part is not None]
    most, columns = max(len(part.x) for part in splits), plan.loss.encode(train.y[:1], plan.n_classes).shape[1]
    normalized = any(layer.norm is not None for layer in network.layers)
    # parameters, gradient, the best and the last two finite parameters; the optimizer's state and these copies of it
    vectors = 5 + 3 * plan.state_rows
    workspace = network.inputs + columns + (5 if normalized else 3) * network.units
    needs = [
        (
            vectors * network.size * size,
            "model.hidden",
            f"{network.size:,} parameters, with gradient and optimizer",
            "choose fewer or narrower layers",
        ),
        (
            rows * workspace * size,
            "training.batch_size",
            f"the activations of {rows:,} rows",
            "choose a smaller batch_size",
        ),
        (
            most * (network.outputs * size + columns * (8 + size)),
            "data.source",
            f"targets and outputs of {most:,} rows, with {network.outputs:,} outputs each",
            "choose fewer rows, or a target with fewer classes",
        ),
    ]
    needed, key, what, hint = max(needs)
    require(needed, key, what, hint)
    require(sum(needed for needed, *_ in needs), key, f"the run, mostly for {what}", hint)
