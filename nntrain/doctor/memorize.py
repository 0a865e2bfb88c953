"""Whether a network can learn a few rows by heart: a test of everything but generalization."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from nntrain.data.prepare import Prepared
from nntrain.diagnostics.facts import Facts
from nntrain.network.network import Network
from nntrain.schedules.decay import Constant
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from nntrain.training.plan import Plan
from nntrain.training.settings import Regularization, Training

LEARNED = 0.02  # of the loss of the best constant prediction


@dataclass(frozen=True)
class Memorized:
    """The result.

    Attributes:
        rows: number of rows.
        steps: steps taken.
        loss: at the end.
        baseline: loss of the best constant prediction.
        level: the loss scaled: 0 is the lowest possible, 1 the baseline.
        metric: accuracy or R² on these rows.
        diverged: whether training diverged.
    """

    rows: int
    steps: int
    loss: float
    baseline: float
    level: float
    metric: float | None
    diverged: bool

    @property
    def learned(self) -> bool:
        """Whether the rows were learned; a single target value needs no learning."""
        return not self.level > LEARNED and not self.diverged

    @property
    def text(self) -> str:
        """The result in a sentence."""
        rows = f"{self.rows} row{'s' * (self.rows != 1)}"
        reached = (
            f"loss {self.loss:.4g} after {self.steps:,} steps; the best constant prediction has {self.baseline:.4g}"
        )
        if self.diverged:
            return f"diverged on {rows} after {self.steps:,} steps"
        return f"learned {rows} by heart: {reached}" if self.learned else f"cannot learn {rows}: {reached}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "learned": self.learned}


def memorize(plan: Plan, rows: int, steps: int) -> Memorized:
    """Train a plan's network on its first training rows, without anything that hinders fitting.

    Source: Karpathy, A recipe for training neural networks, 2019 (overfit one batch).
    """
    split = plan.data.train.take(slice(rows))
    bare = replace(
        plan,
        data=Prepared(split, None, None, plan.data.inputs, plan.data.targets),
        network=Network([replace(layer, dropout=0.0) for layer in plan.network.layers]),
        schedule=Constant(),
        training=Training(epochs=steps, batch_size="full", dtype=plan.training.dtype),
        regularization=Regularization(),
    )
    facts = Facts.of(train(Engine(bare), statistics=False))
    scores, diverged = facts.scores("train"), facts.finished.diverged is not None
    baseline = facts.baseline("train").loss
    return Memorized(rows, facts.finished.steps, scores.loss, baseline, facts.level("train"), scores.metric, diverged)
