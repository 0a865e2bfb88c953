"""Helpers of several tests: the command line in this process, and recipes as plain data."""

import functools
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.activations import Activation, Shape
from nntrain.cli.main import main
from nntrain.jit.lazy import register_recorded
from nntrain.recipe import code
from nntrain.recipe.build import Built, build
from nntrain.recipe.code import FAMILIES
from nntrain.recipe.document import dump_document, read_document
from nntrain.recipe.schema import parse
from nntrain.registry import C, members
from nntrain.training.engine import Engine
from nntrain.training.events import Event, Finished
from nntrain.training.loop import train

ROOT = Path(__file__).parent.parent


@functools.cache
def compiled(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return a kernel as compiled callers see it; Python gets the plain function."""
    register_recorded()
    return numba.njit(lambda *arguments: kernel(*arguments))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out, parse_constant=_not_json)


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class CommandLine:
    """Runs nntrain's commands in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object, stdin: str = "") -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["nntrain", *map(str, arguments)])
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert "Traceback" not in err
        return Ended(int(ended.value.code or 0), out, err)


@contextmanager
def own_components() -> Iterator[None]:
    """Take the components that ``--code`` adds out again at the end."""
    for family in FAMILIES:
        members(family)
    before = {family: dict(family.members) for family in FAMILIES}
    try:
        yield
    finally:
        code._loaded.clear()
        for family, known in before.items():
            family.members.clear()
            family.members.update(known)


def built(recipe: Mapping[str, Any] | str, folder: Path = Path()) -> Built:
    """Return the plan of a recipe given as YAML or plain data."""
    document = read_document("recipe.yaml", recipe if isinstance(recipe, str) else dump_document(dict(recipe)))
    return build(parse(document), document, folder, "recipe")


def make(family: type[C], name: str, **keys: Any) -> C:
    """Return the member ``name`` of a family, with ``keys`` and else its defaults."""
    return members(family)[name].model_validate(keys)


class Activated:
    """An activation's loops in float64, for rows of ``units`` units, with its initial slopes."""

    def __init__(self, activation: Activation, units: int) -> None:
        self.activation, self.shape = activation, Shape(activation.coefficient, units)
        self.slopes = np.full(activation.n_slopes(units), activation.coefficient)
        self.gradient = np.full_like(self.slopes, np.nan)

    def forward(self, z: NDArray[Any], slopes: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return h."""
        h, slopes = np.empty_like(z), self.slopes if slopes is None else slopes
        self.activation.forward[z.dtype](z, h, slopes if slopes.size else self.shape)
        return h

    def backward(self, z: NDArray[Any], h: NDArray[Any], d: NDArray[Any]) -> None:
        """Turn d into dL/dz, and fill the gradient of the slopes."""
        if self.slopes.size:
            self.activation.backward[z.dtype](z, h, self.slopes, d, self.gradient)
        else:
            self.activation.backward[z.dtype](z, h, self.shape, d)


def run(recipe: Mapping[str, Any] | str) -> tuple[Engine, list[Event]]:
    """Train a recipe; return the engine and all events."""
    engine = Engine(built(recipe).plan)
    return engine, list(train(engine))


def finished(events: Iterable[Event]) -> Finished:
    """Return the last event of a run."""
    *_, last = events
    assert isinstance(last, Finished)
    return last


def relative_error(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the norm of the difference relative to the sum of both norms."""
    size = float(np.linalg.norm(found) + np.linalg.norm(expected))
    return float(np.linalg.norm(found - expected)) / size if size else 0.0


def lines_of(folder: Path | str) -> list[dict[str, Any]]:
    """Return the lines of the only runs.jsonl below ``folder``."""
    (found,) = Path(folder).rglob("runs.jsonl")
    return [json.loads(line) for line in found.read_text().splitlines()]


def fitted_csv(nntrain: CommandLine, folder: Path, name: str, target: str, *settings: str) -> Path:
    """Return the model file of a run on the CSV file ``name`` in ``folder``."""
    recipe = folder / f"{name}.yaml"
    recipe.write_text(
        f"data: {{source: {{name: csv, path: {name}.csv, target: {target}}}}}\ntraining: {{epochs: 30}}\n"
    )
    options = [argument for setting in settings for argument in ("--set", setting)]
    assert nntrain("fit", recipe, "--out", folder / name, "--overwrite", "-q", *options).status == 0
    return folder / name / "model.safetensors"


def refused(nntrain: CommandLine, *arguments: object, stdin: str = "") -> str:
    """Return the message of a command that refuses its input."""
    ended = nntrain(*arguments, stdin=stdin)
    assert ended.status == 2
    assert ended.out == ""
    return ended.err
