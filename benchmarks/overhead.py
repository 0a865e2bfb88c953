"""What a run's statistics, display, metrics file and checkpoints of the best weights cost over bare training.

The command ``nntrain fit`` in a terminal of its own beside the same recipe's epochs in the bare engine: both are
processes that have just begun, and tell the seconds of their training alone, without start-up.

    python -m benchmarks.overhead RECIPE KEY=VALUE...    # the bare epochs
"""

import contextlib
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RECIPES = {"digits": 2000, "moons": 30_000, "deep_tanh": 1000, "friedman1": 20_000}  # and epochs: some seconds
TURNS = 5


def bare(recipe: str, settings: list[str]) -> float:
    """Return the seconds of a recipe's epochs, with a validation after each, while nobody looks."""
    from nntrain.recipe.build import build
    from nntrain.recipe.load import load
    from nntrain.training.engine import Engine
    from nntrain.training.loop import train

    loaded = load(recipe, settings)
    engine = Engine(build(loaded.recipe, loaded.document, loaded.folder, loaded.name).plan)
    began = time.perf_counter()
    for _ in train(engine, statistics=False):
        pass
    return time.perf_counter() - began


def bare_in_a_process(recipe: str, settings: list[str]) -> float:
    """Return what ``bare`` finds in a process of its own: in one that has trained before, epochs take 2 % less."""
    words = [sys.executable, "-m", "benchmarks.overhead", recipe, *settings]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def shown(recipe: str, settings: list[str], folder: Path) -> float:
    """Return the seconds that ``nntrain fit`` says its training took, in a terminal of 80 columns."""
    words = ["fit", recipe, "--out", str(folder / "run"), "--overwrite"]
    for setting in settings:
        words += ["--set", setting]
    process, terminal = pty.fork()
    if process == 0:
        os.environ |= {"COLUMNS": "80", "LINES": "40", "TERM": "xterm-256color"}
        os.execv(Path(sys.executable).with_name("nntrain"), ["nntrain", *words])  # noqa: S606 - the child has the new terminal
    with contextlib.suppress(OSError):  # the terminal is closed at the end
        while os.read(terminal, 65536):
            pass
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    if status:
        raise RuntimeError(f"{recipe} ended with {os.waitstatus_to_exitcode(status)}")
    return float(json.loads((folder / "run" / "summary.json").read_text())["seconds"])


def run() -> list[dict[str, Any]]:
    """Measure all recipes, in turns."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        for name, epochs in RECIPES.items():
            recipe = f"recipes/{name}.yaml"
            settings = [f"training.epochs={epochs}", "training.early_stopping=null"]
            times: dict[str, list[float]] = {"bare": [], "shown": []}
            for turn in range(TURNS + 1):
                alone, all_of_it = bare_in_a_process(recipe, settings), shown(recipe, settings, Path(place))
                if turn:
                    times["bare"].append(alone)
                    times["shown"].append(all_of_it)
            ratios = sorted(b / a for a, b in zip(times["bare"], times["shown"], strict=True))
            medians = {key: statistics.median(value) for key, value in times.items()}
            row = {"recipe": name, "epochs": epochs, **medians, "ratio": statistics.median(ratios), "spread": ratios}
            found.append(row)
            print(f"{name}: {row['ratio']:.3f}", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    print(bare(sys.argv[1], sys.argv[2:]))
