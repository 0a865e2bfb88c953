"""How often the verdicts of `nntrain compare` are right: a variant with itself, and with one that is clearly worse.

    python benchmarks/verdicts.py [--json] [--repeat 100]

A hundred times, ten seeds each: Adam on iris against itself on other seeds, so that there is nothing between the two
but chance (on the same seeds they would be the same to the bit); and against itself with a hundredth of the rate, on
the same seeds, as `compare` pairs them.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from nntrain.comparison.executors import Threads
from nntrain.comparison.jobs import Job, Variants
from nntrain.comparison.measure import Measure
from nntrain.comparison.statistics import pairs
from nntrain.comparison.variants import axis, variants_of

RECIPE = "data: {source: iris}\nmodel: {hidden: [16]}\ntraining: {epochs: 40}\noptimizer: {name: adam}\n"
SEEDS = 10
GOOD, SMALL, GOOD_AGAIN = range(3)


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeat", type=int, default=100)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "iris.yaml"
        path.write_text(RECIPE)
        variants = Variants(variants_of([str(path)], [], [axis("--lrs", "optimizer.lr", "0.01,0.0001")]))
    count = arguments.repeat * SEEDS
    jobs = [Job.of(variants, v, "default", seed) for v in (GOOD, SMALL) for seed in range(1, count + 1)]
    jobs += [Job.of(variants, GOOD, "again", seed) for seed in range(count + 1, 2 * count + 1)]
    measure = Measure("test", "loss")
    values: dict[int, dict[int, float]] = {GOOD: {}, SMALL: {}, GOOD_AGAIN: {}}
    for job, row in Threads().run(variants, jobs):
        again = job.phase == "again"
        values[GOOD_AGAIN if again else job.variant][job.seed - count * again] = measure.of(row)
    found = {
        what: Counter(
            verdict(values[GOOD], values[other], range(first, first + SEEDS)) for first in range(1, count + 1, SEEDS)
        )
        for what, other in (("itself on other seeds", GOOD_AGAIN), ("a hundredth of its rate", SMALL))
    }
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    for what, verdicts in found.items():
        print(f"{what:24} " + ", ".join(f"{text}: {number}" for text, number in verdicts.most_common()))


def verdict(one: dict[int, float], other: dict[int, float], seeds: range) -> str:
    """Return what a comparison of the two says."""
    chosen = {name: {seed: of[seed] for seed in seeds} for name, of in (("first", one), ("second", other))}
    (pair,) = pairs(chosen, lower=True, seed=seeds.start)
    return pair.verdict


if __name__ == "__main__":
    main()
