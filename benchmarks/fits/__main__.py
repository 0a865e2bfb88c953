"""``python -m benchmarks.fits``: count how often the verdict is right; ``verify``: check the recipes by experiments."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable

from benchmarks.fits.cases import FOLDER, KINDS, Case, cases
from benchmarks.fits.experiments import MATERIAL, gains
from nntrain.diagnostics.facts import Facts
from nntrain.diagnostics.verdict import Kind, Verdict, judge
from nntrain.training.engine import Engine
from nntrain.training.loop import train

RIGHT = {
    "sound": {Kind.FITS, Kind.SEARCH, Kind.UNDECIDED},
    "underfit": {Kind.UNDERFITS, Kind.UNSTABLE, Kind.DIVERGED},
    "overfit": {Kind.OVERFITS, Kind.UNSTABLE},
}
VERIFIED = FOLDER / "verified.json"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fits", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["verdicts", "verify"], default="verdicts")
    parser.add_argument("--half", type=int, choices=[0, 1], help="0: development half, 1: held-out half")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each recipe  [default: 3]")
    parser.add_argument("--match", default="", help="only recipes whose name contains this")
    arguments = parser.parse_args()
    chosen = [case for case in cases() if arguments.half in (None, case.half) and arguments.match in case.name]
    if arguments.what == "verify":
        verify(chosen)
    else:
        count(chosen, range(arguments.seeds))


def count(chosen: Iterable[Case], seeds: range) -> None:
    """Print the wrong verdicts and the number of right ones of each kind."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for case in chosen:
        for seed in seeds:
            verdict = verdict_on(case, seed)
            total[case.kind] += 1
            right[case.kind] += verdict.kind in RIGHT[case.kind]
            if verdict.kind not in RIGHT[case.kind]:
                print(f"{case.kind} {case.name}, seed {seed}: {verdict.text}")
    for kind in KINDS:
        print(f"{kind}: {right[kind]} of {total[kind]} verdicts are right")


def verdict_on(case: Case, seed: int) -> Verdict:
    """Return the verdict on a run of a recipe."""
    return judge(Facts.of(train(Engine(case.plan(seed, {})))))


def verify(chosen: Iterable[Case]) -> None:
    """Run the missing experiments and print the recipes that are misclassified."""
    found = json.loads(VERIFIED.read_text()) if VERIFIED.exists() else {}
    for case in chosen:
        key = f"{case.kind} {case.name}"
        if key not in found:
            found[key] = {change: round(gain, 4) for change, gain in gains(case).items()}
        of_case = found[key]
        best = max(of_case, key=of_case.__getitem__, default="")
        if best and (of_case[best] >= MATERIAL) == (case.kind == "sound"):
            print(f"{case.kind} {case.name}: {best} gains {of_case[best]:.3f}", flush=True)
        VERIFIED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
