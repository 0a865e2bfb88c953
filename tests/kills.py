"""Kills a run at random moments, also while it saves, and continues it until it ends as an unbroken one does.

    python -m tests.kills TIMES SEED

in an empty directory. It fails if a file cannot be read, something is left behind, or a byte differs.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from nntrain.artifacts.run_files import NAMES, SUMMARY, has_checkpoint, settle
from tests.helpers import ROOT

RECIPE = """data: {source: {name: moons, rows: 300}}
model: {hidden: [8], norm: batch, dropout: 0.2}
training: {epochs: 200, batch_size: 8, checkpoint: {epochs: 1}}
schedule: cosine
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
FIT = [sys.executable, "-m", "nntrain", "fit", "r.yaml", "-q"]
RESUME = ("--resume", "run")


def last_saved() -> int:
    """Return when the latest checkpoint of the run was written; 0 if it has none."""
    times = [0]
    for path in Path("run").glob("checkpoint*.safetensors"):
        with suppress(FileNotFoundError):  # removed at the end of the run
            times.append(path.stat().st_mtime_ns)
    return max(times)


def kill(times: int, seed: int) -> int:
    """Kill a run at random moments and continue it, so many times; return how often it had a checkpoint then."""
    draw, continued = random.Random(seed), 0  # noqa: S311
    for number in range(times):
        if number and number % 50 == 0:
            print(f"{number} kills so far, {continued} with a checkpoint", flush=True)  # noqa: T201
        before = last_saved()
        options = RESUME if Path("run/recipe.yaml").exists() else ("--overwrite",)
        with subprocess.Popen(
            [*FIT, "--out", "run", *options], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            if number % 4:  # in training, or while it saves its state; otherwise at any moment from the start on
                deadline = time.monotonic() + 240
                while process.poll() is None and last_saved() <= before and time.monotonic() < deadline:
                    time.sleep(0.001)
            time.sleep(draw.uniform(0, 0.1 if number % 4 else 2))
            process.kill()
            error = process.stderr.read()
        assert process.returncode in (0, -signal.SIGKILL), error
        settle(Path("run"))
        if process.returncode == 0 or Path("run", SUMMARY).exists():  # killed after the run was complete
            assert same(Path("run"), Path("unbroken"))
            shutil.rmtree("run")
        else:
            continued += has_checkpoint(Path("run"))
    return continued


def same(one: Path, other: Path) -> bool:
    """Return whether two runs have the same model, metrics and summary, but for times and their own name."""
    if (one / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes():
        return False
    times = ("seconds", "samples_per_second", "run", "model")
    found = []
    for folder in (one, other):
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        lines.append(json.loads((folder / "summary.json").read_text()))
        found.append([{key: value for key, value in line.items() if key not in times} for line in lines])
    return found[0] == found[1]


def main(times: int, seed: int) -> None:
    """Kill a run so many times, and check what it leaves."""
    Path("r.yaml").write_text(RECIPE)
    subprocess.run([*FIT, "--out", "unbroken"], env=ENVIRONMENT, check=True)
    continued = kill(times, seed)
    subprocess.run([*FIT, "--out", "run", *RESUME], env=ENVIRONMENT, check=True)
    identical = same(Path("run"), Path("unbroken"))
    left = {path.name for path in Path("run").iterdir()} - {*NAMES}
    print(f"{times} kills, {continued} with a checkpoint; identical: {identical}; left behind: {left or 'nothing'}")  # noqa: T201
    sys.exit(0 if identical and not left else 1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
