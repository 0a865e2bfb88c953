"""The recipes whose fit is known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from zlib import crc32

import yaml

from benchmarks.fits import tables
from nntrain.recipe.build import build
from nntrain.recipe.document import Document, dump_document, read_document
from nntrain.recipe.overrides import apply_overrides
from nntrain.recipe.schema import Recipe, parse
from nntrain.training.plan import Plan
from nntrain.utils.resources import shipped_recipes

FOLDER = Path(__file__).parent
KINDS = ("sound", "underfit", "overfit")


@dataclass(frozen=True)
class Case:
    """A recipe whose fit is known.

    Attributes:
        kind: ``sound``, ``underfit`` or ``overfit``.
        name: in its file.
        spec: a recipe, or ``recipe`` (a shipped one) with ``set`` (changed keys), ``make`` (a table to train on) and
            ``cure`` (keys that improve it).
    """

    kind: str
    name: str
    spec: Mapping[str, Any]

    @property
    def half(self) -> int:
        """0 in the development half, 1 in the held-out half."""
        return crc32(self.name.encode()) % 2

    def recipe(self, changes: Mapping[str, Any]) -> Recipe:
        """Return the recipe with some keys set; for a made table, with a placeholder path."""
        return parse(self._document(0, changes, {"name": "csv", "path": "table.csv", "target": "y"}))

    def plan(self, seed: int, changes: Mapping[str, Any]) -> Plan:
        """Return the plan for a seed with some keys set."""
        document = self.document(seed, changes)
        return build(parse(document), document, Path(), self.name).plan

    def document(self, seed: int, changes: Mapping[str, Any]) -> Document:
        """Return the recipe for a seed with some keys set; a made table is written first."""
        source: dict[str, Any] = {}
        if "make" in self.spec:
            ((maker, keys),) = self.spec["make"].items()
            path = tables.write(Path(gettempdir()) / "nntrain-fits", maker, keys, seed)
            source = {"name": "csv", "path": str(path), "target": "y"}
        return self._document(seed, changes, source)

    def _document(self, seed: int, changes: Mapping[str, Any], source: dict[str, Any]) -> Document:
        spec = {key: value for key, value in self.spec.items() if key not in ("set", "cure", "make", "recipe")}
        if "make" in self.spec:
            spec["data"] = {**spec.get("data", {}), "source": source}
        shipped = self.spec.get("recipe")
        text = shipped_recipes()[shipped].read_text() if shipped else dump_document(spec)
        settings = {**self.spec.get("set", {}), **changes, "seed": seed}
        return apply_overrides(read_document(self.name, text), [f"{key}={_flow(settings[key])}" for key in settings])


def cases() -> Iterator[Case]:
    """Yield all recipes."""
    for kind in KINDS:
        for name, spec in yaml.safe_load((FOLDER / f"{kind}.yaml").read_text()).items():
            yield Case(kind, name, spec)


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    return "" if value is None else yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("...\n")
