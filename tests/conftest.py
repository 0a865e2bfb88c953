import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from sklearn import datasets

from nntrain.cli import console
from tests.helpers import CommandLine, fitted_csv

# Under nohup or in the background some signals are ignored, and the commands that tests start would inherit that.
# They do not inherit a handler.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile what most tests need before the workers start, each of which would compile it again."""
    if getattr(session.config.option, "numprocesses", None):
        with tempfile.TemporaryDirectory() as folder:
            for_float32 = ("fit", "moons", "-q", "--out", folder, "--set", "training.epochs=1")
            commands = [[sys.executable, "-m", "nntrain", *arguments] for arguments in (for_float32, ("gradcheck",))]
            processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
            assert [process.wait() for process in processes] == [0, 0]


@pytest.fixture
def nntrain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line."""
    return CommandLine(monkeypatch, capsys)


@pytest.fixture
def terminal(nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Returns what a command prints on both streams at so many columns, which no line exceeds."""

    def shown(columns: int, *arguments: object, stdin: str = "") -> str:
        console.stdout_console.cache_clear()
        console.stderr_console.cache_clear()
        monkeypatch.setattr(console, "PIPE_WIDTH", columns)
        ended = nntrain(*arguments, stdin=stdin)
        text = ended.out + ended.err
        assert ended.status == 0
        assert max(map(len, text.splitlines())) <= columns
        assert "…" not in text
        return text

    yield shown
    console.stdout_console.cache_clear()
    console.stderr_console.cache_clear()


@pytest.fixture
def moons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe file of a small network that trains in no time, in a directory of its own, which is the present one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "moons.yaml"
    path.write_text("data: {source: {name: moons, rows: 200}}\nmodel: {hidden: [8]}\ntraining: {epochs: 4}\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with data sets as CSV files."""
    folder = tmp_path_factory.mktemp("models")
    iris, diabetes = datasets.load_iris(), datasets.load_diabetes(scaled=False)
    names = [name.removesuffix(" (cm)") for name in iris.feature_names]
    table = pl.DataFrame(iris.data, schema=names).with_columns(species=pl.Series(iris.target_names[iris.target]))
    table.write_csv(folder / "iris.csv")
    numbers = pl.DataFrame(diabetes.data, schema=list(diabetes.feature_names)).with_columns(
        y=pl.Series(diabetes.target)
    )
    numbers.write_csv(folder / "diabetes.csv")
    return folder


@pytest.fixture
def iris(nntrain: CommandLine, folder: Path) -> Path:
    """The model file of a small classifier."""
    return fitted_csv(nntrain, folder, "iris", "species", "model.hidden=[8, 5]", "model.activation=tanh")


@pytest.fixture
def diabetes(nntrain: CommandLine, folder: Path) -> Path:
    """The model file of a regression."""
    return fitted_csv(nntrain, folder, "diabetes", "y", "data.standardize_target=true")
