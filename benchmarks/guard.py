"""The regression guard: says what has got slower since the ratios that are committed for this kind of processor.

Microseconds of another day or machine say nothing; the ratio of a step to the bare matrix products of the same net,
taken in turns in one run, does, where the processor is of the same kind. A case that looks slower is measured again
before it is called so.
"""

import json
import sys
from typing import Any

from benchmarks import machine, steps
from benchmarks.cases import CASES, Case
from benchmarks.found import RESULTS, load

ALLOWED = 1.10  # times the committed ratio: turns are some per cent apart
YARDSTICK = "products (OpenBLAS)"
KEPT = RESULTS / "guard.json"  # ratios of processors that results/steps.json is not of


def ratio(case: dict[str, Any]) -> float:
    """Return how many times the bare products a step takes, by the fastest turns of both."""
    peers = case["peers"]
    return float(peers["nntrain"]["low"] / peers[YARDSTICK]["low"])


def run(keep: bool = False) -> int:
    """Measure all one-core cases that have limits, and keep the ratios if asked to; return how many have got slower."""
    processor, kept = machine.facts()["processor"], _kept()
    committed, found, slower = {} if keep else kept.get(processor, {}), {}, 0
    cases = [case for case in CASES if case.cores == 1 and not case.extra]
    if not committed and not keep:
        known = ", ".join(kept)
        print(f"no ratios are kept of {processor}, but of {known}; --keep keeps what is measured", file=sys.stderr)
    print(f"{'net/batch':24}{'how':18}{'committed':>10}{'now':>8}")
    for case in cases:
        name = f"{case.net} {case.how}"
        before, now = committed.get(name), measured(case)
        if before and now > ALLOWED * before:
            now = min(now, measured(case))
        worse = before is not None and now > ALLOWED * before
        slower += worse
        found[name] = round(now, 3)
        told = f"{before:10.2f}" if before else f"{'–':>10}"
        print(f"{case.net:24}{case.how:18}{told}{now:8.2f}  {'slower' if worse else ''}", flush=True)
    if keep:
        KEPT.write_text(json.dumps(_only_kept() | {processor: found}, indent=1) + "\n")
    elif committed:
        print("nothing got slower" if not slower else f"{slower} of {len(cases)} got slower", file=sys.stderr)
    return slower


def _only_kept() -> dict[str, dict[str, float]]:
    return dict(json.loads(KEPT.read_text())) if KEPT.exists() else {}


def _kept() -> dict[str, dict[str, float]]:
    """Return the ratios of each processor: those of the committed steps, and those that were kept since."""
    committed = load("steps")
    cases = [(Case.of(only_case(one)), one) for one in committed["found"]]
    with_limits = {f"{case.net} {case.how}": ratio(one) for case, one in cases if YARDSTICK in one["peers"]}
    return {committed["machine"]["processor"]: with_limits} | _only_kept()


def measured(case: Case) -> float:
    """Return the ratio now."""
    return ratio(steps.measure(case, ["nntrain", YARDSTICK]))


def only_case(result: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a result that says which case it is of."""
    return {key: result[key] for key in ("widths", "batch", "optimizer", "extra", "dtype", "cores")}
