"""``nntrain plot``: activations, schedules and curves, in the terminal and as pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nntrain.activations import Activation
from nntrain.cli.loading import parse_schedule
from nntrain.cli.plot import Kind, plot
from nntrain.diagnostics.robbins_monro import Conditions, robbins_monro
from nntrain.errors import InputError
from nntrain.registry import members
from nntrain.report.html.lines import Line, LineChart
from nntrain.report.pgfplots import as_tex
from nntrain.report.picture_files import picture
from nntrain.schedules import Schedule
from tests.helpers import CommandLine, refused


def test_every_activation_is_drawn_with_its_derivative() -> None:
    """The derivative is the slope of the curve, but for the grid points beside a kink."""
    charts = plot(Kind.ACTIVATIONS, [])
    assert [chart.title.split(":")[0] for chart in charts] == list(members(Activation))
    for chart in charts:
        value, slope = chart.lines
        quotient = np.gradient(value.y, value.x)
        assert np.median(np.abs(quotient - slope.y)) < 1e-3, chart.title
        assert (np.abs(quotient - slope.y) > 0.02).sum() <= 12, chart.title


@pytest.mark.parametrize(
    ("schedule", "diverges", "converges"),
    [
        ("constant", True, False),
        ("inverse_time_decay", True, True),
        ("{name: inverse_time_decay, power: 0.5}", True, False),
        ("{name: inverse_time_decay, power: 0.75}", True, True),
        ("{name: inverse_time_decay, power: 2}", False, True),
        ("exponential", False, True),
        ("{name: step, every: 100}", False, True),
        ("{name: linear, end: 0}", False, True),
        ("{name: linear, end: 0.1}", True, False),
        ("{name: warm_restarts, first: 10}", True, False),
    ],
)
def test_the_robbins_monro_conditions(schedule: str, diverges: bool, converges: bool) -> None:
    assert robbins_monro(parse_schedule(schedule), 1000) == Conditions(diverges, converges)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_charts_on_a_terminal(terminal: Callable[..., str], columns: int) -> None:
    text = terminal(columns, "plot", "schedules")
    assert all(name in text for name in members(Schedule))
    assert "step every=250" in text
    assert "Σε = ∞: yes; Σε² < ∞: yes" in text
    assert "depends on the losses of a run" in text
    text = terminal(columns, "plot", "activations", "relu", "{name: elu, alpha: 0.5}")
    assert "elu alpha=0.5" in text
    assert "b f'(z)" in text


def test_a_schedule_has_a_linear_axis() -> None:
    """A straight line would bend on a logarithmic one."""
    (chart,) = plot(Kind.SCHEDULES, ["linear"])
    assert not chart.ratio
    (line,) = chart.lines
    np.testing.assert_allclose(np.diff(line.y), np.diff(line.y)[0], rtol=1e-9)


def test_curves_of_runs(nntrain: CommandLine, moons: Path) -> None:
    for name in ("one", "two"):
        assert nntrain("fit", moons, "--out", name, "-q").status == 0
    text = nntrain("plot", "curves", "one", "two").out
    assert "validation accuracy" in text
    assert "two, validation" in text
    titles = [chart.title for chart in plot(Kind.CURVES, ["one"])]
    assert titles[:3] == ["loss", "validation accuracy", "gradient norm"]


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_picture_is_the_same_file_each_time(kind: str, start: bytes) -> None:
    pytest.importorskip("matplotlib")
    x = np.arange(5.0)
    charts = [
        LineChart("loss", [Line("a", x, x**2, 0, low=x, high=x**3)], ratio=True, note="note"),
        LineChart("empty", []),
    ]
    drawn = picture(charts, kind)
    assert drawn.startswith(start)
    assert picture(charts, kind) == drawn
    assert picture(charts, kind, dark=True) != drawn


def test_a_picture_file(nntrain: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "schedules.svg"
    ended = nntrain("plot", "schedules", "cosine", "-o", out)
    assert (ended.status, ended.out) == (0, f"{out}\n")
    assert "</svg>" in out.read_text()


def test_what_cannot_be_plotted_is_refused(nntrain: CommandLine, tmp_path: Path) -> None:
    assert "did you mean activations?" in refused(nntrain, "plot", "activation")
    assert "did you mean relu?" in refused(nntrain, "plot", "activations", "rellu")
    assert "needs a directory" in refused(nntrain, "plot", "curves")
    assert "use a file name with .svg, .png, .pdf, .tex" in refused(
        nntrain, "plot", "schedules", "-o", tmp_path / "a.gif"
    )
    assert refused(nntrain, "plot", "comparison", tmp_path)


def test_charts_as_latex_code(nntrain: CommandLine, tmp_path: Path) -> None:
    """Coordinates, bands, and characters that LaTeX would take for its own."""
    file = tmp_path / "a.tex"
    assert nntrain("plot", "activations", "relu", "-o", file).out == f"{file}\n"
    text = file.read_text()
    assert text.count("\\begin{axis}") == text.count("\\end{axis}") == 1
    assert "(5,5)" in text
    x = np.array([1.0, 2, 3])
    line = Line("a_b 50%", x, np.array([1.0, np.nan, 100]), 1, low=x, high=x + 1)
    text = as_tex([LineChart("loss & more", [line], "epoch", ratio=True)])
    assert "title={loss \\& more}" in text
    assert "\\addlegendentry{a\\_b 50\\%}" in text
    assert "coordinates {(1,1) (3,100)};" in text
    assert "fill between[of=low0 and high0]" in text
    assert "ymode=log" in text
    with pytest.raises(InputError, match="nothing to draw"):
        as_tex([])


def test_boundaries_and_surfaces_are_animated(nntrain: CommandLine, moons: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.gif"
    assert nntrain("plot", "boundary", moons, "--epochs", "0,2", "-o", file).out == f"{file}\n"
    with Image.open(file) as picture:
        assert (picture.format, getattr(picture, "n_frames", 1)) == ("GIF", 3)
    assert "add epochs, as in --epochs" in refused(nntrain, "plot", "boundary", moons, "-o", file)
    surface = ("surface", "saddle", "--optimizers", "sgd", "--start=1,0.1", "--steps", 3, "-o", file)
    assert nntrain(*surface, "--dark").status == 0
    with Image.open(file) as picture:
        assert getattr(picture, "n_frames", 1) == 4
    assert "use a file name with .svg, .png, .pdf, .gif" in refused(nntrain, "plot", "boundary", moons, "-o", "a.tex")
