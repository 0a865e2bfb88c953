"""How time and memory grow: with rows, parameters, depth and runs; each with the exponent of a fitted power law."""

import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.jobs import Command, nntrain
from benchmarks.turns import Worker, in_turns

ROWS = tuple(10**k for k in range(3, 8))
WIDTHS = (4, 14, 46, 150, 480, 1530)  # of 4-w-w-2: 10² to 10^6.4 parameters
WIDEST = (4, 3160, 3160, 2)  # 10^7
DEPTHS = (1, 2, 5, 10, 20, 50, 100)
RUNS = (4, *(10**k for k in range(1, 5)))  # of two variants, which have two seeds at least


def exponent(x: list[float], y: list[float]) -> float:
    """Return k of y ~ x^k, fitted to the upper half of the points: below it fixed costs count."""
    half = len(x) // 2
    return float(np.polyfit(np.log(x[half:]), np.log(y[half:]), 1)[0])


def curve(name: str, unit: str, x: list[float], y: list[float], **more: list[int]) -> dict[str, Any]:
    """Return a curve with its exponent, and say it."""
    found = {"of": name, "unit": unit, "x": x, "y": y, "exponent": exponent(x, y), **more}
    points = ", ".join(f"{a:,.0f}: {b:.4g}" for a, b in zip(x, y, strict=True))
    print(f"{name}: {points} {unit}; exponent {found['exponent']:.2f}", file=sys.stderr, flush=True)
    return found


def by_rows() -> dict[str, Any]:
    """Return the seconds of a whole job of one epoch on a CSV file, by its rows."""
    seconds, memory = [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path, recipe = folder / "data.csv", folder / "recipe.yaml"
        recipe.write_text(
            f"data: {{source: {{name: csv, path: {path}, target: label, task: classification}}}}\n"
            "model: {hidden: [16]}\ntraining: {epochs: 1, batch_size: 128}\n"
        )
        random = np.random.default_rng(0)
        for rows in ROWS:
            write_rows(path, rows, random)
            command = Command(nntrain("fit", str(recipe), "--out", str(folder / "run"), "--overwrite", "--json"))
            for turn in range(4 if rows < 10**6 else 2):
                if not command.turn():
                    raise RuntimeError(command.printed)
                if turn == 0:
                    command.timed.turns.clear()
            seconds.append(command.to_data()["median"])
            memory.append(command.peak_memory)
    return curve("rows", "seconds a whole job", [float(rows) for rows in ROWS], seconds, memory=memory)


def write_rows(path: Path, rows: int, random: np.random.Generator) -> None:
    """Write a CSV file of four features and a class, in small parts: a child's peak memory counts its parent's."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "c", "d", "label"])
        for start in range(0, rows, 100_000):
            x = random.integers(0, 10_000, (min(100_000, rows - start), 4))
            writer.writerows(np.column_stack([x, x.sum(axis=1) > 20_000]).tolist())


def by_steps(name: str, cases: list[Case], x: list[float]) -> dict[str, Any]:
    """Return the microseconds of a step for each of some cases."""
    micros = []
    for case in cases:
        with Worker("nntrain", case.to_data()) as worker:
            answer = worker.answer()
            if "losses" not in answer:
                raise RuntimeError(json.dumps(answer))
            in_turns([worker], 5, 0.1)
            micros.append(worker.timed.to_data(1e6 / case.steps)["median"])
    return curve(name, "µs a step", x, micros)


def by_runs() -> dict[str, Any]:
    """Return the seconds and the memory of a comparison, by its runs."""
    seconds, memory = [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        recipe = folder / "moons.yaml"
        recipe.write_text(
            "data: {source: {name: moons, rows: 200}}\nmodel: {hidden: [8]}\ntraining: {epochs: 5, batch_size: 32}\n"
        )
        for runs in RUNS:
            words = ["compare", str(recipe), "--optimizers", "sgd,adam", "--seeds", str(runs // 2), "--json", "--out"]
            command = Command(nntrain(*words, str(folder / f"compare-{runs}")))
            if not command.turn():
                raise RuntimeError(command.printed)
            seconds.append(command.to_data()["median"])
            memory.append(command.peak_memory)
    return curve("runs", "seconds a comparison", [float(runs) for runs in RUNS], seconds, memory=memory)


def run() -> list[dict[str, Any]]:
    """Measure all four."""
    wide = [Case((4, width, width, 2), 32) for width in WIDTHS] + [Case(WIDEST, 32)]
    deep = [Case((32, *[32] * depth, 10), 32) for depth in DEPTHS]
    return [
        by_steps("parameters", wide, [float(case.parameters) for case in wide]),
        by_steps("depth", deep, [float(depth) for depth in DEPTHS]),
        by_runs(),
        by_rows(),
    ]
