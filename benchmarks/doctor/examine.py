"""Examine the broken and the healthy recipes of a half, one JSON line each."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from zlib import crc32

from benchmarks.doctor.broken import broken, measured
from benchmarks.doctor.healthy import sound
from benchmarks.doctor.mutation import Mutation
from benchmarks.doctor.verify import SEED, verified
from benchmarks.fits.__main__ import verdict_on
from benchmarks.fits.cases import Case as Sound
from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import judge
from nntrain.doctor.case import Case
from nntrain.doctor.examine import examine
from nntrain.doctor.quick import likely_cause
from nntrain.doctor.report import Report
from nntrain.recipe.build import build
from nntrain.recipe.document import Document
from nntrain.recipe.overrides import override
from nntrain.recipe.schema import parse
from nntrain.training.engine import Engine
from nntrain.training.loop import train

HEALTHY_SEED = 1

Wanted = dict[str, Callable[[], dict[str, Any]]]  # what examines a recipe, by its name


def examine_half(part: int, out: Path, match: str, kind: str, budget: float, seconds: float) -> None:
    """Examine what ``out`` does not have yet, until the time is over."""
    done = {json.loads(line)["name"] for line in out.read_text().splitlines()} if out.exists() else set()
    end = monotonic() + seconds
    healthy: Wanted = {one.name: partial(_healthy, one, budget) for one in sound(part)}
    faulty: Wanted = {
        f"{mutation.name} on {base} {SEED}": partial(_broken, base, mutation, scores, budget)
        for base, mutation, scores in verified(part)
    }
    wanted = {"broken": faulty, "healthy": healthy, "all": {**faulty, **healthy}}[kind]
    for name in sorted(wanted, key=lambda name: crc32(name.encode())):  # a part of them is a fair sample
        if name not in done and match in name and monotonic() < end:
            _append(out, wanted[name]())
    print("time is over" if monotonic() >= end else "complete")


def _append(out: Path, line: Mapping[str, Any]) -> None:
    with out.open("a") as file:
        file.write(json.dumps(line) + "\n")
    if line.get("place", 0) != 0 or (line["kind"] == "healthy" and line["found"]):
        print({key: value for key, value in line.items() if key not in ("kind", "mutation")}, flush=True)


def _broken(base: str, mutation: Mutation, scores: Mapping[str, float], budget: float) -> dict[str, Any]:
    case = broken(base, mutation, SEED)
    assert case is not None
    report = examine(Case(case.document, Path(), case.name), budget)
    ids = [found.id for found in report.found]
    first, second = (_place(ids, causes) for causes in (case.mutation.causes, case.mutation.second))
    if case.mutation.second:
        first, second = sorted((first, second), key=lambda place: len(ids) if place is None else place)
    named = named_by_fit(case.document)
    return {
        "named": named,
        "named_true": named in (*case.mutation.causes, *case.mutation.second),
        "kind": "pair" if case.mutation.second else "broken",
        "name": case.name,
        "mutation": case.mutation.name,
        "causes": list(case.mutation.causes),
        "place": first,
        "second": second,
        "found": ids[:5],
        "closed": _closed(case.document, case.mutation, scores, report),
        "fix": dict(report.fix),
        "runs": report.experiments,
        "seconds": round(report.seconds, 2),
    }


def named_by_fit(document: Document) -> str | None:
    """Train a recipe, and return the id of the cause that ``nntrain fit`` names; None if it names none."""
    built = build(parse(document), document, Path(), "bench")
    engine = Engine(built.plan)
    facts = Facts.of(train(engine))
    cause = likely_cause(built, facts, judge(facts), engine.theta)
    return None if cause is None else cause.id


def _place(ids: list[str], causes: tuple[str, ...]) -> int | None:
    return next((place for place, name in enumerate(ids) if name in causes), None)


def _closed(document: Document, mutation: Mutation, scores: Mapping[str, float], report: Report) -> float | None:
    """Return which fraction of the distance the first proposal closes on the test split; None if there is no distance.

    A proposal may be an edit of the recipe, or the advice to correct outliers, which is followed as the doctor did.
    """
    if mutation.plain or mutation.lucky or mutation.advice:
        return None
    proposed = next((tried for found in report.found for tried in found.tried), None)
    if proposed is None:
        return 0.0
    for key, value in proposed.settings.items():
        document = override(document, key, value, "bench")
    after = measured(document, mutation.measure, clean="medians" in proposed.text)
    return round((after - scores["bad"]) / (scores["cured"] - scores["bad"]), 3)


def _healthy(one: Sound, budget: float) -> dict[str, Any]:
    report = examine(Case(one.document(HEALTHY_SEED, {}), Path(), one.name), budget)
    found = [[each.id, each.confidence, [tried.text for tried in each.tried]] for each in report.found]
    return {
        "named": named_by_fit(one.document(HEALTHY_SEED, {})),
        "kind": "healthy",
        "name": one.name,
        "verdict": verdict_on(one, HEALTHY_SEED).kind.value,
        "found": found,
        "runs": report.experiments,
        "seconds": round(report.seconds, 2),
    }
