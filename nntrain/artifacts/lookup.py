"""Finds the files that the argument of a command names.

The rules are the same for every command:

- ``-``: a recipe on standard input;
- a run directory: its recipe and its model;
- a file: a model if it is one (safetensors), otherwise a recipe;
- the name of a shipped recipe, unless there is a file or directory of that name.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nntrain.artifacts.run_files import MODEL, RECIPE, settle
from nntrain.data.reading import KINDS, ending
from nntrain.errors import InputError, bad_input, nearest
from nntrain.recipe.document import Document
from nntrain.recipe.load import Loaded, Opened, check, open_file
from nntrain.recipe.schema import to_data
from nntrain.utils.formats import is_safetensors
from nntrain.utils.resources import shipped_recipes

SUFFIX = ".safetensors"
RECIPES = (".yaml", ".yml", ".json")
ALLOWED = "name a recipe file, a shipped recipe (see nntrain recipes), a run directory or a model file"


@dataclass(frozen=True)
class Found:
    """The files that an argument names, None where there is none.

    Attributes:
        recipe: path of a recipe, or ``-``.
        model: path of a model file.
    """

    recipe: str | None
    model: Path | None


def find(text: str) -> Found:
    """Return the files that a command's argument names.

    Raises:
        InputError: if it names nothing.
    """
    if text == "-":
        return Found("-", None)
    path = Path(text)
    try:
        if path.is_dir():
            return _run(path)
        if path.exists():
            return Found(None, path) if _is_model(path) else Found(text, None)
    except OSError as error:  # a name that is too long, say
        raise bad_input(text, f"cannot read: {error.strerror}") from None
    except ValueError as error:  # a NUL in the name
        raise bad_input(repr(text), f"cannot read: {error}") from None
    shipped = shipped_recipes()
    if text in shipped:
        return Found(str(shipped[text]), None)
    beside: list[str] = []
    with suppress(OSError):
        beside = [other.name for other in path.parent.iterdir()]
    raise bad_input(text, "no such file", nearest(path.name, [*beside, *shipped]) or ALLOWED)


def open_recipe(text: str) -> Opened:
    """Read the recipe that ``text`` names; of a model file, the one that it was trained with.

    Raises:
        InputError: if there is none, or it is not YAML.
    """
    found = find(text)
    if found.recipe is None:
        from nntrain.artifacts.model import Model  # not at the top: reading a recipe alone has to be fast
        from nntrain.artifacts.model_rows import located

        path = find_model(text)
        recipe = located(Model.load(path).recipe, path)
        return Opened(Document(text, to_data(recipe)), Path.cwd(), recipe.name or "run")
    file = Path(found.recipe)
    if ending(found.recipe) in KINDS:
        hint = f"name it in a recipe: data: {{source: {{name: table, path: {file.name}, target: COLUMN}}}}"
        raise bad_input(text, "is a table, expected a recipe", hint)
    return open_file(found.recipe)


def load_recipe(recipe: str | Opened, settings: Sequence[str] = ()) -> Loaded:
    """Read the recipe that ``recipe`` names or is, apply the overrides ``settings`` (``key=value``), and check it.

    Raises:
        InputError: with all its problems.
    """
    return check(open_recipe(recipe) if isinstance(recipe, str) else recipe, settings)


def find_model(text: str) -> Path:
    """Return the path of the model that ``text`` names.

    Raises:
        InputError: if it names none.
    """
    found = find(text)
    if found.model is None:
        raise _no_model(text, found)
    return found.model


def _is_model(path: Path) -> bool:
    """Return whether a file is a model, by its name or its content."""
    if path.suffix == SUFFIX or not path.is_file():  # a pipe can be read only once
        return path.suffix == SUFFIX
    with path.open("rb") as file:
        return is_safetensors(file.read(9), path.stat().st_size)


def _run(path: Path) -> Found:
    settle(path)
    recipe, model = path / RECIPE, path / MODEL
    if not recipe.is_file() and not model.is_file():
        raise bad_input(path, f"is not a run directory: it has no {RECIPE}", ALLOWED)
    return Found(str(recipe) if recipe.is_file() else None, model if model.is_file() else None)


def _no_model(text: str, found: Found) -> InputError:
    if found.recipe is not None and Path(text).is_dir():
        return bad_input(text, "has no model.safetensors: the run has not finished", f"train it: nntrain fit {text}")
    if text == "-" or found.recipe != text or Path(text).suffix.lower() in RECIPES:
        return bad_input(text, "is a recipe, expected a trained model", f"train it first: nntrain fit {text}")
    return bad_input(text, "is not a model file", "name a model file or a run directory")
