"""Runs that are done already, as ``nntrain fit`` leaves them: grouped into variants, and compared by seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntrain.artifacts.history import or_nan, read_history
from nntrain.comparison.jobs import Row
from nntrain.comparison.measure import PARTS, choose
from nntrain.comparison.protocol import DEFAULT, Budget, Findings
from nntrain.comparison.variants import canonical
from nntrain.errors import bad_input
from nntrain.recipe.schema import Recipe, to_data
from nntrain.training.events import Scores, Stopped


@dataclass(frozen=True)
class Finished:
    """Variants of runs that are done: all that differs between them, but for their seeds."""

    name: str
    recipe: Recipe


@dataclass(frozen=True)
class FinishedRuns:
    """The variants found in some directories."""

    all: Sequence[Finished]


def findings_of(folders: Sequence[Path], measure: str | None, target: float | None) -> Findings:
    """Read the runs of some directories.

    Args:
        folders: each the directory of a run.
        measure: such as ``test.loss``; None: that, or the metric where losses differ.
        target: a value of the measure on the validation part.

    Raises:
        InputError: if one is none, or the runs cannot be compared.
    """
    runs = [_read(folder) for folder in folders]
    metrics = {metric for *_, metric in runs}
    if len(metrics) > 1:
        raise bad_input("compare", "runs of classes and of numbers cannot be compared with each other")
    metric = metrics.pop()
    groups: dict[str, list[tuple[Path, Recipe, Row]]] = {}
    for folder, recipe, row, _ in runs:
        groups.setdefault(canonical(recipe.model_copy(update={"seed": 0})), []).append((folder, recipe, row))
    recipes = [group[0][1] for group in groups.values()]
    variants = [Finished(name, recipe) for name, recipe in zip(_names(recipes), recipes, strict=True)]
    if len(variants) < 2:
        raise bad_input("compare", "all of these runs have the same recipe: there is nothing to compare")
    parts = [part for part in PARTS if all(part in row.scores for _, _, row, _ in runs)]
    chosen = choose(measure, parts, metric, recipes)
    findings = Findings(FinishedRuns(variants), chosen, Budget(0, 0, 0, target), len(variants), metric, target=target)
    for v, group in enumerate(groups.values()):
        by_seed: dict[int, Row] = {}
        for folder, recipe, row in group:
            if recipe.seed in by_seed:
                raise bad_input(folder, f"another of these runs has the same recipe and the seed {recipe.seed} too")
            by_seed[recipe.seed] = row
        findings.runs[v, DEFAULT] = by_seed
    return findings


def _read(folder: Path) -> tuple[Path, Recipe, Row, str]:
    run = read_history(folder)
    summary, metric = run.summary, run.metric
    scores = {part: Scores(or_nan(summary[part]["loss"]), summary[part][metric]) for part in PARTS if part in summary}
    curve = run.column("step", "seconds", "train_loss", "validation_loss", f"validation_{metric}")
    facts = (summary["epochs"], summary["steps"], float(summary["seconds"]))
    return folder, run.recipe, Row(str(folder), Stopped(summary["stopped"]), *facts, scores, curve), metric


def _names(recipes: Sequence[Recipe]) -> list[str]:
    """Return a name for each recipe: its own, or where those are the same what it has otherwise than others."""
    own = [recipe.name or "" for recipe in recipes]
    if len(set(own)) == len(own):
        return own
    flat = [_flat(to_data(recipe)) for recipe in recipes]
    keys = dict.fromkeys(key for one in flat for key in one)
    differing = [key for key in keys if key not in ("name", "seed") and len({repr(one.get(key)) for one in flat}) > 1]
    named = [[f"{key}={one[key]}" for key in differing if key in one] for one in flat]
    return [" ".join(words) for words in named]


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(data, dict):
        return {prefix: data}
    found: dict[str, Any] = {}
    for key, value in data.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else key)
    return found
