"""Broken recipes: a mutation of a healthy recipe, verified to be bad, with a cure that is verified too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal
from zlib import crc32

import numpy as np

from benchmarks.doctor.bases import BASES, is_classes
from benchmarks.doctor.mutation import Mutation
from benchmarks.doctor.tables import make, write
from nntrain.diagnostics.facts import Facts
from nntrain.doctor.case import training_rows
from nntrain.doctor.data_facts import without_outliers
from nntrain.doctor.scores import errors_of
from nntrain.recipe.build import assemble, build, splits_of
from nntrain.recipe.document import Document, dump_document, read_document
from nntrain.recipe.overrides import override
from nntrain.recipe.schema import parse
from nntrain.training.engine import Engine
from nntrain.training.loop import train

MIN_GAP = 0.15  # of the score, between the broken recipe and its cure
MAX_LOSS = 4.0  # times the best constant prediction's
LUCKY = range(20, 28)  # seeds that the best one is chosen from
SEEDS = (11, 12, 13)  # at which both are compared


@dataclass(frozen=True)
class Broken:
    """A broken recipe.

    Attributes:
        name: mutation, table and seed.
        mutation: what was done to it.
        document: the broken recipe.
        healthy: the healthy recipe on the healthy rows.
        cured: the recipe that repairs it.
    """

    name: str
    mutation: Mutation
    document: Document
    healthy: Document
    cured: Document

    def scores(self) -> dict[str, float]:
        """Return what verifies the recipe: its score and its cure's; for a lucky seed, the others' and its own."""
        if self.mutation.lucky:
            best, *others = sorted(
                (_measured(self.document, "score", seed, part="validation") for seed in LUCKY), reverse=True
            )
            return {"bad": fmean(others), "cured": best}
        found = {"bad": measured(self.document, self.mutation.measure)}
        return found if self.mutation.plain else {**found, "cured": measured(self.cured, self.mutation.measure)}


def broken(base: str, mutation: Mutation, seed: int) -> Broken | None:
    """Return a broken recipe; None if the mutation does not suit the base."""
    recipe, classes = BASES[base], is_classes(base)
    if (mutation.only and (mutation.only == "classes") != classes) or not mutation.suits(recipe):
        return None
    name = f"{mutation.name} on {base} {seed}"
    table = make(base, seed)
    random = np.random.default_rng(crc32(name.encode()))
    known = {**recipe, "classes": len(np.unique(table[1])) if classes else 0}
    kind: Literal["classes", "numbers"] = "classes" if classes else "numbers"
    clean = write(f"{base}-{seed}", table, kind)
    changed = clean
    if mutation.rows is not None or mutation.coded:
        rows = mutation.rows(table, random) if mutation.rows else table
        text = "".join(letter if letter.isalnum() else "-" for letter in name)
        changed = write(text, rows, "codes" if mutation.coded else kind)
    same = mutation.same(known, random)
    healthy = document_of(recipe, {**same, "data.source": source(clean)})
    settings = {"data.source": source(changed), **mutation.settings(known, random)}
    bad = document_of(recipe, settings)
    if mutation.lucky:
        best = max(LUCKY, key=lambda seed: _measured(bad, "score", seed, part="validation"))
        bad = override(bad, "seed", best, "bench")
    cured = healthy if mutation.cure is None else document_of(recipe, {**settings, **mutation.cure(known)})
    return Broken(name, mutation, bad, healthy, cured)


def source(path: Path) -> dict[str, Any]:
    """Return the data source of a table."""
    return {"name": "csv", "path": str(path), "target": "y"}


def document_of(recipe: Mapping[str, Any], settings: Mapping[str, Any]) -> Document:
    """Return a recipe with settings as a document."""
    document = read_document("recipe.yaml", dump_document({**recipe}))
    for key, value in settings.items():
        document = override(document, key, value, "bench")
    return document


def measured(document: Document, measure: str, clean: bool = False) -> float:
    """Train a recipe with some seeds and return its mean on the test split, by a measure: 1 is perfect.

    Args:
        document: the recipe.
        measure: ``score``, ``balanced`` or ``loss``.
        clean: replace outliers by medians of the training split.
    """
    return fmean(_measured(document, measure, seed, clean) for seed in SEEDS)


def _measured(document: Document, measure: str, seed: int, clean: bool = False, part: str = "test") -> float:
    document = override(document, "seed", seed, "bench")
    built = build(parse(document), document, Path(), "bench")
    if clean:
        dataset = without_outliers(built.dataset, training_rows(built.recipe, built.dataset))
        built = assemble(built.recipe, dataset, splits_of(built.recipe, dataset), document, "bench")
    engine = Engine(built.plan, n_threads=1)
    facts = Facts.of(train(engine, statistics=False))
    if measure == "loss":
        level = facts.level(part)
        return 1 - (level if level < MAX_LOSS else MAX_LOSS)  # NaN after divergence
    plain, balanced = errors_of(built, engine, part)
    return 1 - float((balanced if measure == "balanced" else plain).mean())
