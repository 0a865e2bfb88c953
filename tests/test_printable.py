"""Control characters in names, labels, files and recipes are shown, and never sent to a terminal."""

import contextlib
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
from rich.console import Group
from rich.table import Table
from rich.text import Text

from nntrain.cli.console import SafeConsole
from nntrain.errors import Place, Problem
from nntrain.printable import MAX_LINE, one_line, printable
from tests.helpers import ROOT, CommandLine

TITLE = "\x1b]0;title\x07"
CONTROLS = "".join(map(chr, [*range(32), 127, *range(128, 160)])) + "\u2028\u2029\u202a\u202e\u2066\u2069"
# what rich itself sends: colors, lines and the cursor
OWN = re.compile(r"\x1b\[[0-9;?]*[ABGHJKhlm]|\r|\n|\t")


def test_control_characters_become_escapes() -> None:
    shown = printable(CONTROLS)
    assert not (set(CONTROLS) - set("\t\n")) & set(shown)
    assert printable("a\x1b[2J\x9b1m\u202eb\r") == r"a\u001b[2J\u009b1m\u202eb\u000d"
    assert json.loads(f'"{printable("x" + CONTROLS[11:])}"') == "x" + CONTROLS[11:]  # from after the line feed on
    for text in ("Größe, 中文, עברית, 👩‍🔬, soft\u00adhyphen", "two\nlines\tand a tab"):
        assert printable(text) == text


def test_a_problem_is_one_line_and_a_hint_another() -> None:
    text = str(Problem(Place(f"f{TITLE}.csv"), "no column 'a\nnntrain: all is well'", "columns: b\r, c\td"))
    assert (
        text == r"f\u001b]0;title\u0007.csv: no column 'a\nnntrain: all is well'" + "\n  " + r"columns: b\u000d, c\td"
    )
    assert one_line("x" * (MAX_LINE + 5)) == "x" * MAX_LINE + "... (5 more characters)"


def test_a_console_escapes_text_and_keeps_its_own_colors() -> None:
    file = io.StringIO()
    console = SafeConsole(
        file=file, force_terminal=True, markup=False, highlight=False, width=60, color_system="standard"
    )
    table = Table(TITLE, "b")
    table.add_row(Text(f"cell{TITLE}", "red"), "plain\x9b2J")
    console.print(Group(Text(f"a{TITLE}b", "bold"), f"c{TITLE}", table))
    written = file.getvalue()
    assert "\x1b[1m" in written
    assert "\x1b[31m" in written
    assert not set(OWN.sub("", written)) & set(CONTROLS)
    assert r"\u001b]0;title" in written


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory, the current one, with a recipe, names and labels that would set the terminal's title."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 2 + i / 100},{i % 7},{'pq'[i % 2]}{TITLE}\n" for i in range(60))
    Path("d.csv").write_text(f"a{TITLE},b\u202e\x9b2J,y\n{rows}")
    Path(f"r{TITLE}.yaml").write_text(
        'data: {source: {name: csv, path: d.csv, target: y}}\nname: "n\\e]0;title\\a"\nmodel: {hidden: [2]}\n'
        "training: {epochs: 2}\n"
    )
    return tmp_path


COMMANDS = """
import sys, json
from nntrain.cli.main import main
for arguments, status in json.loads(sys.argv[1]):
    sys.argv = ["nntrain", *arguments]
    try:
        main()
    except SystemExit as ended:
        assert ended.code == status, (arguments, ended.code)
"""


def on_a_terminal(commands: list[tuple[list[str], int]]) -> tuple[int, str]:
    """Run commands on a terminal, each of which has to end with its status, and return all they sent there."""
    import pty

    child, terminal = pty.fork()
    if child == 0:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
        arguments = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
        os.execve(sys.executable, arguments, environment)  # noqa: S606
    sent = b""
    with contextlib.suppress(OSError):  # the end, on Linux
        while part := os.read(terminal, 1 << 16):
            sent += part
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), sent.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_no_command_sends_control_characters_of_a_file_to_a_terminal(hostile: Path) -> None:
    recipe = f"r{TITLE}.yaml"
    run, model = "run", "run/model.safetensors"
    status, sent = on_a_terminal(
        [
            (["fit", recipe, "--out", run], 0),
            (["show", recipe], 0),
            (["show", recipe, "--json"], 0),
            (["diagnose", run], 0),
            (["trace", run], 0),
            (["trace", run, "--json"], 0),
            (["evaluate", model], 0),
            (["predict", model, "d.csv"], 0),
            (["report", run, "--out", "-"], 0),
            (["fit", recipe, "--set", "data.source.target=z"], 2),
            (["fit", f"none{TITLE}"], 2),
            (["fit", recipe, f"--{TITLE}"], 2),
            ([f"fit{TITLE}"], 2),
            (["fit", recipe, "--set", f"optimizer.{TITLE}=1"], 2),
            (["fit", recipe, "--require", f"{TITLE}>1"], 2),
        ]
    )
    assert status == 0, sent
    assert not set(OWN.sub("", sent)) & set(CONTROLS)
    assert sent.count(r"\u001b]0;title") > 15


def test_data_in_a_pipe_stay_what_they_are(nntrain: CommandLine, hostile: Path) -> None:
    assert nntrain("fit", f"r{TITLE}.yaml", "--out", "run", "-q").status == 0
    assert set(nntrain("predict", "run/model.safetensors", "d.csv").out.split("\n")[1:-1]) <= {f"p{TITLE}", f"q{TITLE}"}
    assert nntrain("trace", "run", "--json").json["features"] == [f"a{TITLE}", "b\u202e\x9b2J"]
    assert not set(nntrain("trace", "run").out) & (set(CONTROLS) - set("\n"))
