"""Tables larger than memory: time and memory of conversion and training, from 10⁴ to 10⁷ rows of 20 columns.

    python -m benchmarks.rows [ROWS ...]

For each number of rows a CSV file is written, converted to memory-mapped files and trained on, in a process each; up
to 10⁶ rows also in memory. The time of a step is the median over the epochs after the first: the files have been read
once, and are in the page cache if the machine has room for them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import polars as pl

COLUMNS, BATCH, BLOCK = 20, 32, 200_000
ROWS = tuple(10**k for k in range(4, 8))
IN_MEMORY = 10**6  # maximum number of rows that are also trained on in memory
RECIPE = (
    "data: {source: {name: table, path: table.csv, target: y}}\n"
    f"model: {{hidden: [64, 32]}}\ntraining: {{batch_size: {BATCH}}}\n"
)
SAMPLES = 4_000_000  # of all epochs, of which there are at least 3


class Ended(NamedTuple):
    """How a command ended: seconds, peak resident memory in MB, and its output."""

    seconds: float
    memory: float
    out: str


def write_table(path: Path, rows: int) -> None:
    """Write a table of normal numbers and a target that is linear in them, with noise."""
    random, weights = np.random.default_rng(0), np.random.default_rng(1).normal(size=COLUMNS)
    with path.open("wb") as file:
        for start in range(0, rows, BLOCK):
            x = random.normal(size=(min(BLOCK, rows - start), COLUMNS)).round(4)
            y = (x @ weights + random.normal(size=len(x)) / 2).round(4)
            frame = pl.DataFrame({**{f"x{i}": x[:, i] for i in range(COLUMNS)}, "y": y})
            frame.write_csv(file, include_header=start == 0)


def run(folder: Path, *arguments: str) -> Ended:
    """Run nntrain in ``folder``."""
    began = perf_counter()
    with (folder / "out").open("w+") as out:
        command = [sys.executable, "-m", "nntrain", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", str(Path.cwd()))}
        process = subprocess.Popen(command, cwd=folder, stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - began
        if status:
            raise RuntimeError(f"nntrain {' '.join(arguments)} failed")
        return Ended(seconds, usage.ru_maxrss / 1024, (folder / "out").read_text())


def step(folder: Path, rows: int, in_memory: bool) -> tuple[float, Ended]:
    """Train; return the microseconds of a step, and how it ended."""
    settings = [f"data.source.in_memory={str(in_memory).lower()}", f"training.epochs={max(3, SAMPLES // rows)}"]
    options = [option for setting in settings for option in ("--set", setting)]
    ended = run(folder, "fit", "recipe.yaml", *options, "--out", "run", "--overwrite", "-q", "--json")
    lines = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
    return 1e6 * BATCH / median(line["samples_per_second"] for line in lines[1:]), ended


def measured(rows: int) -> dict[str, Any]:
    """Return the numbers of a table with so many rows."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_table(folder / "table.csv", rows)
        (folder / "recipe.yaml").write_text(RECIPE)
        converted = run(folder, "show", "recipe.yaml", "--set", "data.source.in_memory=false")
        micro, ended = step(folder, rows, in_memory=False)
        found = {
            "rows": rows,
            "file_mb": (folder / "table.csv").stat().st_size / 1e6,
            "convert_seconds": converted.seconds,
            "convert_memory_mb": converted.memory,
            "step_us": micro,
            "fit_seconds": ended.seconds,
            "fit_memory_mb": ended.memory,
        }
        if rows <= IN_MEMORY:
            micro, ended = step(folder, rows, in_memory=True)
            found |= {"in_memory_step_us": micro, "in_memory_fit_mb": ended.memory}
        return found


if __name__ == "__main__":
    for count in map(int, sys.argv[1:] or ROWS):
        print(json.dumps({name: round(value, 2) for name, value in measured(count).items()}), flush=True)
