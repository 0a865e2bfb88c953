"""From a recipe file and overrides to a validated recipe."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.recipe.document import Document, load_document
from nntrain.recipe.overrides import apply_overrides
from nntrain.recipe.schema import Recipe, parse


@dataclass(frozen=True)
class Loaded:
    """A recipe as it was written.

    Attributes:
        recipe: its content.
        document: where its keys stand, for messages.
        folder: what relative paths in it are relative to.
        name: the run's name if the recipe has none: the file's stem.
    """

    recipe: Recipe
    document: Document
    folder: Path
    name: str


def load(path: str, settings: Sequence[str] = ()) -> Loaded:
    """Read the recipe at ``path`` (``-``: standard input) and override keys by ``settings`` (``key=value``).

    Raises:
        InputError: with all that is wrong in it.
    """
    document = apply_overrides(load_document(path), settings)
    if path == "-":
        return Loaded(parse(document), document, Path.cwd(), "run")
    file = Path(path)
    return Loaded(parse(document), document, file.parent, file.stem)
