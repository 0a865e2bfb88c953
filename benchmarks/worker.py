"""A peer in a process of its own, which trains when it is told to.

    python -m benchmarks.worker PEER CASE

Its first line on standard output is ``{"losses": [...]}`` of a few epochs, or ``{"missing": ...}``,
``{"cannot": ...}``. Then each line ``SECONDS`` on standard input makes it train for so long, at least an epoch, and is
answered by ``{"seconds": [...], "peak_memory": ...}``: the time of each epoch, and bytes.
"""

import importlib
import json
import os
import resource
import sys
import time
from typing import Any

CHECKED_EPOCHS = 3


def main() -> None:
    """Prepare the peer, and train whenever a line comes in."""
    peer, data = sys.argv[1], json.loads(sys.argv[2])
    if data["cores"] == 1 and hasattr(os, "sched_setaffinity"):
        # before anything is imported: some take all cores that they find, whatever their switches say
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    answers = os.fdopen(os.dup(1), "w")  # what a library prints goes to standard error
    os.dup2(2, 1)

    def answer(value: dict[str, Any]) -> None:
        print(json.dumps(value), file=answers, flush=True)

    import numpy as np

    from benchmarks.cases import Case
    from benchmarks.peers import LIMITS, PEERS, CannotError

    case = Case.of(data)
    try:
        epoch = importlib.import_module(f"benchmarks.peers.{(PEERS | LIMITS)[peer]}").epoch_of(case)
    except ImportError as error:
        return answer({"missing": error.name})
    except CannotError as error:
        return answer({"cannot": str(error)})
    rows, random = case.steps * case.batch, np.random.default_rng(0)
    answer({"losses": [epoch(random.permutation(rows)) for _ in range(CHECKED_EPOCHS)]})
    for line in sys.stdin:
        until = time.perf_counter() + float(line)
        seconds: list[float] = []
        while not seconds or time.perf_counter() < until:
            order = random.permutation(rows)
            before = time.perf_counter()
            epoch(order)
            seconds.append(time.perf_counter() - before)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answer({"seconds": seconds, "peak_memory": peak})
    return None


if __name__ == "__main__":
    main()
