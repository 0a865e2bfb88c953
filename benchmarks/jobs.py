"""Whole jobs, from the start of the process to the saved model and the report: time and peak memory.

``nntrain fit`` of each shipped recipe beside the shortest equivalent script of each peer (``benchmarks/scripts``), the
same for a user's own CSV file of 10 MB, and ``nntrain --help`` beside an empty Typer app. In turns; caches are warm.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scripts.common import JOBS
from benchmarks.turns import ROOT, Timed

SCRIPTS = {
    "scikit-learn": "scikit_learn",
    "torch eager": "torch_eager",
    "jax scan": "jax_scan",
    "keras (jax)": "keras_jax",
}
TURNS, ENOUGH_SECONDS = 3, 8.0  # a slow command has fewer turns, but three
TYPER_APP = """
import typer
app = typer.Typer()
@app.command()
def one() -> None: ...
@app.command()
def two() -> None: ...
app()
"""


@dataclass
class Command:
    """A command that is timed."""

    words: list[str]
    timed: Timed = field(default_factory=Timed)
    peak_memory: int = 0
    printed: str = ""

    def turn(self) -> bool:
        """Run it; return whether it worked."""
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "result.json"
            words = [sys.executable, "-S", "-I", str(ROOT / "benchmarks" / "launch.py"), str(result), *self.words]
            ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
            found = json.loads(result.read_text())
        self.printed = (ended.stdout or ended.stderr).strip()
        self.timed.turns.append(found["seconds"])
        self.peak_memory = max(self.peak_memory, found["peak_memory"])
        return ended.returncode == 0

    def to_data(self) -> dict[str, Any]:
        """Return what was found, in seconds and bytes."""
        return self.timed.to_data() | {"peak_memory": self.peak_memory}


def nntrain(*words: str) -> list[str]:
    """Return a command of nntrain's, installed beside this Python."""
    return [str(Path(sys.executable).with_name("nntrain")), *words]


def write_csv(path: Path) -> None:
    """Write ten megabytes: twenty features and a class that depends on them."""
    random = np.random.default_rng(0)
    x = random.standard_normal((58_000, 20)).astype(np.float32)
    label = (x @ random.standard_normal((20, 5)) + np.sin(3 * x[:, :5])).argmax(axis=1)
    lines = [",".join(f"{number:.5f}" for number in row) + f",{name}" for row, name in zip(x, label, strict=True)]
    path.write_text(",".join(f"x{i}" for i in range(20)) + ",label\n" + "\n".join(lines) + "\n")


def commands(job: str, folder: Path, peers: list[str]) -> dict[str, Command]:
    """Return a job's command for each peer."""
    csv = folder / "data.csv"
    if job.startswith("csv"):
        recipe = folder / "csv.yaml"
        recipe.write_text(
            f"data: {{source: {{name: csv, path: {csv}, target: label, task: classification}}}}\n"
            "model: {hidden: [64, 32]}\ntraining: {epochs: 10, batch_size: 128}\n"
        )
        ours = nntrain("fit", str(recipe))
    else:
        name, _, epochs = job.partition(", ")
        ours = nntrain("fit", f"recipes/{name}.yaml")
        if epochs:
            ours += ["--set", f"training.epochs={epochs.split()[0]}"]
    ours += ["--out", str(folder / "run"), "--overwrite", "--json"]
    found = {"nntrain": Command(ours)}
    for peer in peers:
        words = [sys.executable, "-m", f"benchmarks.scripts.{SCRIPTS[peer]}", job, str(folder), str(csv)]
        found[peer] = Command(words)
    return found


def measure(named: dict[str, Command], turns: int = TURNS) -> dict[str, dict[str, Any]]:
    """Return what was found about each of some commands, which take turns; the first turn warms the caches."""
    found: dict[str, dict[str, Any]] = {}
    for turn in range(turns + 1):
        for name, command in named.items():
            if name in found or (len(command.timed.turns) >= 3 and sum(command.timed.turns) > ENOUGH_SECONDS):
                continue
            worked = command.turn()
            printed = command.printed.splitlines()[-1:] or [""]
            if not worked:
                found[name] = {"failed": printed[0]}
            elif printed[0].startswith('{"cannot'):
                found[name] = json.loads(printed[0])
            elif turn == 0:
                command.timed.turns.clear()
    return {name: found.get(name) or command.to_data() for name, command in named.items()}


def score_of(command: Command) -> float | None:
    """Return the score on the test part that a job has printed: that equal work was done is told by it."""
    try:
        test = json.loads(command.printed)["test"]
    except (ValueError, KeyError):
        return None
    if isinstance(test, dict):
        test = test.get("accuracy", test.get("r2"))
    return test if test is None else float(test)


def run(only: list[str] | None = None) -> dict[str, Any]:
    """Measure all jobs, and the help."""
    peers = [name for name in SCRIPTS if only is None or name in only]
    jobs = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_csv(folder / "data.csv")
        for job in JOBS:
            named = commands(job, folder, peers)
            found = measure(named)
            for name, command in named.items():
                if "median" in found[name]:
                    found[name]["test"] = score_of(command)
            jobs.append({"job": job, "peers": found})
            tell(job, found)
        app = folder / "app.py"
        app.write_text(TYPER_APP)
        named = {
            "nntrain --help": Command(nntrain("--help")),
            "an empty Typer app of two commands --help": Command([sys.executable, str(app), "--help"]),
            "python -c pass": Command([sys.executable, "-c", "pass"]),
        }
        starts = measure(named, turns=21)
        tell("help", starts)
    return {"jobs": jobs, "starts": starts}


def tell(what: str, found: dict[str, dict[str, Any]]) -> None:
    """Say on standard error what came out."""
    print(what, file=sys.stderr)
    for name, peer in found.items():
        if "median" in peer:
            text = f"{peer['median']:7.3f} s {peer['peak_memory'] / 1e6:6.0f} MB  {peer.get('test', '')}"
        else:
            text = str(peer)
        print(f"    {name:42} {text}", file=sys.stderr, flush=True)
