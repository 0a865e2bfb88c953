"""Check the class of a recipe by how much changes improve its test loss.

Losses are scaled by that of the best constant prediction. A gain is the median over seeds, each with its own split; it
is material from 0.05 on.
"""

from collections.abc import Mapping
from contextlib import suppress
from statistics import median
from typing import Any

from benchmarks.fits.cases import Case
from nntrain.errors import InputError
from nntrain.training.engine import Engine
from nntrain.training.events import Finished
from nntrain.training.loop import train

MATERIAL = 0.05
SEEDS = 5
EXACT = ("shipped_line_search", "shipped_by_hand")  # a search, and a single row: there is nothing to gain
Changes = Mapping[str, Any]


def gains(case: Case) -> dict[str, float]:
    """Return the gain of each change that the recipe allows; for a case with a cure, of the cure alone."""
    if case.name in EXACT:
        return {}
    before = [level(case, seed, {}) for seed in range(SEEDS)]
    tried = {"cure": case.spec["cure"]} if "cure" in case.spec else changes(case)
    found = {}
    for name, change in tried.items():
        with suppress(InputError):
            found[name] = median(old - level(case, seed, change) for seed, old in enumerate(before))
    return found


def level(case: Case, seed: int, change: Changes) -> float:
    """Return the scaled loss of the kept weights, on the test split if there is one."""
    engine = Engine(case.plan(seed, change))
    *_, last = train(engine, statistics=False)
    assert isinstance(last, Finished)
    part = "test" if "test" in engine.splits else "train"
    baseline, scores = engine.baseline[part], last.best if last.kept == "best" else last.final
    return (scores[part].loss - baseline.floor) / baseline.span


def changes(case: Case) -> dict[str, Changes]:
    """Return the usual changes: longer, early stopping, wider, narrower, other learning rates, regularization."""
    recipe = case.recipe({})
    epochs, stopping = recipe.training.epochs, recipe.training.early_stopping
    units = [layer if isinstance(layer, int) else layer.units for layer in recipe.model.hidden]
    longer: dict[str, Any] = {"training.epochs": 4 * epochs}
    found: dict[str, Changes] = {"longer": longer, "wider": {"model.hidden": [4 * n for n in units] or [32]}}
    if stopping is not None:
        longer["training.early_stopping"] = {"patience": 3 * stopping.patience}
    elif recipe.data.validation > 0:
        found["early stopping"] = {"training.early_stopping": {"patience": max(15, epochs // 10)}}
    if units:
        found["narrower"] = {"model.hidden": [max(1, n // 4) for n in units]}
    for l2 in (0.003, 0.03, 0.3):
        found[f"l2 {l2}"] = {"regularization.l2": l2}
    if not recipe.optimizer.full_batch:
        found["larger rate"] = {"optimizer.lr": 4 * recipe.optimizer.lr}
        found["smaller rate"] = {"optimizer.lr": recipe.optimizer.lr / 4, "training.epochs": 4 * epochs}
        found["dropout"] = {"model.dropout": 0.3}
    return found
