"""Peers that take turns: what else the machine does then hits all of them."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass
class Timed:
    """What was found about one thing that took turns."""

    turns: list[float] = field(default_factory=list)  # seconds, each turn's median

    def to_data(self, scale: float = 1.0) -> dict[str, float]:
        """Return the median, the lowest and the highest of the turns, times ``scale``."""
        ordered = sorted(turn * scale for turn in self.turns)
        return {"median": statistics.median(ordered), "low": ordered[0], "high": ordered[-1]}


class Worker:
    """A peer in a process of its own (``benchmarks/worker.py``)."""

    def __init__(self, peer: str, case: dict[str, Any]) -> None:
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "2"}
        if case["cores"] == 1:
            environment |= ONE_THREAD
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer, json.dumps(case)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if "-v" not in sys.argv else None,
            cwd=ROOT,
            env=environment,
            text=True,
        )
        self.timed = Timed()
        self.peak_memory = 0

    def answer(self) -> dict[str, Any]:
        """Return its next line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return dict(json.loads(line))
        errors = self._process.stderr.read() if self._process.stderr else ""
        return {"failed": (errors.strip().splitlines() or ["no message"])[-1]}

    def turn(self, seconds: float) -> None:
        """Let it train for so long."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        answer = self.answer()
        self.timed.turns.append(statistics.median(answer["seconds"]))
        self.peak_memory = answer["peak_memory"]

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()


def in_turns(workers: Iterable[Worker], rounds: int, seconds: float) -> None:
    """Let each work for so long, one after the other, so many times."""
    for _ in range(rounds):
        for worker in workers:
            worker.turn(seconds)
