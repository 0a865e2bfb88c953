"""From a recipe file and overrides to a validated recipe."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.recipe.document import Document, load_document
from nntrain.recipe.overrides import apply_overrides
from nntrain.recipe.schema import Recipe, parse


@dataclass(frozen=True)
class Opened:
    """A recipe as it was written, before it is checked.

    Attributes:
        document: its content, and where its keys stand, for messages.
        folder: what relative paths in it are relative to.
        name: the run's name if the recipe has none: the file's stem.
    """

    document: Document
    folder: Path
    name: str


@dataclass(frozen=True)
class Loaded(Opened):
    """A recipe that has been checked."""

    recipe: Recipe


def open_file(path: str) -> Opened:
    """Read the recipe at ``path`` (``-``: standard input).

    Raises:
        InputError: if it cannot be read, or is not YAML.
    """
    document = load_document(path)
    if path == "-":
        return Opened(document, Path.cwd(), "run")
    file = Path(path)
    return Opened(document, file.parent, file.stem)


def check(opened: Opened, settings: Sequence[str] = ()) -> Loaded:
    """Override keys of a recipe by ``settings`` (``key=value``), and check it.

    Raises:
        InputError: with all that is wrong in it.
    """
    document = apply_overrides(opened.document, settings)
    return Loaded(document, opened.folder, opened.name, parse(document))


def load(path: str, settings: Sequence[str] = ()) -> Loaded:
    """Read the recipe at ``path`` (``-``: standard input), override keys by ``settings`` (``key=value``), and check it.

    Raises:
        InputError: with all that is wrong in it.
    """
    return check(open_file(path), settings)
