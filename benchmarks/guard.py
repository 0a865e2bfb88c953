"""The regression guard: says what has got slower since the ratios that are committed for this kind of processor.

Microseconds of another day or machine say nothing; the ratio of a step to the bare matrix products of the same net,
taken in turns in one run, does, where the processor is of the same kind. A case that looks slower is measured again
before it is called so.
"""

import sys
from math import inf
from typing import Any

from benchmarks import machine, steps
from benchmarks.cases import CASES, Case
from benchmarks.found import RESULTS, Results

ALLOWED = 1.10  # times the committed ratio: turns are some per cent apart
YARDSTICK = "products (OpenBLAS)"


def ratio(case: dict[str, Any]) -> float:
    """Return how many times the bare products a step takes, by the fastest turns of both."""
    peers = case["peers"]
    return float(peers["nntrain"]["low"] / peers[YARDSTICK]["low"])


def run(keep: bool = False) -> int:
    """Measure all one-core cases that have limits, and keep the ratios if asked to; return how many have got slower.

    Raises:
        SystemExit: if there is nothing to compare with.
    """
    processor = machine.facts()["processor"]
    results = Results.of(processor)
    kept = results.load("guard")
    if kept is None and not keep:
        others = ", ".join(sorted(path.parent.name for path in RESULTS.glob("*/guard.json")))
        raise SystemExit(f"no ratios are kept of {processor}, but of {others}; guard --keep keeps them")
    committed, found, slower = kept or {}, {}, 0
    cases = [case for case in CASES if case.cores == 1 and not case.extra]
    print(f"{'net/batch':24}{'how':18}{'committed':>10}{'now':>8}")
    for case in cases:
        name = f"{case.net} {case.how}"
        before, now = committed.get(name, inf), measured(case)
        if now > ALLOWED * before:
            now = min(now, measured(case))
        worse = now > ALLOWED * before
        slower += worse
        found[name] = round(now, 3)
        told = "–" if before == inf else f"{before:.2f}"
        print(f"{case.net:24}{case.how:18}{told:>10}{now:8.2f}  {'slower' if worse else ''}", flush=True)
    print("nothing got slower" if not slower else f"{slower} of {len(cases)} got slower", file=sys.stderr)
    if keep:
        results.keep("guard", found)
    return slower


def measured(case: Case) -> float:
    """Return the ratio now."""
    return ratio(steps.measure(case, ["nntrain", YARDSTICK]))
