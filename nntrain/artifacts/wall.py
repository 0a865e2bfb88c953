"""The wall in front of compiled code: what comes from outside passes it, or is refused.

Compiled loops take their arguments at their word: where a layer lies in theta, how many outputs there are, which class
a row has. Recipes, model files and checkpoints bring such numbers in, and anyone can write one with a right checksum.
So each of them goes through the same four gates before a compiled function sees it:

1. The schema: every key has its type and range, and nothing is extra. :func:`nntrain.recipe.schema.parse` for recipes,
   :class:`Facts` for what a file says beside its tensors; both validate the recipe by the same classes.
2. The agreement of its parts: loss, output activation, task, classes and class weights suit each other, and given first
   weights their layers. :func:`nntrain.recipe.build.checked_network` alone makes the network, whose sizes and addresses
   then follow from the recipe, and never from numbers in a file.
3. The tensors: :func:`checked_tensors` wants exactly the names, shapes and type that this network has, all finite, and
   allocates nothing by a size that a file claims.
4. The targets: :meth:`nntrain.losses.Loss.target_columns` wants class indices below the number of classes, and columns
   that the outputs are for. The engine and :meth:`nntrain.artifacts.model.Model.score` hand targets to compiled losses,
   and take them from there.

Behind the wall, losses that index by a class look at the bounds once more, and return NaN beyond them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from nntrain.data import INTEGERS, Label
from nntrain.errors import InputError, bad_input
from nntrain.network.network import Network
from nntrain.recipe.build import checked_network
from nntrain.recipe.document import Document
from nntrain.recipe.problems import problems_of
from nntrain.recipe.schema import Recipe


class Outside(BaseModel):
    """Data from a file: no conversion of types, no NaN and no infinity; keys that are not known are left alone."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


def _distinct(names: list[Any]) -> list[Any]:
    if len(set(map(str, names))) < len(names):
        raise PydanticCustomError("not_distinct", "two of them are the same")
    return names


def _of_one_kind(labels: list[Any]) -> list[Any]:
    if len(set(map(type, labels))) > 1 or not all(label in INTEGERS for label in labels if isinstance(label, int)):
        raise PydanticCustomError("not_labels", "expected labels of one kind: text, true and false, or 64-bit integers")
    return labels


Names = Annotated[list[str], Field(min_length=1), AfterValidator(_distinct)]
Labels = Annotated[list[Label], Field(min_length=2), AfterValidator(_of_one_kind), AfterValidator(_distinct)]


class Scaling(Outside):
    """Mean and scale of each column."""

    mean: list[float]
    scale: list[float]


class Preprocessing(Outside):
    """How features and targets are standardised, if they are."""

    inputs: Scaling | None
    targets: Scaling | None


class Facts(Outside):
    """What a model file says beside its tensors."""

    recipe: Recipe
    features: Names
    targets: Names
    classes: Labels | None
    preprocessing: Preprocessing

    @property
    def n_classes(self) -> int | None:
        """How many classes there are, or None for regression."""
        return None if self.classes is None else len(self.classes)


def checked_facts(path: Path, facts: Mapping[str, Any]) -> tuple[Facts, Network]:
    """Return what the file at ``path`` says of a model, and the network that follows from it.

    Raises:
        InputError: if a key is missing or wrong, or parts do not suit each other.
    """
    document = Document(str(path), dict(facts))
    try:
        told = Facts.model_validate(document.data)
    except ValidationError as error:
        raise bad_facts(path, problems_of(error, document, Facts)[0].fact) from None
    if told.classes is not None and (len(told.targets) > 1 or told.preprocessing.targets is not None):
        raise bad_facts(path, "classes are one target, which is not standardised")
    try:
        network = checked_network(told.recipe, len(told.features), len(told.targets), told.n_classes, document)
    except InputError as error:
        raise bad_facts(path, error.problems[0].fact) from None
    return told, network


def checked_tensors(
    path: Path, tensors: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any]
) -> None:
    """Check that the file at ``path`` has the tensors ``shapes``, of ``dtype`` and finite, and no others.

    Raises:
        InputError: if it has not.
    """
    for name in {**shapes, **tensors}:
        if name not in shapes or name not in tensors:
            raise bad_facts(path, f"tensor {name!r} {'is missing' if name in shapes else 'is not part of the network'}")
        found = tensors[name]
        if found.shape != shapes[name] or found.dtype != dtype:
            expected = f"expected {shapes[name]} of {dtype}"
            raise bad_facts(path, f"tensor {name!r} has shape {found.shape} of {found.dtype}, {expected}")
        if not np.isfinite(found).all():
            raise bad_facts(path, f"tensor {name!r} has numbers that are not finite")


def bad_facts(path: Path, what: str) -> InputError:
    """Return the error for a file that is whole, but does not describe a model."""
    return bad_input(path, f"not a valid model: {what}", "use the file as nntrain wrote it")
