"""What a mutation is: a fault, the diagnoses that name it, and its cure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmarks.doctor.tables import Table

Random = np.random.Generator
Settings = Mapping[str, Any]


def nothing(recipe: Mapping[str, Any], random: Random) -> Settings:
    """Change no settings."""
    return {}


@dataclass(frozen=True)
class Mutation:
    """A fault. Its strength is drawn anew for each table.

    Attributes:
        name: of the operator.
        causes: ids of the diagnoses that name it, any of them; with ``second`` the first fault.
        settings: recipe keys that it sets, given the healthy recipe.
        rows: what it does to the table.
        only: restricts it to ``classes`` or ``numbers``.
        suits: restricts it to some recipes.
        same: settings that the healthy recipe gets as well.
        cure: settings that repair the broken recipe on its own rows; None: the healthy recipe on the healthy rows.
        measure: what the fault harms.
        advice: whether no edit of the recipe repairs it.
        plain: whether the fault is certain by construction, and need not lower a score.
        second: ids that name the second fault of a pair.
        lucky: whether the recipe gets the seed that is best of some on validation rows.
        coded: whether the target is written as whole numbers.
    """

    name: str
    causes: tuple[str, ...]
    settings: Callable[[Mapping[str, Any], Random], Settings] = nothing
    rows: Callable[[Table, Random], Table] | None = None
    only: Literal["", "classes", "numbers"] = ""
    suits: Callable[[Mapping[str, Any]], bool] = lambda recipe: True
    same: Callable[[Mapping[str, Any], Random], Settings] = nothing
    cure: Callable[[Mapping[str, Any]], Settings] | None = None
    measure: Literal["score", "balanced", "loss"] = "score"
    advice: bool = False
    plain: bool = False
    second: tuple[str, ...] = ()
    lucky: bool = False
    coded: bool = False


def fixed(**settings: Any) -> Callable[[Mapping[str, Any], Random], Settings]:
    """Return an operator that always sets the same keys; ``__`` stands for a dot."""
    return lambda recipe, random: {key.replace("__", "."): value for key, value in settings.items()}


def between(key: str, low: float, high: float) -> Callable[[Mapping[str, Any], Random], Settings]:
    """Return an operator that sets a key to a number between two others, evenly on a logarithmic axis."""
    return lambda recipe, random: {key: drawn(random, low, high)}


def drawn(random: Random, low: float, high: float) -> float:
    """Draw a number, evenly on a logarithmic axis."""
    return float(f"{np.exp(random.uniform(np.log(low), np.log(high))):.3g}")


def optimizer_is(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether a recipe has one of these optimizers, as a function."""
    return lambda recipe: recipe["optimizer"]["name"] in names


def has_hidden(recipe: Mapping[str, Any]) -> bool:
    """Return whether a recipe has a hidden layer."""
    return bool(recipe["model"]["hidden"])
