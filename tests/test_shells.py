"""Completion in the shells themselves, where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.cli import completion
from tests.helpers import ROOT

# Each asks for the completions of a command line, as its Tab key does, and prints them.
ASK = {
    "bash": """source ./source
COMP_WORDS=(nntrain fit digits --set optimizer = adamw); COMP_CWORD=6
_nntrain_completion nntrain; echo "${COMPREPLY[@]}"
COMP_WORDS=(nntrain evaluate ru); COMP_CWORD=2; _nntrain_completion nntrain; echo "${COMPREPLY[@]}"
""",
    "zsh": """compdef() { }; _arguments() { print -rl -- "$@" }; source ./source
words=(nntrain fit digits --set optimizer=adamw); CURRENT=5; _nntrain_completion
words=(nntrain evaluate ru); CURRENT=3; _nntrain_completion
""",
    "fish": """source ./source
complete -C 'nntrain fit digits --set optimizer=adamw'
complete -C 'nntrain evaluate ru'
""",
}


@pytest.mark.parametrize("shell", ASK)
def test_a_shell_completes_names_and_runs(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = tmp_path / "nntrain"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nntrain "$@"\n')
    command.chmod(0o755)
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "model.safetensors").touch()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment |= {"HOME": str(tmp_path)}

    def run(*words: str, **more: str) -> str:
        given = {**environment, **more}
        ended = subprocess.run(words, cwd=tmp_path, env=given, capture_output=True, text=True, check=True)
        return ended.stdout

    (tmp_path / "source").write_text(run("nntrain", **{completion.VARIABLE: f"source_{shell}"}))
    script = tmp_path / "script"
    script.write_text(ASK[shell])
    names, runs = run(shell, str(script)).split("\n", 1)
    assert "adamw" in names
    assert "sgd" not in names
    assert "runs/one" in runs
