"""Validation of everything from outside before compiled code sees it.

Compiled loops trust their arguments: the offset of a layer in theta, the number of outputs, the class of a row. Such
numbers come from recipes, model files and checkpoints, and anyone can write one with a correct checksum. So each of
them passes the same four checks before a compiled function sees it:

1. The schema: every key has the right type and range, and there are no unknown keys.
   :func:`nntrain.recipe.schema.parse` checks recipes, :class:`Facts` a file's metadata; both use the same classes.
2. Consistency: loss, output activation, task, classes and class weights fit each other, and given initial weights fit
   their layers. Only :func:`nntrain.recipe.build.checked_network` builds the network, whose sizes and addresses follow
   from the recipe and never from numbers in a file.
3. The tensors: :func:`checked_tensors` requires exactly the names, shapes and dtype of this network and finite values.
   It never allocates a size that a file claims.
4. The targets: :meth:`nntrain.losses.Loss.target_columns` requires class indices below the number of classes, and
   columns that match the outputs. The engine and :meth:`nntrain.artifacts.model.Model.judge`, which call compiled
   losses, get their targets from it.

In addition, losses that index by a class check the bounds themselves, and return NaN beyond them.

Other files from outside:

- Checkpoints and kept states: :class:`nntrain.artifacts.checkpoint_facts.Facts` checks their metadata, and
  :func:`nntrain.artifacts.checkpoint.state_of` that their tensors and counters are possible in a run of this recipe. A
  branch is made of such files and continues through the same checks; its start is not used without its origin.
- ``metrics.jsonl`` and ``summary.json``: :mod:`nntrain.artifacts.history` and :mod:`nntrain.artifacts.epoch_lines`
  check each value that is used.
- The ledger of a comparison: each line has a checksum and the schema of
  :class:`nntrain.comparison.run_result.RunResult`, and none of its numbers reaches compiled code.
- The compile cache holds machine code, which no check makes harmless: :mod:`nntrain.jit.cache` loads an entry only if
  its hashes match, and only from nntrain's own directory, the user's cache directory or NUMBA_CACHE_DIR, to which no
  stranger may have access.

All of them are fuzzed in a process of its own, whose crash is a failed test: ``tests/fuzz_model_files.py``,
``tests/fuzz_recipes.py``, ``tests/fuzz_files.py``, ``tests/test_checkpoint_files.py`` and ``tests/test_ledger.py``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from nntrain.data import INTEGERS, Label
from nntrain.data.columns import FittedColumn
from nntrain.data.encoder import Encoder
from nntrain.data.target_scaling import Transform
from nntrain.errors import InputError, bad_input
from nntrain.network.network import Network
from nntrain.recipe.build import checked_network
from nntrain.recipe.document import Document
from nntrain.recipe.problems import problems_of
from nntrain.recipe.schema import Recipe
from nntrain.registry import Choice
from nntrain.training.scoring import gives_probabilities


class Outside(BaseModel):
    """Data from a file: no type conversion, no NaN, no infinity; unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


def _distinct(names: list[Any]) -> list[Any]:
    if len(set(map(str, names))) < len(names):
        raise PydanticCustomError("not_distinct", "two items are the same")
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


class TargetScaling(Scaling):
    """The same for targets, after a transform of them, with its exponents and the limits of predictions."""

    transform: Transform | None = None
    lambdas: list[float] = []
    low: list[float] = []
    high: list[float] = []


class Preprocessing(Outside):
    """The scaling of features and targets, if any."""

    inputs: Scaling | None
    targets: TargetScaling | None


class Facts(Outside):
    """The metadata of a model file."""

    recipe: Recipe
    features: Names
    targets: Names
    classes: Labels | None
    preprocessing: Preprocessing
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    columns: Annotated[list[Annotated[FittedColumn, Choice()]], Field(min_length=1)] | None = None

    @property
    def n_classes(self) -> int | None:
        """Number of classes, or None for regression."""
        return None if self.classes is None else len(self.classes)


def checked_facts(path: Path, facts: Mapping[str, Any]) -> tuple[Facts, Network]:
    """Return the validated metadata of the file at ``path``, and the network that follows from them.

    Raises:
        InputError: if a key is missing or wrong, or the metadata are inconsistent.
    """
    document = Document(str(path), dict(facts))
    try:
        checked = Facts.model_validate(document.data)
    except ValidationError as error:
        raise bad_facts(path, problems_of(error, document, Facts)[0].fact) from None
    if checked.classes is not None and checked.preprocessing.targets is not None:
        raise bad_facts(path, "classes are not standardized")
    if checked.classes is not None and len(checked.targets) > 1 and len(checked.classes) != 2:
        raise bad_facts(path, "several labels need two classes, which mean no and yes")
    if checked.threshold is not None and (checked.n_classes != len("ab") or len(checked.targets) > 1):
        raise bad_facts(path, "a threshold needs two classes and one target")
    if checked.columns is not None:
        _check_columns(path, checked)
    try:
        network = checked_network(
            checked.recipe, len(checked.features), len(checked.targets), checked.n_classes, document
        )
    except InputError as error:
        raise bad_facts(path, error.problems[0].fact) from None
    loss = checked.recipe.loss
    if checked.threshold is not None and not (loss and gives_probabilities(network.layers[-1].activation, loss)):
        raise bad_facts(path, "a threshold needs probabilities")
    return checked, network


def _check_columns(path: Path, checked: Facts) -> None:
    """Check that the columns of a model give its features."""
    columns = checked.columns or ()
    if len({column.column for column in columns}) < len(columns):
        raise bad_facts(path, "two columns have the same name")
    if list(Encoder(tuple(columns)).names) != checked.features:
        raise bad_facts(path, "its columns do not give its features")


def checked_tensors(
    path: Path,
    tensors: Mapping[str, NDArray[Any]],
    shapes: Mapping[str, tuple[int, ...]],
    dtype: np.dtype[Any],
    kind: str = "model",
) -> None:
    """Check that the file at ``path`` has exactly the tensors ``shapes``, of ``dtype`` and finite.

    Raises:
        InputError: if not.
    """
    for name in {**shapes, **tensors}:
        if name not in shapes or name not in tensors:
            raise bad_facts(
                path, f"tensor {name!r} {'is missing' if name in shapes else 'is not part of the network'}", kind
            )
        found = tensors[name]
        if found.shape != shapes[name] or found.dtype != dtype:
            expected = f"expected {shapes[name]} of {dtype}"
            raise bad_facts(path, f"tensor {name!r} has shape {found.shape} of {found.dtype}, {expected}", kind)
        if not np.isfinite(found).all():
            raise bad_facts(path, f"tensor {name!r} has numbers that are not finite", kind)


def bad_facts(path: Path, what: str, kind: str = "model") -> InputError:
    """Return the error for an intact file that does not describe a model, or another ``kind`` of thing."""
    own = ": unknown " in what
    hint = "if it has a component of your own, add --code FILE" if own else "use the file as nntrain wrote it"
    return bad_input(path, f"not a valid {kind}: {what}", hint)
