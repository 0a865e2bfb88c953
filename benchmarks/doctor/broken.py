"""Broken recipes: a mutation of a base on a data set, verified to be bad, with a cure that is verified too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.doctor.healthy import BASES, HELD_OUT, is_classes, table, write
from benchmarks.doctor.mutations import MUTATIONS, Mutation
from nntrain.doctor.scores import errors_of
from nntrain.errors import InputError
from nntrain.recipe.build import build
from nntrain.recipe.document import Document, dump_document, read_document
from nntrain.recipe.overrides import override
from nntrain.recipe.schema import parse
from nntrain.training.engine import Engine
from nntrain.training.loop import train

MIN_GAP = 0.15  # of the test score, between the healthy and the broken recipe
SEEDS = (11, 12)  # at which both are compared
NO_GAP = ("shuffled labels", "leak", "numbers as classes")  # bad by construction


@dataclass(frozen=True)
class Broken:
    """A verified broken recipe.

    Attributes:
        name: data set, mutation and seed.
        mutation: what was done to it.
        document: the broken recipe.
        healthy: test score of the healthy recipe on the broken recipe's data, or the healthy data.
        bad: test score of the broken recipe.
    """

    name: str
    mutation: Mutation
    document: Document
    healthy: float
    bad: float


def broken(base: str, mutation: Mutation, seed: int) -> Broken | None:
    """Return a broken recipe; None if the mutation does not suit the base, or does no harm there."""
    maker, recipe = BASES[base]
    classes = is_classes(maker)
    if mutation.only and (mutation.only == "classes") != classes:
        return None
    x, y = table(maker, seed)
    clean = write(f"{base}-{seed}", x, y, classes)
    name = f"{base} {mutation.name} {seed}"
    if mutation.rows is not None or mutation.name == "numbers as classes":
        random = np.random.default_rng(seed)
        changed = mutation.rows((x, y), random) if mutation.rows else (x, y)
        coded = mutation.name == "numbers as classes"
        path = write(name.replace(" ", "-").replace("/", "-"), *changed, classes and not coded)
    else:
        path = clean
    healthy = document_of(recipe, {**mutation.same, "data.source": source(clean)})
    settings = {"data.source": source(path), **mutation.settings(recipe)}
    bad = document_of(recipe, settings)
    try:
        scores = [fmean(test_score(document, s) for s in SEEDS) for document in (healthy, bad)]
    except InputError:
        return None
    if mutation.name not in NO_GAP and scores[0] - scores[1] < MIN_GAP:
        return None
    return Broken(name, mutation, bad, *scores)


def source(path: Any) -> dict[str, Any]:
    """Return the data source of a table."""
    return {"name": "csv", "path": str(path), "target": "y"}


def document_of(recipe: Mapping[str, Any], settings: Mapping[str, Any]) -> Document:
    """Return a recipe with settings as a document."""
    document = read_document("recipe.yaml", dump_document({**recipe}))
    for key, value in settings.items():
        document = override(document, key, value, "bench")
    return document


def test_score(document: Document, seed: int) -> float:
    """Train a recipe and return its score on the test split."""
    document = override(document, "seed", seed, "bench")
    built = build(parse(document), document, Path(), "bench")
    engine = Engine(built.plan)
    list(train(engine, statistics=False))
    return 1 - float(errors_of(built, engine, "test")[0].mean())


def chosen(half: int, limit: int, seed: int = 1) -> list[tuple[str, Mutation]]:
    """Return some pairs of base and mutation of a half: every mutation as often as any other."""
    bases = [base for base in BASES if (base in HELD_OUT) == bool(half)]
    random = np.random.default_rng(seed + half)
    pairs = []
    for turn in range(len(bases)):
        for k, mutation in enumerate(random.permutation(np.array(MUTATIONS, object))):
            pairs.append((bases[(k + turn) % len(bases)], mutation))
    return pairs[:limit]
