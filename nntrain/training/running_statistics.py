"""Batch norm's running averages for averaged weights."""

from typing import Any

from numpy.typing import NDArray

from nntrain.data.mapped.split import release
from nntrain.layers.dropout import step_key
from nntrain.network.epoch import update_averages
from nntrain.network.layer_table import Workspace
from nntrain.training.plan import Plan

NAMES = ("running_mean", "running_var")


def measure_averages(plan: Plan, table: NDArray[Any], theta: NDArray[Any], step: int, workspace: Workspace) -> None:
    """Recompute the running averages for averaged weights, after ``step`` steps: their average over steps does not fit.

    They become the means over the batches of the training split, each computed as in a training step.

    Args:
        plan: the run.
        table: its layer table.
        theta: the averaged weights, and the running averages after them, which are filled.
        step: number of steps before.
        workspace: for a batch; overwritten.

    Source: Izmailov et al., arXiv 1803.05407; torch.optim.swa_utils.update_bn.
    """
    running = [arrays[name] for arrays in plan.network.arrays(theta) for name in arrays if name in NAMES]
    if not running:
        return
    for values in running:
        values[:] = 0
    table, rows, key = table.copy(), plan.batch_rows, int(step_key(plan.seed, step))
    x = plan.data.train.features(theta.dtype)
    for number, start in enumerate(range(0, len(x), rows), start=1):
        table["momentum"] = 1 / number
        update_averages[theta.dtype](table, theta, x[start : start + rows], key, workspace)
    release(x)
