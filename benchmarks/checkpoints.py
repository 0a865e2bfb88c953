"""What checkpoints every ten seconds cost: the time spent on saving in a real run, relative to that of the training.

    python -m benchmarks.checkpoints [SECONDS]

Each network trains for so many seconds (35 by default) with the default settings, is then interrupted, and the time of
all saves but the one at the interruption is divided by that of the training.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nntrain.artifacts.checkpoint import CheckpointFiles
from nntrain.cli.job import Job
from nntrain.cli.progress import Silent
from nntrain.training.state import TrainingState

NETWORKS = {"64-32-10": (64, "[32]"), "784-256-128-10": (784, "[256, 128]"), "784-2048-2048-10": (784, "[2048, 2048]")}
ROWS = 4000


def table(features: int) -> str:
    """Return a CSV file of noise with ten classes."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(ROWS, features)).round(2), random.integers(10, size=ROWS)
    lines = [",".join([*(f"x{i}" for i in range(features)), "y"])]
    lines += [",".join([*map(str, row), f"c{label}"]) for row, label in zip(x, y, strict=True)]
    return "\n".join([*lines, ""])


def measured(features: int, hidden: str, seconds: float, folder: Path) -> tuple[list[float], float]:
    """Return the seconds of each save, and of the training."""
    (folder / "d.csv").write_text(table(features))
    recipe = folder / "r.yaml"
    recipe.write_text(
        f"data: {{source: {{name: csv, path: d.csv, target: y}}}}\nmodel: {{hidden: {hidden}}}\n"
        "training: {epochs: 100000000}\n"
    )
    save, saves, deadline = CheckpointFiles.save, [], 0.0

    def timed(self: CheckpointFiles, state: TrainingState) -> None:
        began = time.perf_counter()
        save(self, state)
        saves.append(time.perf_counter() - began)

    def over() -> bool:
        nonlocal deadline
        deadline = deadline or time.monotonic() + seconds  # from the first call on
        return time.monotonic() >= deadline

    CheckpointFiles.save = timed  # type: ignore[method-assign]
    try:
        summary = Job(str(recipe), out=folder / "run").run(Silent(), over)
    finally:
        CheckpointFiles.save = save  # type: ignore[method-assign]
    return saves[:-1], summary.finished.seconds


def main(seconds: float) -> None:
    """Measure all networks."""
    for name, (features, hidden) in NETWORKS.items():
        with TemporaryDirectory() as folder:
            saves, whole = measured(features, hidden, seconds, Path(folder))
        each = 1000 * sum(saves) / max(len(saves), 1)
        print(f"{name}: {len(saves)} saves of {each:.1f} ms in {whole:.1f} s: {sum(saves) / whole:.3%}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 35.0)
