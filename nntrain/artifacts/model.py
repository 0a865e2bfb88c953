"""A trained model: the network with its weights, and all that is needed to use it on new rows."""

import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

import nntrain
from nntrain.artifacts import container
from nntrain.data import Dataset, Label
from nntrain.data.prepare import Part, Prepared
from nntrain.data.preprocessing import Standardizer
from nntrain.errors import bad_input
from nntrain.losses import Loss
from nntrain.metrics import accuracy, r2
from nntrain.network.forward import ForwardPass
from nntrain.network.network import Network
from nntrain.recipe.build import network_of
from nntrain.recipe.schema import Recipe, to_data
from nntrain.training.events import Scores
from nntrain.training.plan import Plan

# torch's names of a normalisation's arrays
NORM_NAMES = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_var"}
TOO_LARGE = "it is far from all that the model was trained on"


class Facts(BaseModel, strict=True):
    """What a model file says beside the recipe."""

    features: Annotated[list[str], Field(min_length=1)]
    targets: Annotated[list[str], Field(min_length=1)]
    classes: Annotated[list[bool | int | str], Field(min_length=1)] | None


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        recipe: what it was trained by, complete.
        network: its layers.
        theta: its parameters (P).
        loss: its loss, which knows what outputs mean.
        feature_names: the names of its inputs (I).
        target_names: the names of its targets.
        classes: the labels of its classes, or None for regression.
        inputs: how features are standardised, or None.
        targets: how targets were standardised, or None.
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

    @classmethod
    def of(cls, recipe: Recipe, network: Network, theta: NDArray[Any], dataset: Dataset, data: Prepared) -> Self:
        """Return the model of a run that has ended."""
        if recipe.loss is None:
            raise ValueError("the recipe is not complete")
        names = (dataset.feature_names, dataset.target_names, dataset.classes)
        return cls(recipe, network, theta, recipe.loss, *names, data.inputs, data.targets)

    def outputs(self, x: NDArray[np.float64], rows: int | None = None) -> Iterator[NDArray[Any]]:
        """Yield the network's outputs (``rows``, outputs) for features ``x`` (N, I) as they stand in a table.

        Args:
            x: the features.
            rows: of a block; None: all.

        Raises:
            InputError: if a number of ``x`` is too large, before the first block; or an output, before its block.
        """
        typed, rows = self._prepared(x), rows or len(x)
        forward = ForwardPass(self.network, self.theta.dtype)
        for start in range(0, len(x), rows):
            outputs = forward.outputs(self.theta, typed[start : start + rows])
            beyond = ~np.isfinite(outputs).all(axis=1)
            if beyond.any():
                row = start + int(beyond.argmax()) + 1
                raise bad_input(f"row {row}", "the model's output for it is not finite", TOO_LARGE)
            yield outputs

    def score(self, part: Part) -> Scores:
        """Return loss and metric for rows as they stand in a table.

        The loss is on the scale that was trained on: of standardised targets, if they were.
        """
        x, y = self._prepared(part.x), self._targets(part.y)
        dtype = self.theta.dtype
        target = np.ascontiguousarray(self.loss.encode(y, self.n_classes), dtype)
        forward = ForwardPass(self.network, dtype, target.shape[1])
        output, loss = forward.loss(self.theta, x, target, self.loss)
        metric = r2(y, self.loss.prediction(output)) if self.classes is None else accuracy(y, self.loss.decide(output))
        return Scores(loss, metric)

    def plan(self, part: Part) -> Plan:
        """Return the run that it came from, with rows as they stand in a table as its training part."""
        recipe = self.recipe
        return Plan(
            name=recipe.name or "",
            seed=recipe.seed,
            data=Prepared(Part(self._prepared(part.x), self._targets(part.y)), None, None, self.inputs, self.targets),
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
        """How many classes there are, or None for regression."""
        return None if self.classes is None else len(self.classes)

    @property
    def metric(self) -> str:
        """``accuracy`` or ``r2``."""
        return "r2" if self.classes is None else "accuracy"

    def predictions(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return the class indices (N,) or the numbers (N, T), in the targets' own units, that ``outputs`` mean."""
        if self.classes is not None:
            return self.loss.decide(outputs)
        numbers = self.loss.prediction(outputs).astype(np.float64)
        return numbers if self.targets is None else self.targets.invert(numbers)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return the probabilities (N, C) of the classes, or None if the loss does not model any."""
        if self.classes is None:
            return None
        if self.network.layers[-1].activation.distribution:
            return outputs.astype(np.float64)
        return self.loss.probabilities(outputs)

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return y if self.targets is None else self.targets.apply(y)

    def _prepared(self, x: NDArray[np.float64]) -> NDArray[Any]:
        x = x if self.inputs is None else self.inputs.apply(x)
        with np.errstate(over="ignore"):
            typed = np.ascontiguousarray(x, self.theta.dtype)
        beyond = ~np.isfinite(typed)
        if beyond.any():
            row, column = np.unravel_index(int(beyond.argmax()), beyond.shape)
            where = f"column {self.feature_names[column]!r}, row {int(row) + 1}"
            raise bad_input(where, f"too large a number for {self.theta.dtype}", TOO_LARGE)
        return typed

    def save(self, path: Path) -> None:
        """Write the model file: weights under the names and shapes that torch.nn.Sequential gives them.

        Linear layers, normalisations where there are any, and activations take turns there, so that the weights are
        called 0.weight (O, I), 0.bias (O), 2.weight and so on.
        """
        tensors = _named(self.network, self.theta)
        preprocessing = {"inputs": self.inputs, "targets": self.targets}
        facts = {
            "recipe": to_data(self.recipe),
            "preprocessing": {key: part and part.to_json() for key, part in preprocessing.items()},
            "classes": self.classes,
            "features": self.feature_names,
            "targets": self.target_names,
            "versions": {"nntrain": nntrain.__version__, "numpy": np.__version__, "numba": _version("numba")},
        }
        container.write(path, tensors, facts)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model file.

        Raises:
            InputError: if it is missing, truncated, altered, or not a model of nntrain's.
        """
        tensors, facts = container.read(path)
        try:
            recipe = Recipe.model_validate(facts["recipe"])
            named = Facts.model_validate({key: facts[key] for key in Facts.model_fields})
            classes = None if named.classes is None else tuple(named.classes)
            features, targets = tuple(named.features), tuple(named.targets)
            "".join(map(str, (*features, *targets, *(classes or ())))).encode()  # half a character is no name
            network = network_of(recipe, len(features), len(targets), None if classes is None else len(classes))
            theta = np.empty(network.size, recipe.training.dtype)
            for name, values in _named(network, theta).items():
                found = tensors[name]
                if (found.shape, found.dtype) != (values.shape, values.dtype) or not np.isfinite(found).all():
                    raise ValueError(f"{name} has another shape or type, or numbers that are none")
                values[:] = found
            preprocessing = facts["preprocessing"]
            parts = {
                "inputs": Standardizer.from_json(preprocessing["inputs"], len(features)),
                "targets": Standardizer.from_json(preprocessing["targets"], len(targets)),
            }
            names = (features, targets, classes)
            if recipe.loss is None:
                raise ValueError("the recipe is not complete")
            return cls(recipe, network, theta, recipe.loss, *names, parts["inputs"], parts["targets"])
        except (KeyError, TypeError, ValueError, AttributeError, ValidationError):
            raise container.bad_facts(path) from None


def _version(package: str) -> str:
    return importlib.metadata.version(package)


def _named(network: Network, theta: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the parts of theta, as views, under torch's names and in its shapes."""
    found: dict[str, NDArray[Any]] = {}
    number = 0
    for arrays in network.arrays(theta):
        found |= {f"{number}.weight": arrays["weights"].T, f"{number}.bias": arrays["biases"]}
        if "gamma" in arrays:
            number += 1
            found |= {f"{number}.{name}": arrays[ours] for name, ours in NORM_NAMES.items() if ours in arrays}
        if "slopes" in arrays:
            found[f"{number + 1}.weight"] = arrays["slopes"]
        number += 2
    return found
