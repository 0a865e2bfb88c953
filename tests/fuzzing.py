"""What the fuzz of model files and that of recipes share: strange values, and what came of each case."""

import contextlib
import io
import json
import math
import signal
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import typer
from hypothesis import HealthCheck, Phase, seed, settings

from nntrain.errors import NntrainError

Keys = tuple[str | int, ...]

STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 3, -1, -3, 7, 2**31, 2**63, 10**400),
    *(0.5, -0.0, 1e9, 1e-300, 5e-324, 1e308, -1e308, math.nan, math.inf),
    *("", "x", "a", "u", "kind", "p" * 5000, "\x1b]0;x\x07\x9b2J", "\ud800", "balanced", "float64", "/dev/zero"),
    *([], [1], [[1.0], [2.0]], ["a", 1, True], [None], {}, {"name": "mse"}, [0.0, 0.0, 0.0], ["p", "q"], [1, 2, 3]),
)
LONGEST = 20_000  # characters of an error
SECONDS = 120  # that a command may take


def places(tree: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Yield where each value of a tree is."""
    if keys:
        yield keys
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inside:
        yield from places(value, (*keys, key))


def settings_of(cases: int, chosen: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator of a test with so many cases; one that fails is not made smaller: it may end the process."""
    chosen_settings = settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(chosen)(chosen_settings(test))


class Outcomes:
    """How often commands ended how, and what is a fault: an exception that is no message, a warning, a hang.

    The first case of each fault is kept in ``folder``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.ended, self.faults = folder, Counter[str](), Counter[str]()
        warnings.simplefilter("error")
        signal.signal(signal.SIGALRM, self._hangs)

    def run(self, case: Path, command: Callable[..., None], *arguments: Any, **options: Any) -> None:
        """Run a command on a case."""
        name = command.__module__.rpartition(".")[2]
        signal.alarm(SECONDS)
        try:
            status = _status_of(command, *arguments, **options)
            if status not in (0, 2, 3):
                raise AssertionError(f"exit status {status}")
            self.ended[f"{name} {status}"] += 1
        except Exception as error:
            *_, last = traceback.extract_tb(error.__traceback__)
            fault = f"{name}: {type(error).__name__}: {str(error)[:100]} ({Path(last.filename).name}:{last.lineno})"
            if fault not in self.faults:
                (self.folder / f"fault-{len(self.faults)}{case.suffix}").write_bytes(case.read_bytes())
            self.faults[fault] += 1
        finally:
            signal.alarm(0)

    def report(self) -> None:
        """Print what there was, and end the process: with 1 if there are faults."""
        print(json.dumps({"ended": self.ended, "faults": self.faults}, indent=1))  # noqa: T201
        sys.exit(bool(self.faults))

    def _hangs(self, number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {SECONDS} s")


def _status_of(command: Callable[..., None], *arguments: Any, **options: Any) -> int:
    """Run a command in this process, and return its exit status."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            command(*arguments, **options)
        except NntrainError as error:
            if len(str(error)) > LONGEST:
                raise AssertionError(f"a message of {len(str(error))} characters") from error
            return int(error.status)
        except typer.Exit as ended:
            return int(ended.exit_code)
    return 0
