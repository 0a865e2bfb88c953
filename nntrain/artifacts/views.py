"""What a network of one or two features has learned, as a function of them, and at which epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.artifacts.model import Model
from nntrain.data import Label
from nntrain.data.prepare import Split
from nntrain.errors import bad_input
from nntrain.recipe.build import Built
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded
from nntrain.training.loop import train

CURVE_POINTS, GRID_POINTS = 301, 121  # of one feature, and along each of two
MARGIN = 0.15  # beyond the rows, relative to their range
SPLITS = {"training": "train", "validation": "validation"}  # their names in JSON
Numbers = NDArray[np.float64]
Weights = tuple[int | None, NDArray[np.floating]]  # epoch (None: the weights that the run kept), and theta


@dataclass(frozen=True)
class Frame:
    """What a network predicts at one time.

    Attributes:
        title: such as ``epoch 10``.
        values: the prediction at each point: a number, or the index of a class; (G,) or (G, G), the second feature
            along the rows.
    """

    title: str
    values: Numbers


@dataclass(frozen=True)
class View:
    """A network as a function of its features.

    Attributes:
        names: of the features.
        target: name of the target.
        classes: labels of the classes; None for regression.
        axes: ascending values of each feature.
        frames: in the order of the epochs.
        rows: of the training and the validation split, before scaling: features (N, I), and targets or classes (N,).
    """

    names: tuple[str, ...]
    target: str
    classes: tuple[Label, ...] | None
    axes: tuple[Numbers, ...]
    frames: tuple[Frame, ...]
    rows: dict[str, tuple[Numbers, Numbers]]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data; classes are indices."""

        def plain(values: Numbers) -> NDArray[Any]:
            return values if self.classes is None else values.astype(np.int64)

        return {
            "axes": dict(zip(self.names, self.axes, strict=True)),
            "target": self.target,
            "classes": self.classes,
            "frames": [{"title": frame.title, "values": plain(frame.values)} for frame in self.frames],
            "rows": {SPLITS[name]: {"x": x, "y": plain(y)} for name, (x, y) in self.rows.items()},
        }


def weights_at(built: Built, epochs: Sequence[int]) -> list[Weights]:
    """Train a plan, and return the weights at these epochs (0: the initial ones), and those that the run keeps.

    Raises:
        InputError: if the run ends before the last of them.
    """
    engine, wanted, found = Engine(built.plan), set(epochs), list[Weights]()
    if 0 in wanted:
        found.append((0, engine.theta.copy()))
    reached = 0
    for event in train(engine, statistics=False):
        if isinstance(event, EpochEnded):
            reached = event.epoch
            if reached in wanted:
                with engine.measured_weights(event.step):
                    found.append((reached, engine.theta.copy()))
    if epochs and max(epochs) > reached:
        raise bad_input("--epochs", f"found {max(epochs)}, but the run ends after {reached}", "ask for earlier ones")
    return [*found, (None, engine.theta.copy())]


def view_of(built: Built, weights: Sequence[Weights]) -> View:
    """Return the view of a network with one or two features."""
    data, dataset = built.plan.data, built.dataset
    splits = {name: part for name, part in (("training", data.train), ("validation", data.validation)) if part}
    rows = {name: _unscaled(built, part) for name, part in splits.items()}
    x = np.concatenate([features for features, _ in rows.values()])
    room = MARGIN * (np.ptp(x, axis=0) + (np.ptp(x, axis=0) == 0))
    count = CURVE_POINTS if x.shape[1] == 1 else GRID_POINTS
    axes = tuple(np.linspace(x[:, i].min() - room[i], x[:, i].max() + room[i], count) for i in range(x.shape[1]))
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, x.shape[1])
    frames = []
    for epoch, theta in weights:
        model = Model.of(built.recipe, built.plan.network, theta, dataset, data)
        (outputs,) = model.outputs(points)
        predicted = np.asarray(model.predictions(outputs), np.float64).reshape(len(points), -1)[:, 0]
        title = "the weights that the run keeps" if epoch is None else f"epoch {epoch:,}"
        frames.append(Frame(title, predicted.reshape((count,) * x.shape[1])))
    names = built.feature_names
    return View(names, dataset.target_names[0], dataset.classes, axes, tuple(frames), rows)


def _unscaled(built: Built, part: Split) -> tuple[Numbers, Numbers]:
    data = built.plan.data
    x = part.x if data.inputs is None else data.inputs.invert(part.x)
    y = part.y if data.targets is None else data.targets.invert(part.y)
    return x, np.asarray(y, np.float64).reshape(len(x), -1)[:, 0]
