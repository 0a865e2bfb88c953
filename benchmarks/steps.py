"""Microseconds a training step, beside peers and beside the machine's limits.

All train the same net from the same weights on the same batches in float32, gathered by a permutation; each in a
process of its own, in turns. Before they are timed, the losses of three epochs are compared: equal work or no figure.
"""

import sys
from contextlib import ExitStack
from typing import Any

from benchmarks.cases import CASES, Case
from benchmarks.peers import LIMITS, PEERS
from benchmarks.turns import Worker, in_turns

TOLERANCE = 2e-3  # of an epoch's mean loss, relative: float32, sums in other orders, epsilon inside or outside
TOLERANCE_OF_DROPOUT = 0.1  # each draws its own masks
CUT = 5.0  # a mean loss, beyond which scikit-learn's is not comparable
ROUNDS, SECONDS = 7, 0.15


def measure(case: Case, peers: list[str], rounds: int = ROUNDS, seconds: float = SECONDS) -> dict[str, Any]:
    """Return what was found about one case: each peer's and each limit's microseconds a step."""
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        workers = {}
        reference: list[float] = []
        for name in peers:
            worker = stack.enter_context(Worker(name, case.to_data()))
            answer = worker.answer()
            if "losses" not in answer:
                found[name] = answer
                continue
            losses = answer["losses"]
            if name in PEERS:
                reference = reference or losses
                tolerance = TOLERANCE_OF_DROPOUT if case.extra == "dropout" else TOLERANCE
                # scikit-learn lets no probability be smaller than float32's epsilon when it tells the loss (not when it
                # trains), so that a row's is 16 at most; of an epoch in which many are larger nothing can be said
                told = [pair for pair in zip(losses, reference, strict=True) if name != "scikit-learn" or pair[1] < CUT]
                off = max((abs(a - b) / b for a, b in told), default=float("inf"))
                # scikit-learn has one output for two classes, which is less work, and another curve
                equal = off <= tolerance or (name == "scikit-learn" and case.widths[-1] == 2)
                if not equal:
                    found[name] = {"failed": f"not equal work: a loss is {off:.1%} off"}
                    continue
                found[name] = {"off": off}
            else:
                found[name] = {}
            workers[name] = worker
        in_turns(workers.values(), rounds, seconds)
        for name, worker in workers.items():
            found[name] |= worker.timed.to_data(1e6 / case.steps) | {"peak_memory": worker.peak_memory}
    return {**case.to_data(), "net": case.net, "how": case.how, "steps": case.steps, "peers": found}


def name_of(case: Case) -> str:
    """Such as ``64-64-32-10/32 adam, dropout``."""
    return f"{case.net} {case.how}"


def merged(before: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return results in which those of the cases that were measured anew have taken the place of the old ones."""
    new = {(case["net"], case["how"]): case for case in found}
    kept = [new.pop((case["net"], case["how"]), case) for case in before]
    return kept + list(new.values())


def limits_of(case: Case) -> list[str]:
    """Return the limits that mean something for a case."""
    return [] if case.extra else list(LIMITS)


def run(only: list[str] | None = None, match: str = "") -> list[dict[str, Any]]:
    """Measure all cases, or those whose name has ``match`` in it, and say on standard error what comes out."""
    cases = [case for case in CASES if match in name_of(case)]
    results = []
    for number, case in enumerate(cases, start=1):
        names = [name for name in (*PEERS, *limits_of(case)) if only is None or name in only]
        result = measure(case, names)
        results.append(result)
        print(f"{number}/{len(cases)} {name_of(case)}", file=sys.stderr)
        for name, peer in result["peers"].items():
            print(f"    {name:20} {_line(peer)}", file=sys.stderr, flush=True)
    return results


def _line(peer: dict[str, Any]) -> str:
    if "median" in peer:
        return f"{peer['median']:10.2f} µs ({peer['low']:.2f} to {peer['high']:.2f})"
    return ": ".join(next(iter(peer.items())))
