"""The documentation: every command on a page runs and prints what the page shows, and every link leads somewhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import documented
from tests.documented import blocks, commands, differences, installs, runnable
from tests.helpers import ROOT, CommandLine

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "recipes/README.md")]
PAGES += [ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = [page for page in PAGES if page.parent.name != "benchmarks"]  # benchmarks take minutes, and other packages


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("page", RUN, ids=name)
def test_the_commands_of_a_page(
    page: Path, nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, in a directory with the recipes and datasets of a checkout and the YAML files that the page shows.

    Python blocks run between them, in one namespace.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    names: dict[str, Any] = {"__name__": "__main__"}
    for folder in ("recipes", "datasets"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    problems = []
    for info, body in blocks(page):
        language, *title = info.split()
        if language in ("yaml", "python") and title:
            (tmp_path / title[0]).write_text(body)
        elif language == "python" and page.name != "CONTRIBUTING.md":  # whose block is a file of the package
            exec(compile(body, page.name, "exec"), names)  # noqa: S102 - our own documentation
        for command in commands(info, body):
            if installs(command) or not runnable(command):
                continue
            ended = documented.run(command, nntrain, tmp_path)
            if ended.status != command.status or differences(command, ended.out):
                lines = [f"$ {command.line}", f"exit status {ended.status}", *differences(command, ended.out)]
                problems.append("\n".join([*lines, "printed:", ended.out, ended.err]))
    assert not problems, "\n\n".join(problems)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_links_of_a_page(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings]
            assert heading in anchors, target


def test_the_readme_begins_with_what_a_newcomer_wants() -> None:
    """Both fresh-machine commands and four things to try, within thirty lines or so."""
    start = "\n".join((ROOT / "README.md").read_text().splitlines()[:30])
    assert "nntrain fit" in start
    assert "pytest" in start
    assert len(re.findall(r"^nntrain \w+ .*  # ", start, re.MULTILINE)) == 4


def test_the_glossary_is_linked() -> None:
    assert "docs/glossary.md" in (ROOT / "CONTRIBUTING.md").read_text()
    assert "docs/glossary.md" in (ROOT / "README.md").read_text()


def test_the_breakpoint_in_the_training_step(tmp_path: Path) -> None:
    """The debugger stops there with the numbers of the first step."""
    line = next(line for line in (ROOT / "docs" / "diagnostics.md").read_text().splitlines() if "-m pdb" in line)
    bash = ["bash", "-c", line.replace("python", sys.executable)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    commands = "p x.tolist()\nq\n"
    ended = subprocess.run(bash, cwd=tmp_path, env=environment, input=commands, capture_output=True, text=True)
    assert "backprop.py" in ended.stdout
    assert "[[1.0], [2.0], [3.0], [4.0], [5.0]]" in ended.stdout


def test_a_line_that_is_not_printed_is_found() -> None:
    (command,) = commands("console", "$ nntrain x\na 1.00 b\n...\nlast 5 ms\n")
    assert differences(command, "a 1.05 b\nother\nlast 9 ms\n") == []
    assert differences(command, "a 1.5 b\nlast 9 ms\n") == ["a 1.00 b"]
    assert differences(command, "a 1 c\nlast 9 ms\n") == ["a 1.00 b"]
    (exact,) = commands("console exact", "$ nntrain x\na 1.00 b\n")
    assert differences(exact, "a 1.01 b\n") == ["a 1.00 b"]
