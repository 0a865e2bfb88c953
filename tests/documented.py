"""The commands that a page of the documentation shows, and how to run them."""

import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.helpers import ROOT, CommandLine, Ended, own_components

FENCE = re.compile(r"^(?P<skip><!-- not run: .* -->\n)?```(?P<info>.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)
SHELL = re.compile(r"[|><;&*`]|\$|^for |^sed |^cat |^tail ")  # what the shell has to run
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
TIME = re.compile(r"[\d.]+ (?:ms|s|min|h)\b")


@dataclass(frozen=True)
class Command:
    """A command of a page, the exit status it should end with and the output shown below it, if any."""

    line: str
    status: int = 0
    output: tuple[str, ...] | None = None
    exact: bool = False


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the info string and the body of each fenced block that is to be run or written."""
    for fence in FENCE.finditer(page.read_text()):
        if not fence["skip"]:
            yield fence["info"], fence["body"]


def commands(info: str, body: str) -> Iterator[Command]:
    """Yield the commands of a block ``sh`` (one on each line) or ``console`` (after ``$``, with output)."""
    body = body.replace("\\\n", "")
    if info == "sh":
        for line in filter(None, body.splitlines()):
            status = re.search(r"#.*exit status (\d)", line)
            yield Command(line, int(status[1]) if status else 0)
    elif info.startswith("console"):
        for one in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            line, *output = one.rstrip().splitlines()
            yield Command(line, output=tuple(output), exact="exact" in info)


def installs(command: Command) -> bool:
    """Whether a command prepares the environment, as the fresh-machine commands do (``.ci/run`` runs those)."""
    return bool(re.search(r"pip install|-m venv|^\.venv/bin/", command.line))


def run(command: Command, nntrain: CommandLine, folder: Path) -> Ended:
    """Run a command in ``folder``: in this process if it is nntrain's alone, otherwise with bash."""
    plain, _, query = command.line.split("  #")[0].strip().partition(" | jq ")
    if plain.startswith("nntrain ") and not SHELL.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", plain + query)):
        with own_components() if "--code" in plain else nullcontext():
            ended = nntrain(*shlex.split(plain)[1:])
        if not query or ended.status:
            return ended
        jq = ["jq", *shlex.split(query)]
        out = subprocess.run(jq, input=ended.out, capture_output=True, text=True, check=True).stdout
        return Ended(ended.status, out, ended.err)
    programs = folder / ".bin"
    programs.mkdir(exist_ok=True)
    (programs / "nntrain").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nntrain "$@"\n')
    (programs / "nntrain").chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    bash = ["bash", "-o", "pipefail", "-ec", command.line]
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    shell = subprocess.run(bash, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Ended(shell.returncode, shell.stdout, shell.stderr)


def runnable(command: Command) -> bool:
    """Whether the programs that a command needs are installed."""
    return not re.search(r"(^|\| )jq ", command.line) or shutil.which("jq") is not None


def differences(command: Command, found: str) -> list[str]:
    """Return the lines shown below a command that its output lacks, in order; ``...`` stands for any lines.

    Words have to be equal. Numbers may differ by a tenth, as processors round differently, or only by rounding if the
    block is marked ``exact``; times may differ.
    """
    lines, missing = iter(found.splitlines()), []
    for shown in command.output or ():
        if shown.strip() == "..." or not shown.strip():
            continue
        shown = shown.removesuffix("...")
        if not any(_same(shown, line, command.exact) for line in lines):
            missing.append(shown)
            lines = iter(found.splitlines())
    return missing


def _same(shown: str, line: str, exact: bool) -> bool:
    shown, line = TIME.sub("TIME", shown), TIME.sub("TIME", line)
    words = [NUMBER.sub("#", text).split() for text in (shown, line)]
    if words[1][: len(words[0])] != words[0]:
        return False
    numbers = [[float(number.replace(",", "")) for number in NUMBER.findall(text)] for text in (shown, line)]
    tolerance = 1e-9 if exact else 0.1
    return all(math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-12) for a, b in zip(*numbers, strict=False))
