"""Commands on a terminal: what they wait for, and how they leave it."""

import os
import pty
import random
import re
import select
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.helpers import ROOT, CommandLine

CTRL_C, HIDDEN_CURSOR = b"\x03", b"\x1b[?25l"
PATIENCE = 240  # seconds


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *arguments: object) -> None:
        self.process, self._terminal = pty.fork()
        if not self.process:
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
            command = [sys.executable, "-m", "nntrain", *map(str, arguments)]
            os.execve(command[0], command, environment)  # noqa: S606
        self.seen = b""
        self.modes = self.modes_left = termios.tcgetattr(self._terminal)

    def read(self, seconds: float, until: bytes = b"") -> bool:
        """Read for so long, or until something is seen or the command ends; return whether it is still there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (until and until in self.seen):
            if select.select([self._terminal], [], [], 0.01)[0]:
                try:
                    self.seen += os.read(self._terminal, 1 << 16)
                except OSError:  # nobody has it open any more
                    return False
        return True

    def handles_signals(self) -> None:
        """Wait until the command's own handlers are there, and not those with which Python starts."""
        caught = 0
        while not caught >> (signal.SIGTERM - 1) & 1 and self.read(0.01):
            (line,) = re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{self.process}/status").read_text())
            caught = int(line, 16)

    def type(self, keys: bytes) -> None:
        """Type."""
        os.write(self._terminal, keys)

    def status(self) -> int:
        """Read to the end, and return the exit status; minus the number of a signal."""
        self.read(PATIENCE)
        return self.closed()

    def closed(self) -> int:
        """Close the terminal, and return the exit status; minus the number of a signal."""
        self.modes_left = termios.tcgetattr(self._terminal)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@pytest.mark.parametrize(
    "command", ["predict run/model.safetensors", "evaluate run/model.safetensors --data -", "fit -"]
)
def test_a_command_says_what_it_waits_for_and_ctrl_c_ends_it(moons: Path, nntrain: CommandLine, command: str) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q").status == 0
    terminal = Terminal(*command.split())
    terminal.read(PATIENCE, b"from standard input: end it with Ctrl-D\r\n")
    terminal.type(CTRL_C)
    assert terminal.status() == 130
    assert terminal.seen.endswith(b"nntrain: interrupted\r\n")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("seed", range(6))
def test_a_signal_at_any_moment_leaves_the_terminal_as_it_was(moons: Path, nntrain: CommandLine, seed: int) -> None:
    assert nntrain("fit", moons, "-q").status == 0  # compiled
    draw = random.Random(seed)  # noqa: S311
    number = draw.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    terminal = Terminal("fit", moons, "--out", "run", "--set", "training.epochs=100000000")
    terminal.read(PATIENCE, b"epoch ") if seed % 2 else terminal.handles_signals()
    terminal.read(draw.uniform(0, 0.5))
    for _ in range(1 + seed % 3):
        os.kill(terminal.process, number)
    assert terminal.status() in (128 + number, -number)  # -: the last one came after the command had ended
    assert HIDDEN_CURSOR not in terminal.seen
    assert terminal.modes_left == terminal.modes
    assert b"Traceback" not in terminal.seen
    if Path("run", "metrics.jsonl").exists():
        assert Path("run", "model.safetensors").exists()


def test_a_terminal_that_is_closed_costs_nothing(moons: Path, nntrain: CommandLine) -> None:
    assert nntrain("fit", moons, "-q").status == 0  # compiled
    terminal = Terminal("fit", moons, "--out", "run", "--set", "training.epochs=100000000")
    terminal.read(PATIENCE, b"epoch ")
    assert terminal.closed() == 128 + signal.SIGHUP
    assert Path("run", "summary.json").exists()
    assert Path("run", "model.safetensors").exists()
