"""A trained model: the network with its weights, and the preprocessing of new rows."""

import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import nntrain
from nntrain.artifacts import container
from nntrain.artifacts.named_arrays import named_arrays
from nntrain.artifacts.wall import bad_facts, checked_facts, checked_tensors
from nntrain.data import Dataset, Label
from nntrain.data.encoder import Encoder
from nntrain.data.prepare import Prepared, Split
from nntrain.data.preprocessing import Standardizer
from nntrain.data.target_scaling import targets_from_json
from nntrain.errors import bad_input
from nntrain.losses import Loss
from nntrain.metrics import DEFAULTS, Predicted, Task
from nntrain.network.inference import ForwardPass, is_small, plain_outputs
from nntrain.network.network import Network
from nntrain.recipe.files import without_folder
from nntrain.recipe.schema import Recipe, to_data
from nntrain.training.plan import Plan
from nntrain.training.scoring import class_probabilities, predicted
from nntrain.training.threshold import at, second_class

TOO_LARGE = "it is far outside the range of the training data"


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        recipe: the complete recipe that it was trained with.
        network: its layers.
        theta: its parameters (P).
        loss: its loss, which turns outputs into predictions.
        feature_names: the names of its inputs (I), after encoding.
        target_names: the names of its targets.
        classes: the labels of its classes, or None for regression.
        inputs: how features are standardized, or None.
        targets: how targets were standardized, or None.
        encoder: how a table's columns become inputs, or None if they are the inputs.
        threshold: of two classes: probability from which the second one is predicted; None for 0.5.
    """

    recipe: Recipe
    network: Network
    theta: NDArray[Any]
    loss: Loss
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    classes: tuple[Label, ...] | None
    inputs: Standardizer | None
    targets: Standardizer | None
    encoder: Encoder | None = None
    threshold: float | None = None

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        network: Network,
        theta: NDArray[Any],
        dataset: Dataset,
        data: Prepared,
        threshold: float | None = None,
    ) -> Self:
        """Return the model of a finished run."""
        if recipe.loss is None:
            raise ValueError("the recipe is not complete")
        features = dataset.feature_names if data.encoder is None else data.encoder.names
        names = (features, dataset.target_names, dataset.classes)
        return cls(recipe, network, theta, recipe.loss, *names, data.inputs, data.targets, data.encoder, threshold)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns that a table for the model has to have."""
        return self.feature_names if self.encoder is None else tuple(one.column for one in self.encoder.columns)

    def outputs(self, x: NDArray[np.float64], rows: int | None = None, above: int = 0) -> Iterator[NDArray[Any]]:
        """Yield the network's outputs (``rows``, outputs) for features ``x`` (N, I) before preprocessing.

        Args:
            x: the features.
            rows: maximum number per yielded array; None: all.
            above: the number of rows of the table above the first one, for messages.

        Raises:
            InputError: if a number in ``x`` is too large (before anything is yielded), or an output is not finite.
        """
        typed, rows = self._prepared(x, above), rows or len(x)
        forward = None if is_small(self.network, len(x)) else ForwardPass(self.network, self.theta.dtype)
        for start in range(0, len(x), rows):
            block = typed[start : start + rows]
            outputs = forward.outputs(self.theta, block) if forward else plain_outputs(self.network, self.theta, block)
            _check_finite(outputs, "output", above + start)
            yield outputs

    def judge(self, part: Split) -> tuple[float, Predicted]:
        """Return the loss for rows before preprocessing, and the predictions in the targets' own units.

        The loss is on the scale of training: if targets were standardized, it is that of standardized targets.
        """
        x, y = self._prepared(part.x), self._targets(part.y)
        dtype = self.theta.dtype
        columns = self.loss.target_columns(y, self.n_classes, self.network.outputs)
        target = np.ascontiguousarray(columns, dtype)
        forward = ForwardPass(self.network, dtype, target.shape[1])
        output, loss = forward.loss(self.theta, x, target, self.loss, weights=part.weights)
        found = predicted(self.network, self.loss, self.targets, self.n_classes, output, part)
        return loss, at(found, self.threshold)

    def plan(self, part: Split) -> Plan:
        """Return the plan of the model's run with the given rows, before preprocessing, as its training split."""
        recipe = self.recipe
        return Plan(
            name=recipe.name or "",
            seed=recipe.seed,
            data=Prepared(self.prepared(part), None, None, self.inputs, self.targets),
            n_classes=self.n_classes,
            network=self.network,
            loss=self.loss,
            optimizer=recipe.optimizer,
            schedule=recipe.schedule,
            training=recipe.training,
            regularization=recipe.regularization,
        )

    @property
    def n_classes(self) -> int | None:
        """Number of classes, or None for regression."""
        return None if self.classes is None else len(self.classes)

    @property
    def metric(self) -> str:
        """``accuracy`` or ``r2``."""
        return DEFAULTS[self.task]

    @property
    def task(self) -> Task:
        """``classification`` or ``regression``."""
        return "regression" if self.classes is None else "classification"

    def predictions(self, outputs: NDArray[Any], start: int = 0) -> NDArray[Any]:
        """Return the class indices, (N,) or (N, L), or the numbers (N, T) in the targets' own units for ``outputs``.

        ``start`` is the index of the first row in its table, for messages.

        Raises:
            InputError: if a number is not finite.
        """
        if self.classes is not None:
            probabilities = None if self.threshold is None else self.probabilities(outputs)
            if self.threshold is None or probabilities is None:
                return self.loss.predict_class(outputs)
            return second_class(probabilities, self.threshold)
        numbers = self.loss.prediction(outputs).astype(np.float64)
        numbers = numbers if self.targets is None else self.targets.prediction(numbers)
        _check_finite(numbers, "prediction", start)
        return numbers

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return the probabilities (N, C) of the classes, of several labels (N, L), or None if the loss has none."""
        return None if self.classes is None else class_probabilities(self.network, self.loss, outputs)

    def prepared(self, part: Split) -> Split:
        """Return rows as the network reads them: encoded and scaled.

        Raises:
            InputError: if a number is too large.
        """
        return Split(self._prepared(part.x), self._targets(part.y), part.weights)

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return y if self.targets is None else self.targets.apply(y)

    def _prepared(self, x: NDArray[np.float64], above: int = 0) -> NDArray[Any]:
        x = x if self.encoder is None else self.encoder.apply(x)
        x = x if self.inputs is None else self.inputs.apply(x)
        with np.errstate(over="ignore"):
            typed = np.ascontiguousarray(x, self.theta.dtype)
        beyond = ~np.isfinite(typed)
        if beyond.any():
            row, column = np.unravel_index(int(beyond.argmax()), beyond.shape)
            where = f"column {self.feature_names[column]!r}, row {above + int(row) + 1}"
            raise bad_input(where, f"too large a number for {self.theta.dtype}", TOO_LARGE)
        return typed

    def save(self, path: Path) -> None:
        """Write the model file, with weights named and shaped as in torch.nn.Sequential.

        Linear layers, normalizations if there are any, and activations alternate there, so that the weights are called
        0.weight (O, I), 0.bias (O), 2.weight and so on.
        """
        tensors = named_arrays(self.network, self.theta)
        preprocessing = {"inputs": self.inputs, "targets": self.targets}
        facts = {
            "recipe": to_data(without_folder(self.recipe)),
            "preprocessing": {key: part and part.to_json() for key, part in preprocessing.items()},
            "columns": None if self.encoder is None else self.encoder.to_json(),
            "classes": self.classes,
            "features": self.feature_names,
            "targets": self.target_names,
            "threshold": self.threshold,
            "versions": {"nntrain": nntrain.__version__, "numpy": np.__version__, "numba": _version("numba")},
        }
        container.write(path, tensors, facts)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model file.

        Raises:
            InputError: if it is missing, truncated, altered, or not an nntrain model.
        """
        tensors, facts = container.read(path)
        checked, network = checked_facts(path, facts)
        recipe, dtype = checked.recipe, np.dtype(checked.recipe.training.dtype)
        nothing = np.broadcast_to(np.zeros((), dtype), network.size)  # takes no memory, whatever size the file claims
        shapes = {name: values.shape for name, values in named_arrays(network, nothing).items()}
        checked_tensors(path, tensors, shapes, dtype)
        theta = network.blank(dtype)
        for name, values in named_arrays(network, theta).items():
            if name.endswith("running_var") and (tensors[name] < 0).any():
                raise bad_facts(path, f"tensor {name!r} has negative variances")
            values[:] = tensors[name]
        scaling = checked.preprocessing.model_dump()
        try:
            inputs = Standardizer.from_json(scaling["inputs"], len(checked.features))
            targets = targets_from_json(scaling["targets"], len(checked.targets))
        except ValueError as error:
            raise bad_facts(path, f"preprocessing: {error}") from None
        encoder = None if checked.columns is None else Encoder(tuple(checked.columns))
        classes = None if checked.classes is None else tuple(checked.classes)
        names = (tuple(checked.features), tuple(checked.targets), classes)
        if recipe.loss is None:
            raise AssertionError("checked_facts accepted a recipe without a loss")
        return cls(recipe, network, theta, recipe.loss, *names, inputs, targets, encoder, checked.threshold)


def _check_finite(numbers: NDArray[Any], what: str, start: int) -> None:
    """Raise InputError if ``numbers`` (N, T) are not finite; the first is row ``start`` of its table."""
    beyond = ~np.isfinite(numbers).all(axis=1)
    if beyond.any():
        raise bad_input(
            f"row {start + int(beyond.argmax()) + 1}", f"the model's {what} for it is not finite", TOO_LARGE
        )


def _version(package: str) -> str:
    return importlib.metadata.version(package)
