"""``python -m benchmarks.doctor``: examine broken and healthy recipes, and count what the doctor says."""

import argparse
import json
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.doctor.broken import Broken, broken, chosen, test_score
from benchmarks.doctor.healthy import sound
from nntrain.doctor.case import Case
from nntrain.doctor.examine import examine
from nntrain.doctor.report import Report
from nntrain.recipe.overrides import override

SEEDS = (11, 12)  # of the runs that check a repair on the test split
CLOSES = 0.8  # fraction of the gap that a repair has to close


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor", description=__doc__)
    parser.add_argument("--half", type=int, choices=[0, 1], default=0, help="0: development, 1: held out")
    parser.add_argument("--broken", type=int, default=60, help="pairs of data set and mutation to try")
    parser.add_argument("--healthy", type=int, default=20, help="healthy recipes")
    parser.add_argument("--budget", type=float, default=60, help="seconds for each examination")
    parser.add_argument("--seconds", type=float, default=1e9, help="seconds for all of it")
    parser.add_argument("--match", default="", help="only mutations or recipes whose name contains this")
    parser.add_argument("--out", type=Path, help="a file for the details, as JSON lines")
    arguments = parser.parse_args()
    lines: list[dict[str, Any]] = []
    end = monotonic() + arguments.seconds

    def keep(line: dict[str, Any]) -> None:
        lines.append(line)
        if arguments.out:
            with arguments.out.open("a") as file:
                file.write(json.dumps(line) + "\n")

    for base, mutation in chosen(arguments.half, arguments.broken):
        if arguments.match in f"{base} {mutation.name}" and monotonic() < end:
            case = broken(base, mutation, 1)
            if case is not None:
                keep(_examined(case, arguments.budget))
    for k, one in enumerate(sound(arguments.half)):
        if k < arguments.healthy and arguments.match in one.name and monotonic() < end:
            report = examine(Case(one.document(1, {}), Path(), one.name), arguments.budget)
            found = [(each.id, each.confidence) for each in report.found]
            keep({"healthy": one.name, "found": found, "seconds": report.seconds})
            if found:
                print(f"FALSE ALARM {one.name}: {found} {[t.text for f in report.found for t in f.tried]}", flush=True)
    summarize(lines)


def _examined(case: Broken, budget: float) -> dict[str, Any]:
    report = examine(Case(case.document, Path(), case.name), budget)
    ids = [found.id for found in report.found]
    place = next((rank for rank, name in enumerate(ids) if name in case.mutation.causes), None)
    line: dict[str, Any] = {"broken": case.name, "mutation": case.mutation.name, "place": place, "found": ids}
    line |= {"healthy_score": case.healthy, "bad_score": case.bad, "seconds": report.seconds}
    line["closed"] = _closed(case, report)
    if place != 0:
        print(
            f"{case.name}: {case.healthy:.2f} -> {case.bad:.2f}, found {ids[:4]} ({report.experiments} runs)",
            flush=True,
        )
    return line


def _closed(case: Broken, report: Report) -> float | None:
    """Return which fraction of the gap the proposed edit closes on the test split; None if there is no gap."""
    if case.healthy - case.bad < 0.05:
        return None
    if not report.fix:
        return 0.0
    document = case.document
    for key, value in report.fix.items():
        document = override(document, key, value, "bench")
    after = sum(test_score(document, seed) for seed in SEEDS) / len(SEEDS)
    return (after - case.bad) / (case.healthy - case.bad)


def summarize(lines: list[dict[str, Any]]) -> None:
    """Print the counts and the confusions."""
    bad = [line for line in lines if "broken" in line]
    good = [line for line in lines if "healthy" in line]
    if bad:
        first = sum(line["place"] == 0 for line in bad)
        three = sum(line["place"] is not None and line["place"] < 3 for line in bad)
        gaps = [line["closed"] for line in bad if line["closed"] is not None]
        print(f"broken: {len(bad)}; true cause first {first / len(bad):.1%}, in the first three {three / len(bad):.1%}")
        if gaps:
            print(f"repaired (80 % of the gap): {sum(gap >= CLOSES for gap in gaps)} of {len(gaps)}")
        confused = Counter((line["mutation"], (line["found"] or ["nothing"])[0]) for line in bad if line["place"] != 0)
        for (mutation, found), count in confused.most_common():
            print(f"  {mutation:20} taken for {found:28} {count}")
    if good:
        alarms = sum(bool(line["found"]) for line in good)
        print(f"healthy: {len(good)}; false alarms {alarms} ({alarms / len(good):.1%})")


if __name__ == "__main__":
    main()
