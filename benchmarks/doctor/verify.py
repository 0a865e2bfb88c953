"""Find broken recipes that are verified to be bad and whose cure is verified; ``verified.json`` has their scores."""

import json
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from benchmarks.doctor.bases import BASES, half
from benchmarks.doctor.broken import MIN_GAP, broken
from benchmarks.doctor.mutation import Mutation
from benchmarks.doctor.mutations import MUTATIONS
from nntrain.errors import InputError

VERIFIED = Path(__file__).parent / "verified.json"
PER_MUTATION = 3  # broken recipes of each mutation and half
SEED = 1

Scores = dict[str, dict[str, float]]


def known() -> Scores:
    """Return the scores of the broken recipes that were measured."""
    found: Scores = json.loads(VERIFIED.read_text()) if VERIFIED.exists() else {}
    return found


def bad(mutation: Mutation, scores: dict[str, float]) -> bool:
    """Return whether scores verify a broken recipe: the fault harms, and its cure helps."""
    return mutation.plain or scores["cured"] - scores["bad"] >= MIN_GAP


def candidates(mutation: Mutation, part: int) -> list[str]:
    """Return the tables of a half in an order of their own for each mutation."""
    tables = [base for base in BASES if half(base) == part]
    return sorted(tables, key=lambda base: crc32(f"{mutation.name} {base}".encode()))


def verified(part: int) -> Iterator[tuple[str, Mutation, dict[str, float]]]:
    """Yield table, mutation and scores of the verified broken recipes of a half, at most three for each mutation."""
    scores = known()
    for mutation in MUTATIONS.values():
        found = [(base, scores.get(f"{mutation.name} on {base} {SEED}")) for base in candidates(mutation, part)]
        sure = [(base, mutation, of) for base, of in found if of is not None and bad(mutation, of)]
        yield from sure[:PER_MUTATION]


def verify(part: int, match: str) -> None:
    """Measure broken recipes of a half until each mutation has enough that are verified, and store their scores."""
    scores = known()
    for mutation in MUTATIONS.values():
        count = 0
        for base in candidates(mutation, part):
            name = f"{mutation.name} on {base} {SEED}"
            if count >= PER_MUTATION or match not in name:
                continue
            if name not in scores:
                found = _scores(base, mutation)
                if found is None:
                    continue
                scores[name] = found
                VERIFIED.write_text(json.dumps(scores, indent=1, sort_keys=True) + "\n")
            count += bad(mutation, scores[name])
        if not match:
            print(f"{mutation.name}: {count}", flush=True)


def _scores(base: str, mutation: Mutation) -> dict[str, float] | None:
    case = broken(base, mutation, SEED)
    if case is None:
        return None
    try:
        found = case.scores()
    except InputError as error:
        print(f"{case.name}: {error}")
        return None
    return {key: round(value, 4) for key, value in found.items()}
