"""A user's own components: a Python file whose classes join the families, as if they were built in.

The file is only ever run because the user names it. Recipes and models name its components, but never the file, so that
opening a stranger's model runs nothing.
"""

import ast
import hashlib
import importlib.util
import inspect
import linecache
import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from nntrain.activations import Activation
from nntrain.data import Source
from nntrain.errors import InputError, Place, Problem, bad_input, counted
from nntrain.initializers import Initializer
from nntrain.losses import Loss
from nntrain.norms import Norm
from nntrain.optimizers import NOT_HYPER, Optimizer
from nntrain.registry import Component, members
from nntrain.schedules import Schedule

FAMILIES: tuple[type[Component], ...] = (Optimizer, Loss, Activation, Initializer, Schedule, Norm, Source)
MODULE = "nntrain_code_"  # the prefix of the modules' names
_loaded: dict[Path, str] = {}  # file -> checksum of its text


class _Uncached(SourceFileLoader):
    """Compiles the file every time, since cached byte code may be older than a file changed a second ago."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the compiled file."""
        return self.source_to_code(self.get_data(self.path), self.path)


def load_code(path: Path) -> list[str]:
    """Run a Python file once, and return the names of the components that it adds.

    Raises:
        InputError: if it cannot be read or run, adds no component, or one that is incomplete or has a built-in name.
    """
    file = path.resolve()
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(path, f"cannot read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    checksum = hashlib.sha256(text.encode()).hexdigest()
    if _loaded.get(file) == checksum:
        return []
    for family in FAMILIES:
        members(family)  # imports the built-in ones
    before = {family: dict(family.members) for family in FAMILIES}
    try:
        module = _run(file, path, checksum)
        added = [one for family in FAMILIES for one in _added(family, before[family], module, path)]
        if not added:
            families = ", ".join(family.family for family in FAMILIES)
            raise bad_input(path, "defines no component", f"define a class of a family: {families}")
    except InputError:
        for family in FAMILIES:
            family.members.clear()
            family.members.update(before[family])
        raise
    _loaded[file] = checksum
    return [str(one.model_fields["name"].default) for one in added]


def place_of(error: BaseException) -> Place | None:
    """Return the line of a user's file where an error was raised, None if it was not raised there."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename) in _loaded:
            return Place(frame.filename, frame.lineno or 0)
    return None


def _run(file: Path, shown: Path, checksum: str) -> ModuleType:
    name = f"{MODULE}{file.stem}_{checksum[:8]}"
    loader = _Uncached(name, str(file))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None  # noqa: S101 - there is a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    linecache.checkcache(str(file))
    try:
        loader.exec_module(module)
    except SyntaxError as error:
        raise InputError(
            Problem(Place(str(shown), error.lineno or 0, error.offset or 0), f"invalid syntax: {error.msg}")
        ) from None
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise InputError(Problem(Place(str(shown), (lines or [0])[-1] or 0), what)) from None
    return module


def _added(
    family: type[Component], before: dict[str, type[Component]], module: ModuleType, path: Path
) -> Iterator[type[Component]]:
    """Yield the components of a family that a module defines, checked."""
    for name, kind in family.members.items():
        known = before.get(name, kind)
        if kind is not known and not known.__module__.startswith(MODULE):
            what = f"{name} is the name of a built-in {family.family}"
            raise InputError(Problem(_line(kind, path), what, "choose another"))
    for kind in members(family).values():
        if kind.__module__ != module.__name__:
            continue
        absent = [key for key in sorted(family.__class_vars__) if not hasattr(kind, key)]
        if absent:
            raise InputError(
                Problem(
                    _line(kind, path),
                    f"{kind.__name__} lacks {', '.join(absent)}",
                    f"see the {family.family}s of nntrain",
                )
            )
        if issubclass(kind, Optimizer):
            _check_hyper(kind, path)
        yield kind


def _check_hyper(kind: type[Optimizer], path: Path) -> None:
    """Refuse a rule that unpacks another number of values than the class has keys: compiled code would not notice."""
    left_out = (*NOT_HYPER, "weight_decay") if kind.decoupled else NOT_HYPER
    keys = [key for key in kind.model_fields if key not in left_out]
    function = inspect.unwrap(kind.update.function)
    lines, first = inspect.getsourcelines(function)
    for node in ast.walk(ast.parse(inspect.cleandoc("".join(lines)))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == "hyper":
            target = node.targets[0]
            found = len(target.elts) if isinstance(target, ast.Tuple) else None
            if found is not None and found != len(keys):
                what = (
                    f"unpacks {counted(found, 'number')} from hyper, but {kind.__name__} has {_listed(keys)} after lr"
                )
                raise InputError(Problem(Place(str(path), first + node.lineno - 1), what))


def _listed(keys: Sequence[str]) -> str:
    return f"{counted(len(keys), 'key')} ({', '.join(keys)})" if keys else "no key"


def _line(kind: type, path: Path) -> Place:
    return Place(str(path), inspect.getsourcelines(kind)[1])
