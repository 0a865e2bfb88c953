from pathlib import Path

import pytest

from tests.helpers import CommandLine


@pytest.fixture
def nntrain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line."""
    return CommandLine(monkeypatch, capsys)


@pytest.fixture
def moons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe file of a small network that trains in no time, in a directory of its own, which is the present one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "moons.yaml"
    path.write_text("data: {source: {name: moons, rows: 200}}\nmodel: {hidden: [8]}\ntraining: {epochs: 4}\n")
    return path
