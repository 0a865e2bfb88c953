"""The files of a recipe's table: their paths and checksums."""

import os
from collections.abc import Callable
from pathlib import Path

from nntrain.data import Dataset, Source
from nntrain.data.reading.content import STDIN
from nntrain.data.table import TableFile
from nntrain.errors import bad_input
from nntrain.recipe.schema import Recipe

CHECKSUMS = {"path": "sha256", "test_file": "test_sha256"}  # the keys of a file and of its checksum


def files_of(source: Source) -> dict[str, str]:
    """Return the files of a table by their key; none for other sources."""
    if not isinstance(source, TableFile):
        return {}
    return {"path": source.path, **({} if source.test_file is None else {"test_file": source.test_file})}


def with_files(recipe: Recipe, changed: Callable[[str], str]) -> Recipe:
    """Return the recipe with the path of each file changed."""
    files = files_of(recipe.data.source)
    update = {key: path if path == STDIN else changed(path) for key, path in files.items()}
    return with_source(recipe, recipe.data.source.model_copy(update=update)) if update else recipe


def with_source(recipe: Recipe, source: Source) -> Recipe:
    """Return the recipe with another source."""
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})


def with_checksums(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Return the recipe with the checksums of the files that its rows were read from."""
    found = {"sha256": dataset.sha256, "test_sha256": dataset.test and dataset.test.sha256}
    update = {key: checksum for key, checksum in found.items() if checksum is not None}
    return with_source(recipe, recipe.data.source.model_copy(update=update)) if update else recipe


def names_absolute_path(recipe: Recipe) -> bool:
    """Return whether the path of a recipe's file is absolute."""
    source = recipe.data.source
    return isinstance(source, TableFile) and Path(source.path).is_absolute()


def with_absolute_path(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe with absolute paths of its files; they were relative to ``folder``."""

    def absolute(path: str) -> str:
        file = (folder / path).absolute()
        return str(file.parent.resolve() / file.name if ".." in file.parts else file)

    return with_files(recipe, absolute)


def with_path_from(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe with its files' paths relative to ``folder``, so that all can be moved together."""

    def relative(path: str) -> str:
        file = Path(path)
        try:  # ".." after a symbolic link is another directory
            found = os.path.relpath(file.parent.resolve() / file.name, folder.resolve())
        except ValueError:  # the paths are on different drives
            return path
        return Path(found).as_posix()

    return with_files(recipe, relative)


def check_pinned(recipe: Recipe, folder: Path) -> None:
    """Reject a run's recipe with a file that has no checksum, since a stranger's run could name any file.

    Args:
        recipe: of the run.
        folder: the run's directory.

    Raises:
        InputError: if there is no checksum.
    """
    source = recipe.data.source
    for key in files_of(source):
        if getattr(source, CHECKSUMS[key]) is None:
            what = f"has no data.source.{CHECKSUMS[key]}, so its data file is not read"
            raise bad_input(folder / "recipe.yaml", what)


def without_folder(recipe: Recipe) -> Recipe:
    """Return the recipe with only the names of its files, without their directories."""
    return with_files(recipe, lambda path: Path(path).name)
