"""The documentation offline: ``nntrain help``, and the manual page in the wheel."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nntrain.cli import help_
from nntrain.cli.main import app
from nntrain.cli.manual import manual
from nntrain.cli.topics import topics
from nntrain.utils.resources import documentation
from tests.helpers import ROOT, CommandLine


def test_every_topic_is_shown(nntrain: CommandLine) -> None:
    listed = nntrain("help").out
    for topic in topics():
        assert f"`{topic}`" in listed
        shown = nntrain("help", topic)
        assert shown.status == 0
        assert shown.out.startswith("#")
    assert nntrain("help", "data").out == (ROOT / "docs" / "data.md").read_text()
    section = nntrain("help", "exit-statuses").out
    assert "| 3 | training diverged" in section
    assert "## Streams" not in section


def test_a_heading_inside_a_code_block_does_not_end_a_section() -> None:
    text = "# Page\n\n## One\n\n```sh\n## no heading\n```\nrest\n\n## Two\n"
    assert help_._section(text, "One") == "## One\n\n```sh\n## no heading\n```\nrest\n\n"
    assert help_._section(text, "Two") == "## Two\n"


def test_an_unknown_topic(nntrain: CommandLine) -> None:
    refused = nntrain("help", "recipe")
    assert refused.status == 2
    assert "unknown topic 'recipe'" in refused.err
    assert "did you mean recipes?" in refused.err


def test_the_manual_page_has_every_command_and_option() -> None:
    page = manual(app)
    assert page.startswith(".TH NNTRAIN 1")
    for text in (".SS compare", ".SS recipes copy", r"\fB\-\-require\fR \fICONDITION\fR", r"\fB\-o\fR"):
        assert text in page, text
    assert not [line for line in page.splitlines() if "-" in line.replace(r"\-", "").partition('"')[0]]


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_shows_the_page(tmp_path: Path) -> None:
    path = tmp_path / "nntrain.1"
    path.write_text(manual(app))
    shown = subprocess.run(["man", "--warnings", "-l", path], capture_output=True, text=True, check=True)
    assert not shown.stderr
    assert "train, compare and debug multi-layer perceptrons" in shown.stdout
    assert "--out DIR" in shown.stdout


def test_a_wheel_has_the_manual_page_and_the_documentation(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        (page,) = [name for name in names if name.endswith(".data/data/share/man/man1/nntrain.1")]
        assert content.read(page).decode() == manual(app)
    assert {f"nntrain/docs/{name}.md" for name in documentation()} <= set(names)
    assert not [name for name in names if name.startswith("nntrain/docs/") and not name.endswith(".md")]
