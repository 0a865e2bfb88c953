"""The cores of ``nntrain plot fit``, ``boundary`` and ``noise``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from nntrain.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nntrain.artifacts.history import History
    from nntrain.artifacts.views import View, Weights
    from nntrain.recipe.build import Built
    from nntrain.report.html.document import Figure
    from nntrain.report.html.lines import LineChart


def load_view(what: str, names: Sequence[str], settings: list[str], epochs: str | None) -> View:
    """Return what a recipe, run or model predicts.

    Args:
        what: ``fit`` or ``boundary``.
        names: one recipe, run or model.
        settings: overrides of a recipe's keys.
        epochs: comma-separated epochs to show too, for which the recipe is trained again.

    Raises:
        InputError: if the network has another number of features, or another task.
    """
    from nntrain.artifacts.lookup import find
    from nntrain.artifacts.views import view_of, weights_at
    from nntrain.cli.loading import load_plan

    if len(names) != 1:
        found = f"found {len(names)} names" if names else "needs a name"
        raise bad_input(f"plot {what}", found, "name one recipe, run or model")
    built = load_plan(names[0], settings)
    _check(what, names[0], built)
    wanted = [] if epochs is None else _numbers(epochs)
    trained = find(names[0]).model is not None or Path(names[0]).is_dir()
    weights = _kept(names[0], settings) if trained and not wanted else weights_at(built, wanted)
    return view_of(built, weights)


def _kept(name: str, settings: list[str]) -> list[Weights]:
    """Return the weights of a trained model."""
    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model

    if settings:
        raise bad_input(name, "--set does not apply to a trained model", "leave --set out, or name a recipe")
    return [(None, Model.load(find_model(name)).theta)]


def run_figures(run: History, note: Callable[[str], None], epochs: str | None) -> list[Figure]:
    """Return the figures of what a run predicts, and with ``epochs`` of its layers at these epochs.

    Args:
        run: a finished run.
        note: receives why there is no figure of the predictions of a network with one or two features.
        epochs: comma-separated epochs, for which the run is trained again.

    Raises:
        InputError: if ``epochs`` is wrong, or the run cannot be trained again.
    """
    from nntrain.artifacts.views import view_of, weights_at
    from nntrain.cli.loading import load_plan
    from nntrain.diagnostics.epoch_histograms import layer_histograms
    from nntrain.errors import InputError
    from nntrain.recipe.files import check_pinned
    from nntrain.report.html.views import ridge_figures, view_figure

    count = 2 if run.summary["task"] == "classification" else 1
    if epochs is None and not re.match(rf"1 \w+ {count}→", run.summary["layers"][0]["label"]):
        return []
    try:
        check_pinned(run.recipe, run.folder)
        built = load_plan(str(run.folder / "recipe.yaml"), [])
        weights = _kept(str(run.folder), []) if epochs is None else weights_at(built, _numbers(epochs))
    except InputError as error:
        if epochs is not None:
            raise
        note(f"no figure of the predictions: {error}")
        return []
    axes = len(built.feature_names) == count and built.plan.data.encoder is None
    figures = [view_figure(view_of(built, weights))] if axes else []
    if epochs is None:
        return figures
    titles = ["kept" if epoch is None else f"epoch {epoch:,}" for epoch, _ in weights]
    return figures + ridge_figures(layer_histograms(built.plan, [theta for _, theta in weights]), titles)


def _check(what: str, name: str, built: Built) -> None:
    features, classes = len(built.feature_names), built.dataset.classes
    if built.plan.data.encoder is not None:
        raise bad_input(name, "its columns are encoded, so that its features are no axes", "use numeric columns")
    if what == "boundary" and (classes is None or features != 2):
        hint = "use plot fit" if classes is None and features == 1 else "choose moons, circles, spirals or xor"
        raise bad_input(
            f"plot boundary {name}", f"needs classes and two features, found {_facts(features, classes)}", hint
        )
    if what == "fit" and (classes is not None or features != 1):
        hint = "use plot boundary" if classes is not None and features == 2 else "choose line or sine"
        raise bad_input(f"plot fit {name}", f"needs numbers and one feature, found {_facts(features, classes)}", hint)


def _facts(features: int, classes: object) -> str:
    from nntrain.errors import counted

    return f"{'numbers' if classes is None else 'classes'} and {counted(features, 'feature')}"


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise bad_input(f"--epochs {text}", "expected epochs separated by commas", "as in --epochs 0,1,10")
    return sorted({int(part) for part in parts})


def noise_chart(names: Sequence[str], settings: Sequence[str]) -> list[LineChart]:
    """Return the noise of the mini-batch gradient of a recipe, run or model against the batch size.

    Raises:
        InputError: if its loss is no mean over samples.
    """
    import numpy as np

    from nntrain.cli.loading import load_target
    from nntrain.diagnostics.gradient_noise import gradient_noise
    from nntrain.report.html.lines import Line, LineChart

    if len(names) != 1:
        raise bad_input("plot noise", f"found {len(names)} names", "name one recipe, run or model")
    target = load_target(names[0], list(settings), None, None)
    if any(layer.norm is not None and not layer.norm.by_row for layer in target.plan.network.layers):
        raise bad_input(names[0], "batch norm makes samples of a batch depend on each other", "set model.norm=null")
    if target.plan.loss.reduction == "sum" or len(target.plan.data.train.x) == 1:
        raise bad_input(names[0], "needs a loss that is a mean over several samples", "set loss=mse")
    found = gradient_noise(target.plan, target.theta)
    x, full = np.log2(found.sizes), np.full(found.sizes.size, found.norm)
    lines = [
        Line("measured", x, np.where(found.measured > 1e-12, found.measured, np.nan), 0),
        Line("expected", x, np.where(found.expected > 0, found.expected, np.nan), 1),
        Line("norm of the full gradient", x, full, 2, thin=True),
    ]
    half = found.sizes[found.expected < found.norm]
    below = f"below the gradient itself from batches of {half[0]:,} on" if half.size else "above the gradient itself"
    note = f"64 batches for each size; noise falls as 1/√B, {below}"
    return [LineChart("noise of the mini-batch gradient", lines, "log2 of the batch size B", ratio=True, note=note)]
