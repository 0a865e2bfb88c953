"""Tables on narrow and wide terminals: nothing is cut, and what is left out is named."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from nntrain.cli.list_ import Family
from nntrain.report.details import details
from nntrain.report.fitting import Column, fitted
from nntrain.report.summary import summarize
from nntrain.report.tables import network_facts, network_table
from tests.helpers import built, run

DEEP = "recipes/deep_tanh.yaml"
WIDTHS = pytest.mark.parametrize("columns", [60, 80, 120])


def printed(table: RenderableType, width: int) -> list[str]:
    """Return the lines of a table, without the blanks at their ends."""
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_table_names_the_columns_it_has_no_room_for() -> None:
    columns = [Column("layer", ["1 dense"]), Column("mean", ["0.25"], drop=1), Column("deviation", ["1"], drop=2)]

    def shown(width: int) -> list[str]:
        return printed(fitted(columns, width), width)

    assert shown(24) == ["  layer  mean  deviation", "1 dense  0.25          1"]
    assert shown(23) == ["  layer  mean", "1 dense  0.25", "no room for deviation"]
    assert shown(12) == ["  layer", "1 dense", "no room for", "mean,", "deviation"]


@WIDTHS
@pytest.mark.parametrize("family", list(Family))
def test_a_list_breaks_formulas_and_not_their_words(terminal: Callable[..., str], columns: int, family: Family) -> None:
    text = terminal(columns, "list", family.value)
    assert max(map(len, text.splitlines())) > columns // 2


@WIDTHS
def test_layers_and_what_was_left_out(terminal: Callable[..., str], columns: int) -> None:
    small = "model.initializer={name: normal, scale: 0.01}"  # the longest numbers
    text = " ".join(terminal(columns, "diagnose", DEEP, "--set", small).split())
    left_out = {
        60: "no room for z mean, z std, mean, gradient norm, histogram",
        80: "no room for z mean, z std, gradient norm",
        120: "",
    }
    assert left_out[columns] in text
    assert ("no room" in text) == (columns < 120)
    assert "9 dense 64→10 identity" in text


@WIDTHS
def test_a_network_of_long_names(columns: int) -> None:
    recipe = {"data": {"source": "digits"}, "model": {"hidden": [64, 512], "norm": "batch", "dropout": 0.2}}
    lines = printed(network_table(network_facts(built(recipe).plan), columns), columns)
    assert any("2 dense" in line and "64 → 512" in line for line in lines)
    assert ("no room for initializer" in lines) == (columns == 60)
    assert max(map(len, lines)) <= columns


@WIDTHS
def test_the_summary_of_a_run(columns: int) -> None:
    _, events = run(Path(DEEP).read_text().replace("epochs: 20", "epochs: 1"))
    lines = printed(details(summarize(events, "runs/deep", "model"), columns, layers=True), columns)
    assert max(map(len, lines)) <= columns
    assert any("9 dense 64→10 identity" in line for line in lines)
    assert "…" not in "".join(lines)


@WIDTHS
@pytest.mark.parametrize("name", ["nadam", "momentum", "batch", "cross_entropy"])
def test_dialects_and_recipes(terminal: Callable[..., str], columns: int, name: str) -> None:
    assert "torch" in terminal(columns, "dialects", name)
    assert "deep_tanh" in terminal(columns, "recipes")
