"""What the argument of a command names.

The rule is the same for every command:

- ``-``: a recipe on standard input;
- a directory that holds a run: its recipe, and the model that was trained by it;
- a file: a model if it is one (safetensors), else a recipe;
- the name of a recipe that comes with nntrain, unless there is a file or directory of that name.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nntrain.artifacts.run_folder import MODEL, RECIPE, settle
from nntrain.errors import InputError, bad_input, nearest
from nntrain.recipe.document import Document
from nntrain.recipe.load import Loaded, Opened, check, open_file
from nntrain.recipe.schema import to_data
from nntrain.utils.formats import is_safetensors
from nntrain.utils.resources import shipped_recipes

SUFFIX = ".safetensors"
RECIPES, TABLES = (".yaml", ".yml", ".json"), (".csv", ".tsv")
ALLOWED = "name a recipe file, a shipped recipe (nntrain recipes lists them), the directory of a run, or a model file"


@dataclass(frozen=True)
class Found:
    """The files that an argument stands for, None where there is none.

    Attributes:
        recipe: path of a recipe, or ``-``.
        model: path of a model file.
    """

    recipe: str | None
    model: Path | None


def find(text: str) -> Found:
    """Return what a command's argument stands for.

    Raises:
        InputError: if there is no such thing.
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
    """Read the recipe that ``text`` names; of a model file, the one that it was trained by.

    Raises:
        InputError: if there is none, or it is not YAML.
    """
    found = find(text)
    if found.recipe is None:
        from nntrain.artifacts.model import Model  # not at the top: a recipe alone is read sooner
        from nntrain.artifacts.model_rows import located

        path = find_model(text)
        recipe = located(Model.load(path).recipe, path)
        return Opened(Document(text, to_data(recipe)), Path.cwd(), recipe.name or "run")
    file = Path(found.recipe)
    if file.suffix.lower() in TABLES:
        hint = f"name it in a recipe: data: {{source: {{name: csv, path: {file.name}, target: COLUMN}}}}"
        raise bad_input(text, "is a table, expected a recipe", hint)
    return open_file(found.recipe)


def load_recipe(text: str, settings: Sequence[str] = ()) -> Loaded:
    """Read the recipe that ``text`` names, override keys by ``settings`` (``key=value``), and check it.

    Raises:
        InputError: with all that is wrong in it.
    """
    return check(open_recipe(text), settings)


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
    """Tell a model by its name, or by its content."""
    if path.suffix == SUFFIX or not path.is_file():  # a pipe, say, can be read only once
        return path.suffix == SUFFIX
    with path.open("rb") as file:
        return is_safetensors(file.read(9), path.stat().st_size)


def _run(path: Path) -> Found:
    settle(path)
    recipe, model = path / RECIPE, path / MODEL
    if not recipe.is_file() and not model.is_file():
        raise bad_input(path, f"is a directory, but not of a run: it has no {RECIPE}", ALLOWED)
    return Found(str(recipe) if recipe.is_file() else None, model if model.is_file() else None)


def _no_model(text: str, found: Found) -> InputError:
    if found.recipe is not None and Path(text).is_dir():
        return bad_input(text, "has no model.safetensors: the run did not end", f"train it: nntrain fit {text}")
    if text == "-" or found.recipe != text or Path(text).suffix.lower() in RECIPES:
        return bad_input(text, "is a recipe, expected a trained model", f"train it first: nntrain fit {text}")
    return bad_input(text, "is not a model file", "name a model file, or the directory of a run")
