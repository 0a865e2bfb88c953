"""The cores of ``nntrain surface``: a contest of optimizers on a small loss, and slices through larger ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nntrain.errors import bad_input, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nntrain.comparison.paths import Contender, Points
    from nntrain.diagnostics.loss_surface import Surface
    from nntrain.losses.test_functions import TestFunction
    from nntrain.recipe.document import Document
    from nntrain.training.plan import Plan

DEFAULT, NOISE_ROWS = "sgd,momentum,adam,lbfgs", 64  # rows with noise, of which each step takes one


@dataclass(frozen=True)
class Pictured:
    """A loss surface and what happened on it.

    Attributes:
        title: what it is the loss of.
        surface: the loss on a grid.
        minima: known minima (N, P).
        contenders: the optimizers.
        about: the conditions of the contest, or of the slice.
        notes: what the reader of the picture has to know.
    """

    title: str
    surface: Surface
    minima: Points
    contenders: tuple[Contender, ...]
    about: str
    notes: tuple[str, ...]

    @property
    def paths(self) -> list[list[Points]]:
        """The points of each optimizer's paths."""
        return [[path.points for path in one.paths] for one in self.contenders]

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain data."""
        surface = self.surface
        axes = dict(zip(surface.names, (axis.tolist() for axis in surface.axes), strict=True))
        return {
            "of": self.title,
            "about": self.about,
            "optimizers": [_contender(one) for one in self.contenders],
            "notes": list(self.notes),
            "surface": {"axes": axes, "loss": surface.loss.tolist()},
        }


def _contender(one: Contender) -> dict[str, Any]:
    paths = [
        {
            "start": path.points[0].tolist(),
            "end": path.points[-1].tolist(),
            "best": path.points[path.best].tolist(),
            "loss": result,
            "evaluations": int(path.evaluations[-1]),
            "diverged": path.diverged,
            "points": path.points.tolist(),
        }
        for path, result in zip(one.paths, one.results.tolist(), strict=True)
    ]
    return {"name": one.name, "optimizer": one.optimizer.model_dump(), "trials": one.trials, "paths": paths}


def contest(
    what: str,
    settings: Sequence[str],
    optimizers: str | None = None,
    steps: int = 300,
    given: Sequence[str] = (),
    starts: int | None = None,
    noise: float = 0.0,
    tune: int = 0,
    seed: int = 0,
) -> Pictured:
    """Run optimizers on a test function, or on the loss of a recipe with one or two parameters.

    Args:
        what: name of the function, or a recipe.
        settings: overrides of the recipe's keys, such as a schedule.
        optimizers: comma-separated names or mappings.
        steps: evaluations of the gradient for each optimizer and start.
        given: starts as text, ``w1,w2``.
        starts: number of starts; None: those given, or one.
        noise: standard deviation of the gradient's noise.
        tune: tuning trials for each optimizer.
        seed: of random starts, trials and noise.

    Raises:
        InputError: if the input is wrong.
    """
    import numpy as np

    from nntrain.comparison.paths import contend
    from nntrain.comparison.variants import axis
    from nntrain.diagnostics.loss_surface import near, surface
    from nntrain.recipe.overrides import override

    function, document = _document(what, settings, noise, seed)
    values = axis("--optimizers", "optimizer", optimizers or DEFAULT).values
    plans = [_plan(override(document, "optimizer", value, "--optimizers"), what) for value in values]
    names = _names(values)
    first = _starts(plans[0], function, given, starts, seed)
    contenders = tuple(contend(name, plan, first, steps, tune, seed) for name, plan in zip(names, plans, strict=True))
    if function is not None:
        shown, margin = np.concatenate([np.array(function.box, np.float64), first]), 0.0
    else:
        paths = [path for one in contenders for path in one.paths]
        shown, margin = np.concatenate([path.points[near(path.losses)] for path in paths]), 0.2
    drawn = surface(plans[0], shown, margin)
    minima = np.zeros((0, first.shape[1])) if function is None else np.array(function.minima, np.float64)
    about = _about(steps, len(first), noise, tune)
    return Pictured(what, drawn, minima, contenders, about, tuple(_notes(contenders, drawn, tune)))


def _document(
    what: str, settings: Sequence[str], noise: float, seed: int
) -> tuple[type[TestFunction] | None, Document]:
    """Return the test function that ``what`` names, if it names one, and the recipe of the contest."""
    from nntrain.artifacts.lookup import open_recipe
    from nntrain.losses.test_functions import TestFunction
    from nntrain.recipe.document import Document
    from nntrain.recipe.overrides import apply_overrides, override
    from nntrain.registry import members

    function = members(TestFunction).get(what)
    if function is None:
        if noise:
            raise bad_input("--noise", f"{what} is not a test function", "set regularization.input_noise instead")
        opened = open_recipe(what)
        return None, override(apply_overrides(opened.document, settings), "training.batch_size", "full", "surface")
    rows = NOISE_ROWS if noise else 1
    data = {
        "seed": seed,
        "data": {
            "source": {"name": "point", "rows": rows, "noise": noise},
            "validation": 0,
            "test": 0,
            "standardize": False,
        },
        "model": {
            "hidden": [],
            "learn_biases": False,
            "initializer": {"name": "given", "values": [[float(w) for w in function.start]]},
        },
        "loss": what,
        "training": {"dtype": "float64", "batch_size": 1 if noise else "full"},
    }
    return function, apply_overrides(Document(what, data), settings)


def _plan(document: Document, name: str) -> Plan:
    from pathlib import Path

    from nntrain.diagnostics.loss_surface import MAX_WEIGHTS
    from nntrain.recipe.build import build
    from nntrain.recipe.schema import parse

    recipe = parse(document)
    if recipe.optimizer.full_batch:  # noise is for the others
        recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"batch_size": "full"})})
    plan = build(recipe, document, Path(), name).plan
    if plan.network.parameters > MAX_WEIGHTS:
        what = f"its network has {plan.network.parameters:,} parameters, and the paths of optimizers need two at most"
        raise bad_input(name, what, "leave out --optimizers to draw a slice")
    if plan.schedule.reacts:
        raise bad_input("schedule", f"{plan.schedule.name} follows losses, which a path does not measure")
    return plan


def _names(values: Sequence[Any]) -> list[str]:
    """Return a name for each optimizer, with its keys if it has any."""
    names = []
    for value in values:
        keys = {key: item for key, item in value.items() if key != "name"} if isinstance(value, dict) else {}
        name = value.get("name", "adam") if isinstance(value, dict) else value
        names.append(" ".join([str(name), *(f"{key}={item}" for key, item in keys.items())]))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise bad_input("--optimizers", f"{twice} is given twice", "name each once")
    return names


def _starts(
    plan: Plan, function: type[TestFunction] | None, given: Sequence[str], number: int | None, seed: int
) -> Points:
    import numpy as np

    from nntrain.comparison.paths import starts_in

    size = plan.network.parameters
    if given:
        if number is not None:
            raise bad_input("--starts", "found --start as well", "give one of them")
        return np.array([_point(text, size) for text in given])
    if function is not None:
        return starts_in(function.box, function.start, number or 1, seed)
    found = [
        plan.network.initial(one, np.dtype(np.float64))[:size] for one in range(plan.seed, plan.seed + (number or 1))
    ]
    if len({tuple(start.tolist()) for start in found}) < len(found):
        raise bad_input("--starts", "the recipe's initial weights are the same for every seed", "give --start W1,W2")
    return np.array(found)


def _point(text: str, size: int) -> list[float]:
    from math import isfinite

    try:
        point = [float(part) for part in text.split(",")]
    except ValueError:
        point = []
    if len(point) != size or not all(map(isfinite, point)):
        example = ",".join(["1", "-0.5"][:size])
        raise bad_input(
            f"--start {text}",
            f"expected {size} numbers" if size > 1 else "expected a number",
            f"as in --start={example}",
        )
    return point


def _about(steps: int, starts: int, noise: float, tune: int) -> str:
    noisy = f", noise {noise:g} on each gradient (L-BFGS and searches see none)" if noise else ""
    tuned = f"each tuned by {counted(tune, 'trial')} with this budget" if tune else "not tuned"
    return f"{counted(steps, 'evaluation')} from {counted(starts, 'start')}{noisy}; {tuned}"


def _notes(contenders: Sequence[Contender], drawn: Surface, tune: int) -> list[str]:
    import numpy as np

    notes = []
    low, high = (np.array([axis[end] for axis in drawn.axes]) for end in (0, -1))
    for one in contenders:
        for path in one.paths:
            at = f"{one.name} from ({', '.join(f'{w:.4g}' for w in path.points[0])})"
            outside: NDArray[np.bool_] = np.any((path.points < low) | (path.points > high), axis=1)
            if path.diverged is not None:
                notes.append(f"{at}: diverged at step {path.diverged}")
            elif outside.any():
                back = "" if outside[-1] else ", and returns"
                notes.append(f"{at}: leaves the picture at evaluation {path.evaluations[int(outside.argmax())]}{back}")
        if tune and not one.trials:
            notes.append(f"{one.name}: nothing to tune")
    return notes
