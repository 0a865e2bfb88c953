"""The regression guard: says what has got slower since the results that are committed.

Microseconds of another day or machine say nothing; the ratio of a step to the bare matrix products of the same net,
taken in turns in one run, does. A case that looks slower is measured again before it is called so.
"""

import sys
from typing import Any

from benchmarks import steps
from benchmarks.cases import CASES, Case
from benchmarks.found import load

ALLOWED = 1.10  # times the committed ratio: turns are some per cent apart
YARDSTICK = "products (OpenBLAS)"


def ratio(case: dict[str, Any]) -> float:
    """Return how many times the bare products a step takes, by the fastest turns of both."""
    peers = case["peers"]
    return float(peers["nntrain"]["low"] / peers[YARDSTICK]["low"])


def run() -> int:
    """Measure all one-core cases that have limits; return how many have got slower."""
    committed = load("steps")
    slower = 0
    cases = [case for case in CASES if case.cores == 1 and not case.extra]
    print(f"{'net/batch':24}{'how':18}{'committed':>10}{'now':>8}")
    for case in cases:
        before = ratio(next(one for one in committed["found"] if Case.of(only_case(one)) == case))
        now = measured(case)
        if now > ALLOWED * before:
            now = min(now, measured(case))
        worse = now > ALLOWED * before
        slower += worse
        print(f"{case.net:24}{case.how:18}{before:10.2f}{now:8.2f}  {'slower' if worse else ''}", flush=True)
    print("nothing got slower" if not slower else f"{slower} of {len(cases)} got slower", file=sys.stderr)
    return slower


def measured(case: Case) -> float:
    """Return the ratio now."""
    return ratio(steps.measure(case, ["nntrain", YARDSTICK]))


def only_case(result: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a result that says which case it is of."""
    return {key: result[key] for key in ("widths", "batch", "optimizer", "extra", "dtype", "cores")}
