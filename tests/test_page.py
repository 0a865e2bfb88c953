"""The scripts of a page, run in a browser: skipped where there is none."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.diagnostics.loss_surface import losses_at, surface
from nntrain.report.html.document import document
from nntrain.report.html.lines import Line, LineChart, line_figures
from nntrain.report.html.surface import RunPath, surface_figure
from tests.helpers import built

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
Browser = Callable[..., Any]
# Frames are not drawn while a browser without a screen hurries: they are timed here, and errors are kept.
BEFORE = """<script>
window.errors = [];
onerror = message => { errors.push(String(message)); };
requestAnimationFrame = call => setTimeout(() => call(performance.now()), 16);
cancelAnimationFrame = clearTimeout;
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
</script>"""


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """Returns what the body of an async function returns when it has run in a page."""

    def run(page: str, body: str, width: int = 1000) -> Any:
        after = f"""<script>addEventListener("load", async () => {{
            await wait(300);
            const result = await (async () => {{ {body} }})().catch(error => String(error.stack));
            const out = document.createElement("pre");
            out.id = "result";
            out.textContent = JSON.stringify([result, errors]);
            document.body.append(out);
        }});</script>"""
        file = tmp_path / "page.html"
        file.write_text(page.replace("<head>", f"<head>{BEFORE}").replace("</body>", f"{after}</body>"))
        command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}"]
        command += ["--virtual-time-budget=20000", f"--window-size={width},900", "--dump-dom", file.as_uri()]
        dumped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        (found,) = re.findall(r'<pre id="result">(.*?)</pre>', dumped, re.DOTALL)
        result, errors = json.loads(unescape(found))
        assert errors == []
        return result

    return run


def page_of(*charts: LineChart) -> str:
    """Return a page of some charts."""
    return document("t", "", line_figures(charts), "")


def line(y: list[float], index: int = 0, **more: Any) -> Line:
    """Return a line over 1, 2, 3 ..."""
    return Line(more.pop("label", f"line {index}"), np.arange(1.0, len(y) + 1), np.array(y, float), index, **more)


POINTS = """const figures = all("figure:not(.wide)").map(figure => ({
  heights: (all("path.line", figure)[0].getAttribute("d").match(/[\\d.]+ [\\d.]+/g) || []).map(at => +at.split(" ")[1]),
  up: all("svg text[text-anchor=end]:not(.label)", figure).map(text => text.textContent),
  across: all("svg text[text-anchor=middle]", figure).map(text => text.textContent),
  right: Math.max(...all("svg text", figure).map(text => text.getBoundingClientRect().right)),
  svg: figure.querySelector("svg").getBoundingClientRect().right,
  note: figure.querySelector("small").textContent,
}));
return [figures, [document.documentElement.scrollWidth, innerWidth]];"""


@pytest.fixture(scope="module")
def ravine() -> str:
    """The page of two paths of 40 epochs over the lectures' ravine, the second of which ends at epoch 20."""
    plan = built(Path("recipes/ravine.yaml").read_text()).plan
    t = np.arange(41)[:, None]
    paths = [np.hstack([3 - 2 * 0.9**t, 1 + np.cos(t) * 0.9**t]), np.hstack([t[:21] / 7, t[:21] / 21])]
    losses = [losses_at(plan, path) for path in paths]
    found = surface(plan, np.concatenate(paths))
    walks = [RunPath(name, path) for name, path in zip(("one", "two"), paths, strict=True)]
    return document("t", "", [surface_figure(found, walks, losses)], "")


@pytest.mark.parametrize("width", [500, 1000, 1600])
def test_charts_are_right_and_whole_at_every_width(browser: Browser, ravine: str, width: int) -> None:
    long = [line([1, 2], k, label="a long name of a run " * (k + 1)) for k in range(30)]
    charts = [
        LineChart("table", [line([110, 27.5, 0, 27.5, 110])], ratio=True),
        LineChart("deep", [line([100, 1e-2, 1e-8, 1e-16, 0, 1e-3])], ratio=True),
        LineChart("epochs", [Line("l", np.array([1.0, 10_000]), np.array([1.0, 2]), 0)]),
        LineChart("narrow", [line([1e7, 1.00001e7])]),
        LineChart("wide", [line([-1.7e308, 1.7e308])]),
        LineChart("small", [line([0, 5e-324])]),
        LineChart("constant", [line([3, 3])]),
        LineChart("title " * 40, long),
    ]
    figures = json.loads(re.findall(r'id="data">(.*?)</script>', ravine)[0])
    page = document("t" * 300, "", [*line_figures(charts), *figures], "")
    found, measured = browser(page, POINTS, width)
    assert measured[0] <= measured[1]  # nothing is wider than the window
    table, deep, epochs, narrow, wide, small, *_ = found
    top, middle, bottom, *_ = table["heights"]  # a linear axis: 27.5 is a quarter of 110
    assert (bottom - middle) / (bottom - top) == pytest.approx(0.25, abs=0.01)
    assert table["note"] == ""
    _zero_is_apart(deep)
    assert "10,000" in epochs["across"]
    for figure in found:
        assert figure["right"] <= figure["svg"]
        assert all(len(set(figure[axis])) == len(figure[axis]) > 0 for axis in ("up", "across"))
    assert len(narrow["up"]) > 3
    assert wide["up"] == ["-1.7e308", "1.7e308"]
    assert small["up"] == ["0", "5e-324"]


def _zero_is_apart(deep: Any) -> None:
    """Zero lies below the smallest value of a logarithmic axis, which reaches over 18 decades."""
    hundred, percent, tiny, least, zero, milli = (height - deep["heights"][0] for height in deep["heights"])
    assert deep["note"] == "logarithmic"
    decades = [18 * height / least for height in (hundred, percent, milli, tiny, least)]
    assert decades == pytest.approx([0, 4, 5, 10, 18], abs=0.1)
    assert zero > least + 15
    assert {"0", "1e-16"} <= set(deep["up"])


def test_lines_are_hidden_by_the_legend_and_told_under_the_pointer(browser: Browser) -> None:
    charts = [
        LineChart(title, [line([4, 2, 1], 0, label="<b>a</b>"), line([8, 7, 6.125], 1, label="b")]) for title in "tu"
    ]
    legend, tips = browser(
        page_of(*charts),
        """
        const keys = figure => figure.querySelector(".keys").textContent;
        const state = () => all("figure").map(figure => [all(".plot path.line", figure).length, keys(figure)]);
        const found = [state()];
        for (const selector of [".keys button", ".all"]) {
          all(selector)[0].click();
          await wait(50);
          found.push(state());
        }
        const svg = document.querySelector("svg[tabindex]"), box = svg.getBoundingClientRect();
        const move = (share, kind) => svg.dispatchEvent(new PointerEvent(kind, {
            clientX: box.left + share * box.width, clientY: box.top + 50, bubbles: true }));
        move(0.97, "pointermove");
        const tip = document.querySelector(".tip"), tips = [tip.innerText];
        svg.dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));
        tips.push(tip.innerText);
        move(0.5, "pointerleave");
        return [found, [...tips, tip.hidden]];
        """,
    )
    whole = [2, "<b>a</b>b"]
    assert legend == [[whole, whole], [[1, "<b>a</b>b1 of 2 hidden show all"], whole], [whole, whole]]
    first, second, hidden = tips
    assert first.split() == ["epoch", "3", "<b>a</b>", "1", "b", "6.125"]
    assert second.split() == ["epoch", "1", "<b>a</b>", "4", "b", "8"]
    assert hidden is True


PLAYING = """
const state = () => ({
  told: document.querySelector("output").textContent,
  lengths: all("path.line:not(.halo)").map(path => path.getTotalLength()),
  points: all("path.line:not(.halo)").map(path => path.getAttribute("d").split("L").length),
  heads: all("circle.dot").map(head => [+head.getAttribute("cx"), +head.getAttribute("cy")]),
});
"""


def test_playing_draws_the_paths(browser: Browser, ravine: str) -> None:
    found = browser(
        ravine,
        PLAYING
        + """
        const found = [state()], go = document.querySelector(".go");
        go.click();
        for (let moment = 0; moment < 4; moment++) { await wait(700); found.push(state()); }
        go.click();
        found.push(state());
        await wait(500);
        found.push(state());
        go.click();
        await wait(15000);
        found.push(state());
        return found;
        """,
    )
    end, *moments, paused, still, again = found
    assert end["told"] == again["told"] == "epoch 40 of 40"
    assert end["points"] == again["points"]
    epochs = [int(state["told"].split()[1]) for state in moments]
    assert epochs == sorted(set(epochs))  # they go on
    assert epochs[-1] < 40
    for before, after in pairwise(moments):
        assert before["lengths"][0] < after["lengths"][0]
        assert before["lengths"][1] <= after["lengths"][1]  # it ends before the other
        assert before["heads"] != after["heads"]
    assert 0 < moments[0]["lengths"][0] < end["lengths"][0] / 2
    assert paused == still  # it stops at once


def test_steps_speed_slider_rule_and_surface(browser: Browser, ravine: str) -> None:
    figures = json.loads(re.findall(r'id="data">(.*?)</script>', ravine)[0])
    page = document("t", "", [*figures, *line_figures([LineChart("loss", [line([3, 2, 1] * 10)])])], "")
    told, rules, colors = browser(
        page,
        """
        const read = [], told = () => read.push(+document.querySelector("output").textContent.split(" ")[1]);
        const rule = document.querySelector("figure:not(.wide) .rule"), rules = [];
        const at = () => rules.push([rule.getAttribute("visibility"), +rule.getAttribute("x1")]);
        const slider = document.querySelector("input"), [back, on] = all(".player button").slice(1);
        const slide = epoch => { slider.value = epoch; slider.oninput(); };
        at();
        slide(20); at();
        slide(7); at(); told();
        on.click(); told();
        back.click(); back.click(); told();
        document.querySelector("select").value = "10";
        document.querySelector(".go").click();
        await wait(1050);
        document.querySelector(".go").click();
        told();
        const canvas = document.querySelector("canvas"), context = canvas.getContext("2d");
        const dark = (x, y) => context.getImageData(
            Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data[0];
        const valley = Math.min(...Array.from({ length: 100 }, (_, i) => dark(i / 100, 0.5)));
        return [read, rules, [dark(0.001, 0.999), valley]];
        """,
    )
    assert told[:3] == [7, 8, 6]
    assert 14 <= told[3] <= 17  # ten epochs a second
    (first, _), (second, at_20), (third, at_7) = rules
    assert (first, second, third) == ("hidden", "visible", "visible")
    assert at_20 > at_7 > 0
    corner, valley = colors
    assert valley < corner - 60  # dark is low
