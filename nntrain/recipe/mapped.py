"""A recipe's table in memory-mapped files, if it is larger than memory or the recipe asks for it."""

from pathlib import Path

from nntrain.data import Dataset
from nntrain.data.mapped.convert import Preparation
from nntrain.data.prepare import Prepared
from nntrain.data.reading.content import COMPRESSED_SIGNATURES, STDIN, matching
from nntrain.data.table import TableFile
from nntrain.errors import InputError, Place, Problem, refuse
from nntrain.losses.class_weights import WeighsClasses
from nntrain.recipe.files import with_source
from nntrain.recipe.schema import Recipe
from nntrain.utils.memory import total

FRACTION = 0.1  # of the memory that a table's files may have to be read into memory
UNPACKED = 4  # times the size of a compressed or Parquet file
IN_MEMORY = "or set data.source.in_memory: true"
SPLIT_HINT = f"write the split of each row into a column and name it in data.source.split, {IN_MEMORY}"


def is_mapped(recipe: Recipe) -> bool:
    """Return whether a recipe's table, whose path is absolute, is trained on from mapped files.

    Raises:
        InputError: if the recipe asks for it, but has a setting that needs all rows in memory.
    """
    source = recipe.data.source
    if not isinstance(source, TableFile) or source.in_memory is True:
        return False
    problems = needs_memory(recipe)
    if source.in_memory is False:
        refuse(problems)
        return True
    return not problems and is_large(source.path)


def needs_memory(recipe: Recipe) -> list[Problem]:
    """Return a problem for each setting of a recipe that needs all rows in memory."""
    data, source, found = recipe.data, recipe.data.source, list[tuple[str, str]]()
    for key in ("groups", "time", "test_file"):
        if getattr(source, key) is not None:
            found.append((f"data.source.{key}", SPLIT_HINT))
    if getattr(source, "weights", None) is not None:
        found.append(("data.source.weights", f"remove it, {IN_MEMORY}"))
    if data.fold is not None:
        found.append(("data.fold", f"train without folds, {IN_MEMORY}"))
    if data.standardize and data.scaling == "quantile":
        found.append(("data.scaling", f"choose robust, {IN_MEMORY}"))
    if data.target_transform is not None:
        found.append(("data.target_transform", f"remove it, {IN_MEMORY}"))
    if recipe.training.dtype == "float64":
        found.append(("training.dtype", f"choose float32, {IN_MEMORY}"))
    if isinstance(recipe.loss, WeighsClasses) and recipe.loss.class_weights is not None:
        found.append(("loss.class_weights", f"remove it, {IN_MEMORY}"))
    what = "needs all rows in memory, but the table is read from memory-mapped files (data.source.in_memory: false)"
    return [Problem(Place(key=key), what, hint) for key, hint in found]


def mapped_rows(recipe: Recipe) -> tuple[Recipe, Dataset, Prepared]:
    """Return the recipe with the task and the checksum of its table, the table without its rows, and its splits.

    Raises:
        InputError: if the table cannot be converted.
    """
    from nntrain.data.mapped.cache import cached_table

    data, source = recipe.data, recipe.data.source
    if not isinstance(source, TableFile):
        raise TypeError("only a table can be mapped")
    scaling = data.scaling if data.standardize and data.scaling != "quantile" else "none"
    how = Preparation(data.splitting(recipe.seed), scaling, standardizes_numbers(recipe))
    dataset, prepared = cached_table(source.model_copy(update={"test_file": None}), how)
    resolved = source.resolved(dataset.classes is not None)
    update = {"sha256": dataset.sha256, "in_memory": False}
    return with_source(recipe, resolved.model_copy(update=update)), dataset, prepared


def standardizes_numbers(recipe: Recipe) -> bool:
    """Return whether targets of a table are standardized if they are numbers: their size is not known."""
    if recipe.data.standardize_target is not None:
        return recipe.data.standardize_target
    return recipe.model.output.name == "identity" and not (recipe.loss and recipe.loss.needs_counts)


def is_large(path: str) -> bool:
    """Return whether the files of a table are larger than a fraction of the memory."""
    memory = total()
    if memory is None or path == STDIN:
        return False
    try:
        return sum(map(_unpacked, map(Path, matching(path)))) > FRACTION * memory
    except (InputError, OSError):
        return False  # the message is that of reading it


def _unpacked(path: Path) -> int:
    """Return the size of a file, or an estimate of that of its contents."""
    if not path.is_file():
        return 0
    with path.open("rb") as file:
        packed = file.read(4).startswith(COMPRESSED_SIGNATURES)
    return path.stat().st_size * (UNPACKED if packed else 1)
