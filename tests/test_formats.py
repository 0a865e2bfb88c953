"""Tables as Markdown, LaTeX and CSV, by one mechanism for all commands."""

import csv
import io

import pytest
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nntrain.report.fitting import Column, fitted
from nntrain.report.formats import WIDTH, as_csv, as_latex, as_markdown
from tests.helpers import CommandLine, refused


def shown() -> Group:
    columns = [
        Column("name", [Text("a|b", "bold"), "50 %"], right=False, foot="sum"),
        Column("1 → 2", ["0.5", "x_1"], drop=1, foot="3"),
    ]
    return Group(Text("head & <tail>"), "", fitted(columns, WIDTH), Padding(Text("last"), 1))


def test_markdown() -> None:
    lines = as_markdown(shown()).splitlines()
    assert lines[0] == r"head & \<tail>"
    assert lines[2:7] == ["| name | 1 → 2 |", "| --- | ---: |", r"| a\|b | 0.5 |", "| 50 % | x_1 |", "| sum | 3 |"]
    assert lines[-1] == "last"


def test_latex() -> None:
    text = as_latex(shown())
    assert r"head \& \textless{}tail\textgreater{}" in text
    assert "\\begin{tabular}{lr}\n\\toprule\nname & 1 $\\to$ 2 \\\\\n\\midrule\n" in text
    assert "a\\textbar{}b & 0.5 \\\\\n50 \\% & x\\_1 \\\\\nsum & 3 \\\\\n\\bottomrule\n\\end{tabular}\n" in text


def test_csv_has_the_tables_alone() -> None:
    assert list(csv.reader(io.StringIO(as_csv(shown())))) == [
        ["name", "1 → 2"],
        ["a|b", "0.5"],
        ["50 %", "x_1"],
        ["sum", "3"],
    ]


def test_latex_leaves_histograms_out() -> None:
    table = Table("layer", "histogram")
    table.add_row("1", "▁█")
    assert "histogram" not in as_latex(table)
    assert "▁█" in as_markdown(table)


@pytest.mark.parametrize(
    ("command", "heads"),
    [
        (("list", "norms"), ["name", "keys"]),
        (("trace", "recipes/by_hand.yaml", "--step"), ["unit", "w1", "w2"]),
        (("diagnose", "recipes/by_hand.yaml"), ["layer", "z mean", "z std"]),
        (("gradcheck", "recipes/by_hand.yaml", "--steps", "0", "--dtype", "float64"), ["tensor", "error", "index"]),
    ],
)
def test_commands_print_their_tables_in_every_format(
    nntrain: CommandLine, command: tuple[str, ...], heads: list[str]
) -> None:
    rows = list(csv.reader(io.StringIO(nntrain(*command, "--format", "csv").out)))
    assert rows[0][: len(heads)] == heads
    assert f"| {' | '.join(heads)} |" in nntrain(*command, "--format", "markdown").out
    latex = nntrain(*command, "--format", "latex").out
    assert f"{' & '.join(heads)} &" in latex
    assert latex.count("\\begin{tabular}") == latex.count("\\end{tabular}")


def test_an_unknown_format_is_refused(nntrain: CommandLine) -> None:
    assert "did you mean latex?" in refused(nntrain, "list", "norms", "--format", "latx")
    assert "choose one of" in refused(nntrain, "compare", "moons", "--json", "--format", "latex")
