"""Load a recipe file, apply overrides and validate it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.recipe.document import Document, load_document
from nntrain.recipe.overrides import apply_overrides
from nntrain.recipe.schema import Recipe, parse


@dataclass(frozen=True)
class Opened:
    """A recipe as written, not yet validated.

    Attributes:
        document: its content, and the places of its keys for messages.
        folder: base of its relative paths.
        name: the run's name if the recipe has none: the file's stem.
    """

    document: Document
    folder: Path
    name: str


@dataclass(frozen=True)
class Loaded(Opened):
    """A validated recipe."""

    recipe: Recipe


def open_file(path: str) -> Opened:
    """Read the recipe at ``path`` (``-``: standard input).

    Raises:
        InputError: if it cannot be read, or is not valid YAML.
    """
    document = load_document(path)
    if path == "-":
        return Opened(document, Path.cwd(), "run")
    file = Path(path)
    return Opened(document, file.parent, file.stem)


def check(opened: Opened, settings: Sequence[str] = ()) -> Loaded:
    """Override keys of a recipe by ``settings`` (``key=value``), and validate it.

    Raises:
        InputError: with all its problems.
    """
    document = apply_overrides(opened.document, settings)
    return Loaded(document, opened.folder, opened.name, parse(document))


def load(path: str, settings: Sequence[str] = ()) -> Loaded:
    """Read the recipe at ``path`` (``-``: standard input), override keys by ``settings``, and validate it.

    Raises:
        InputError: with all its problems.
    """
    return check(open_file(path), settings)
