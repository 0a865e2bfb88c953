"""Runs a second of a grid: nntrain's threads beside scikit-learn's MLP under joblib, on all cores, in one run.

The grid is that of `nntrain compare --optimizers sgd,adam --lrs 0.003,0.001` with ten seeds on digits: 64-64-32-10,
ReLU, 20 epochs in batches of 32. scikit-learn gets as many rows and epochs with no early end, in processes that are up
before the clock starts. It measures a validation part of the same size after each epoch as nntrain does (the accuracy
alone, where nntrain measures the loss too); without that it is timed as well. They take turns; the medians count.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.turns import Timed
from nntrain.comparison.executors import Threads
from nntrain.comparison.jobs import Job, Variants
from nntrain.comparison.variants import axis, variants_of
from nntrain.utils.cpu import cores

RECIPE = "data: {source: digits}\nmodel: {hidden: [64, 32]}\ntraining: {epochs: 20, batch_size: 32}\n"
TURNS = 7
OPTIMIZERS, RATES, SEEDS = ("sgd", "adam"), (0.003, 0.001), range(1, 11)


def jobs_of_the_grid() -> tuple[Variants, list[Job]]:
    """Return the grid as nntrain's jobs."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "digits.yaml"
        path.write_text(RECIPE)
        axes = [axis("--optimizers", "optimizer", ",".join(OPTIMIZERS))]
        axes.append(axis("--lrs", "optimizer.lr", ",".join(map(str, RATES))))
        variants = Variants(variants_of([str(path)], [], axes))
    return variants, [Job.of(variants, v, "default", seed) for v in range(len(variants.all)) for seed in SEEDS]


def fit(optimizer: str, rate: float, seed: int, parts: Any, validates: bool) -> float:
    """Fit scikit-learn's network and return its accuracy on the test part."""
    (x, y), (test_x, test_y), validation = parts
    keys: dict[str, Any] = {"momentum": 0.0} if optimizer == "sgd" else {}
    if validates:
        keys.update(early_stopping=True, validation_fraction=validation / len(x))  # it takes a part of x for that
    else:
        x, y = x[:-validation], y[:-validation]
    model = MLPClassifier(
        (64, 32),
        solver=optimizer,
        learning_rate_init=rate,
        batch_size=32,
        max_iter=20,
        alpha=0.0,
        tol=0.0,
        n_iter_no_change=1000,
        random_state=seed,
        **keys,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y)
    return float(model.score(test_x, test_y))


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a piece of work takes, and its result."""
    before = time.perf_counter()
    result = work()
    return time.perf_counter() - before, result


def run() -> dict[str, Any]:
    """Return runs a second, and what the runs came to."""
    variants, jobs = jobs_of_the_grid()
    prepared = {seed: variants._prepared(jobs[seed - 1], variants.all[0]) for seed in SEEDS}
    parts = {}
    for seed, part in prepared.items():
        assert part.test is not None
        assert part.validation is not None
        x, y = (np.concatenate([getattr(p, name) for p in (part.train, part.validation)]) for name in "xy")
        test = (part.test.x.astype(np.float32), part.test.y)
        parts[seed] = ((x.astype(np.float32), y), test, len(part.validation.x))
    grid = [(name, rate, seed) for name in OPTIMIZERS for rate in RATES for seed in SEEDS]
    pool = joblib.Parallel(n_jobs=cores())

    def ours(count: int | None = None) -> list[float]:
        return [row.scores["test"].metric or 0 for _, row in Threads(count=count).run(variants, jobs)]

    def theirs(validates: bool) -> list[float]:
        return pool(joblib.delayed(fit)(*point, parts[point[2]], validates) for point in grid)  # type: ignore[no-any-return]

    peers: dict[str, Callable[[], list[float]]] = {
        "nntrain": ours,
        "nntrain, one thread": lambda: ours(1),
        "scikit-learn": lambda: theirs(True),
        "scikit-learn, training alone": lambda: theirs(False),
    }
    timed = {name: Timed() for name in peers}
    accuracy = {}
    for turn in range(TURNS + 1):
        for name, work in peers.items():
            taken, scores = seconds(work)
            accuracy[name] = statistics.median(scores)
            if turn:  # the first one compiles, and starts processes
                timed[name].turns.append(len(grid) / taken)
    rates = {name: one.to_data() for name, one in timed.items()}
    for name, rate in rates.items():
        print(f"{name:28} {rate['median']:7.1f} runs/s ({rate['low']:.1f} to {rate['high']:.1f})", file=sys.stderr)
    ours_median, one_thread = rates["nntrain"]["median"], rates["nntrain, one thread"]["median"]
    return {
        "runs": len(grid),
        "cores": cores(),
        "runs_per_second": rates,
        "median_test_accuracy": accuracy,
        "times_scikit_learn": ours_median / rates["scikit-learn"]["median"],
        "times_its_training_alone": ours_median / rates["scikit-learn, training alone"]["median"],
        "scaling": ours_median / one_thread,
    }
