import pytest

from tests.helpers import CommandLine


@pytest.fixture
def nntrain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line."""
    return CommandLine(monkeypatch, capsys)
