"""``python -m benchmarks SECTION...``: measure, write ``results/PROCESSOR/SECTION.json``, then tables and pictures."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import guard, machine, plots, report, steps
from benchmarks.found import SECTIONS, Results
from benchmarks.peers import LIMITS, PEERS


def sections(only: list[str] | None, match: str = "") -> dict[str, Callable[[], Any]]:
    """Return how each section is measured: with ``only`` some peers, or the cases of steps with ``match`` in them."""
    from benchmarks import growth, jobs, overhead, runs, sizes

    return {
        "steps": lambda: steps.run(None if only is None else [*only, *LIMITS], match),
        "jobs": lambda: jobs.run(only),
        "runs": runs.run,
        "growth": growth.run,
        "overhead": overhead.run,
        "sizes": sizes.run,
    }


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("section", nargs="+", choices=[*SECTIONS, "all", "report", "guard"])
    parser.add_argument("--peers", help=f"only these, separated by commas, of: {', '.join(PEERS)}")
    parser.add_argument("--case", default="", help="of steps, only those with this in their name, as in 'adam, drop'")
    parser.add_argument("--keep", action="store_true", help="of guard: keep what is measured, for this processor")
    arguments = parser.parse_args()
    if "guard" in arguments.section:
        sys.exit(1 if guard.run(arguments.keep) else 0)
    only = arguments.peers.split(",") if arguments.peers else None
    wanted = SECTIONS if "all" in arguments.section else arguments.section
    known = sections(only, arguments.case)
    facts = machine.facts()
    results = Results.of(facts["processor"])
    for name in wanted:
        if name != "report":
            found = known[name]()
            if name == "steps" and arguments.case and (before := results.load(name)):
                found = steps.merged(before["found"], found)
            results.keep(name, {"machine": facts, "found": found})
    try:
        for one in Results.all():
            plots.run(one)
    except ImportError as error:
        print(f"{error.name} is not installed: no pictures", file=sys.stderr)
    report.run()


if __name__ == "__main__":
    main()
