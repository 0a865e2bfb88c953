"""``nntrain report``: runs as a page of HTML with curves, and the loss over one or two parameters with their paths."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.diagnostics.loss_surface import losses_at, surface
from nntrain.report.html.document import ASSETS, COLORS
from nntrain.report.html.lines import MIN_PARTS, Line, LineChart, line_figures, thinned
from nntrain.report.html.surface import TOLERANCE, RunPath, simplified, surface_figure
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built
from tests.pages import figures, read


def fitted(nntrain: CommandLine, folder: Path, recipe: str, *settings: str) -> Path:
    """Leave a run at ``folder``."""
    words = [word for setting in settings for word in ("--set", setting)]
    assert nntrain("fit", f"recipes/{recipe}.yaml", "--out", folder, "-q", *words).status == 0
    return folder


SURFACE, PROFILE = "training loss over w1 and b", "training loss over w1"


def test_a_run_is_a_page_in_its_directory(nntrain: CommandLine, tmp_path: Path) -> None:
    run = fitted(nntrain, tmp_path / "a<b>&c", "digits", "training.epochs=5", "schedule=cosine", "optimizer.lr=0.003")
    ended = nntrain("report", run)
    assert (ended.status, ended.out) == (0, f"{run / 'report.html'}\n")
    page = (run / "report.html").read_text()
    found = read(page)
    summary = json.loads((run / "summary.json").read_text())
    for part in ("train", "validation", "test"):
        assert f"{summary[part]['loss']:.4g}" in found.text
    assert summary["verdict"] in found.text
    assert "a<b>&c" in found.text
    for text in ("adam", "0.003, cosine"):  # the optimizer and its learning rate
        assert f">{text}</td>" in page
    drawn = figures(page)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    training, validation = drawn["loss"]["lines"]
    assert (training["label"], validation["label"]) == ("training", "validation")
    assert training["x"] == [1, 2, 3, 4, 5]
    assert training["y"] == pytest.approx([line["train_loss"] for line in lines], rel=1e-4)
    assert validation["y"] == pytest.approx([line["validation_loss"] for line in lines], rel=1e-4)
    for title, key in (
        ("validation accuracy", "validation_accuracy"),
        ("gradient norm", "gradient_norm"),
        ("learning rate", "learning_rate"),
    ):
        assert drawn[title]["lines"][0]["y"] == pytest.approx([line[key] for line in lines], rel=1e-4)
    assert drawn["gradient norm of each layer"]["lines"][0]["label"] == "1 dense 64→256 relu"
    assert "training loss over" not in " ".join(drawn)  # more than two parameters


def test_names_cannot_leave_the_page_s_texts_and_data(nntrain: CommandLine, tmp_path: Path) -> None:
    evil = "<!--<script>alert(1)<img onerror=x>'\"&amp;"
    one = fitted(nntrain, tmp_path / evil, "line", "training.epochs=2")
    two = fitted(nntrain, tmp_path / "two", "line", "training.epochs=3")
    page = nntrain("report", one, two, "--out", "-").out
    found = read(page)
    assert found.seen.count("script") == 2
    assert "img" not in found.seen
    assert found.text.count(evil) >= 2
    assert figures(page)["loss"]["lines"][0]["label"] == evil


def test_a_name_that_is_not_utf8_is_refused(nntrain: CommandLine, tmp_path: Path) -> None:
    run = fitted(nntrain, tmp_path / "run", "line", "training.epochs=2")
    odd = run.rename(tmp_path / b"r\xffn".decode("utf-8", "surrogateescape"))
    ended = nntrain("report", odd)
    assert ended.status == 2
    assert "r\\udcffn': the name of this directory is not UTF-8\n  rename it" in ended.err


def test_lines_of_the_table_of_losses_are_not_clamped(nntrain: CommandLine, tmp_path: Path) -> None:
    """K: 110, 27.5, 0, 27.5, 110 for w = 1 ... 5."""
    run = fitted(nntrain, tmp_path / "run", "line_search")
    drawn = figures(nntrain("report", run, "--out", "-").out)
    (line,) = drawn["loss"]["lines"]
    assert (drawn["loss"]["x"], line["y"]) == ("point tried", [110, 27.5, 0, 27.5, 110])
    profile = drawn[PROFILE]
    (path,) = profile["paths"]
    assert (profile["names"], profile["counted"]) == (["w1", "loss"], "point")
    assert (path["x"], path["y"], path["epochs"]) == ([1, 2, 3, 4, 5], [110, 27.5, 0, 27.5, 110], [1, 2, 3, 4, 5])
    w, loss = np.array(profile["at"]), np.array(profile["loss"])
    assert loss == pytest.approx(27.5 * (w - 3) ** 2, rel=1e-3, abs=1e-3)
    assert (w[0], w[-1]) == pytest.approx((0.2, 5.8))


def test_descent_over_one_weight_and_a_search_over_it(nntrain: CommandLine, tmp_path: Path) -> None:
    search = fitted(nntrain, tmp_path / "search", "line_search")
    descent = fitted(nntrain, tmp_path / "descent", "line_search", "optimizer={name: sgd, lr: 0.01}")
    drawn = figures(nntrain("report", search, descent, "--out", "-").out)
    assert drawn["loss"]["x"] == "epoch or point tried"
    first, second = drawn[PROFILE]["paths"]
    assert ("marks" in first, "marks" in second) == (True, False)
    assert (first["epochs"][0], second["epochs"][0]) == (1, 0)  # a search has no place to start from
    assert drawn[PROFILE]["last"] == 5


def test_a_long_search_keeps_its_best_point(nntrain: CommandLine, tmp_path: Path) -> None:
    search = "optimizer={name: random_search, low: -500, high: 500}"
    run = fitted(nntrain, tmp_path / "run", "line_search", search, "training.epochs=2000")
    profile = figures(nntrain("report", run, "--out", "-").out)[PROFILE]
    (path,) = profile["paths"]
    assert 1500 <= len(path["x"]) <= 1501
    assert profile["note"] == f"run: {len(path['x']):,} of 2,000 points drawn, including the best"
    best = json.loads((run / "summary.json").read_text())["train"]["loss"]
    assert min(path["y"]) == pytest.approx(best, rel=1e-4)
    assert (min(profile["at"]), max(profile["at"])) == pytest.approx((-700, 700), abs=10)


def test_lines_without_values_and_more_lines_than_colors_are_named() -> None:
    x = np.arange(1.0, 5)
    lines = [Line(f"run {k}", x, x * k, k) for k in range(30)] + [Line("empty", x, np.full(4, np.nan), 30)]
    (figure,) = line_figures([LineChart("t", lines)])
    assert figure["note"] == "no values: empty; colors and dashes repeat after 28 lines"
    looks = {(line["color"], line["dash"]) for line in figure["lines"][:28]}
    assert len(looks) == 28
    assert line_figures([LineChart("t", lines[-1:])]) == []


def test_values_keep_their_digits_and_what_is_not_finite_is_left_out() -> None:
    y = np.array([0.1234567, np.nan, 5e-324, -1.7e308, 3.0, np.inf])
    (figure,) = line_figures([LineChart("t", [Line("l", np.arange(6.0), y, 0)])])
    assert figure["lines"][0]["y"] == [0.12346, None, 5e-324, -1.7e308, 3, None]


def test_many_points_are_thinned_and_their_peaks_stay() -> None:
    y = np.sin(np.arange(50_000) / 7)
    y[12_345], y[23_456], y[34_567] = 9, -9, np.nan
    kept = thinned(y, 200)
    assert len(kept) <= 800
    assert {0, 12_345, 23_456, 49_999} <= set(kept.tolist())
    assert 0 < thinned(np.full(3000, np.nan), 200).size <= 800
    assert thinned(y[:100], 200).tolist() == list(range(100))
    many = [LineChart(f"t{k}", [Line("l", np.arange(50_000.0), y, 0)] * 20) for k in range(20)]
    drawn = line_figures(many)
    assert all(len(line["x"]) <= 4 * MIN_PARTS for figure in drawn for line in figure["lines"])
    assert drawn[0]["note"] == "thinned: the first, lowest, highest and last of every 2,000 points"


def test_a_path_is_simplified_within_half_a_pixel() -> None:
    steps = np.random.default_rng(0).normal(size=(5000, 2)) * np.exp(-np.arange(5000) / 300)[:, None]
    path = np.cumsum(steps, axis=0)
    path = (path - path.min(axis=0)) / np.ptp(path, axis=0)
    keep = simplified(path, most=5000)
    assert (keep[0], keep[-1]) == (0, 4999)
    assert 100 < len(keep) < 3000
    drawn = np.stack([np.interp(np.arange(5000), keep, path[keep, i]) for i in range(2)], axis=1)
    assert np.abs(drawn - path).max() <= TOLERANCE
    assert len(simplified(path, most=50)) == 50
    assert simplified(path[:1]).tolist() == [0]
    assert simplified(path[:2]).tolist() == [0, 1]


def test_paths_over_the_lectures_ravine(nntrain: CommandLine, tmp_path: Path) -> None:
    """K: the loss of o = w x + b, and gradient descent beside momentum on it."""
    runs = [
        fitted(nntrain, tmp_path / name, "ravine", f"optimizer={{name: {name}, lr: 0.03}}", "training.epochs=40")
        for name in ("sgd", "momentum")
    ]
    page = nntrain("report", *runs, "--out", "-").out
    read(page)
    drawn = figures(page)[SURFACE]
    assert (drawn["names"], drawn["last"]) == (["w1", "b"], 40)
    one, two = drawn["paths"]
    assert (one["label"], two["label"]) == ("sgd", "momentum")
    assert (one["x"][0], one["y"][0]) == (two["x"][0], two["y"][0])  # both begin at the same weights
    assert (one["epochs"][0], one["epochs"][-1]) == (0, 40)
    last = json.loads((runs[0] / "metrics.jsonl").read_text().splitlines()[-1])["parameters"]
    assert (one["x"][-1], one["y"][-1]) == pytest.approx(last, rel=1e-5)
    rows = [(1, 4), (2, 7), (3, 10), (4, 13), (5, 16)]
    for w, b, loss in zip(one["x"], one["y"], one["loss"], strict=True):
        assert loss == pytest.approx(np.mean([(w * x + b - o) ** 2 for x, o in rows]), rel=1e-3)
    assert len(figures(nntrain("report", runs[0], "--out", "-").out)[SURFACE]["paths"]) == 1

    other = fitted(nntrain, tmp_path / "other", "ravine", "loss=mae", "training.epochs=3", "optimizer=sgd")
    ended = nntrain("report", runs[0], other, "--out", "-")
    assert SURFACE not in figures(ended.out)
    assert "no loss surface: report: the runs differ in their data, loss or network" in ended.err


def test_runs_on_other_rows_have_no_surface_in_common(nntrain: CommandLine, tmp_path: Path) -> None:
    noisy = ("data.source={name: line, rows: 50, noise: 3}", "training.epochs=3")
    one, two = (fitted(nntrain, tmp_path / seed, "line", *noisy, f"seed={seed}") for seed in "12")
    assert SURFACE in figures(nntrain("report", one, "--out", "-").out)
    assert SURFACE not in figures(nntrain("report", one, two, "--out", "-").out)


def test_parameters_of_two_layers_are_named_with_theirs(nntrain: CommandLine, tmp_path: Path) -> None:
    """o = w2 tanh(w1 x), whose origin is a saddle."""
    rows = "data.source={name: given, x: [[-1], [1]], o: [-1, 1]}"
    model = "model={hidden: [1], activation: tanh, learn_biases: false}"
    run = fitted(nntrain, tmp_path / "run", "line", rows, model, "training.epochs=5", "optimizer.lr=0.01")
    figure = figures(nntrain("report", run, "--out", "-").out)["training loss over 1 w1 and 2 w1"]
    assert figure["names"] == ["1 w1", "2 w1"]


def test_the_surface_is_the_loss_and_its_heights_give_it_back() -> None:
    plan = built(Path("recipes/ravine.yaml").read_text()).plan
    path = np.array([[0.0, 0.0], [4.0, 2.0], [np.inf, 0]])
    losses = losses_at(plan, path)
    found = surface(plan, path)
    assert found.names == ("w1", "b")
    (x, y), engine = found.axes, Engine(plan)
    assert (x[0], x[-1]) == pytest.approx((-0.8, 4.8))
    for row, column in ((0, 0), (17, 3), (100, 80)):
        engine.theta[:2] = x[column], y[row]
        assert found.loss[row, column] == pytest.approx(engine.score(engine.train).loss)
    best = np.unravel_index(found.loss.argmin(), found.loss.shape)
    assert (x[best[1]], y[best[0]]) == pytest.approx((3, 1), abs=0.05)
    figure = surface_figure(found, [RunPath("run", path)], [losses])
    heights = np.frombuffer(base64.b64decode(figure["heights"]), "<u2").reshape(found.loss.shape)
    again = figure["low"] + figure["unit"] * np.expm1(heights / 65535 * figure["top"])
    np.testing.assert_allclose(again, found.loss, rtol=1e-3)


def test_a_long_run_is_a_small_page(nntrain: CommandLine, tmp_path: Path) -> None:
    run = fitted(nntrain, tmp_path / "run", "iris", "training.epochs=8000", "training.early_stopping=null")
    assert len(nntrain("report", run, "--out", "-").out) < 200_000


def test_what_is_no_run_is_refused(nntrain: CommandLine, tmp_path: Path) -> None:
    iris = fitted(nntrain, tmp_path / "iris", "iris", "training.epochs=2")
    line = fitted(nntrain, tmp_path / "line", "line", "training.epochs=2")
    mixed = nntrain("report", iris, line)
    assert (mixed.status, mixed.out) == (2, "")
    assert "cannot put classification and regression runs on one page" in mixed.err
    (tmp_path / "empty").mkdir()
    assert "it has no recipe.yaml, metrics.jsonl, summary.json" in nntrain("report", tmp_path / "empty").err
    (iris / "metrics.jsonl").write_text('{"epoch": "one"}\n')
    damaged = nntrain("report", iris)
    assert damaged.status == 2
    assert f"{iris / 'metrics.jsonl'}: is damaged: line 1, epoch: Input should be" in damaged.err


def test_what_is_no_file_stays_what_it_is(nntrain: CommandLine, tmp_path: Path) -> None:
    run = fitted(nntrain, tmp_path / "run", "line", "training.epochs=2")
    assert nntrain("report", run, "--out", "/dev/null").status == 0
    assert Path("/dev/null").is_char_device()
    (tmp_path / "link").symlink_to(tmp_path / "page.html")
    assert nntrain("report", run, "--out", tmp_path / "link").status == 0
    assert (tmp_path / "link").is_symlink()
    read((tmp_path / "page.html").read_text())
    before = (run / "summary.json").read_bytes()
    assert "would overwrite a file of the run" in nntrain("report", run, "--out", run / "summary.json").err
    assert (run / "summary.json").read_bytes() == before
    assert "is given twice" in nntrain("report", run, f"{run}/").err


def test_without_its_rows_a_run_has_curves_and_no_surface(nntrain: CommandLine, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n1,4\n2,7\n3,10\n4,13\n5,16\n")
    run = fitted(
        nntrain, tmp_path / "run", "line", f"data.source={{name: csv, path: {rows}, target: y}}", "training.epochs=9"
    )
    assert SURFACE in figures(nntrain("report", run, "--out", "-").out)
    for changed in (
        "x,y\n1,4\n2,7\n3,10\n4,13\n5,99\n",
        "x,z,y\n1,1,4\n2,2,7\n3,1,10\n4,1,13\n5,1,16\n",
        "x,y\n1,4\n2,7\n",
    ):
        rows.write_text(changed)
        ended = nntrain("report", run, "--out", "-")
        assert ended.status == 0
        assert SURFACE not in figures(ended.out)
        assert "no loss surface: " in ended.err
    rows.unlink()
    assert nntrain("report", run, "--out", "-").status == 0


@pytest.mark.parametrize(("recipe", "title"), [("ravine", SURFACE), ("line_search", PROFILE)])
def test_a_run_that_diverged_leaves_room_for_the_others(
    nntrain: CommandLine, tmp_path: Path, recipe: str, title: str
) -> None:
    good = fitted(nntrain, tmp_path / "good", recipe, "training.epochs=40", "optimizer={name: sgd, lr: 0.02}")
    bad = tmp_path / "bad"
    settings = ("--set", "optimizer={name: sgd, lr: 3}", "--set", "training.epochs=900")
    assert nntrain("fit", f"recipes/{recipe}.yaml", "--out", bad, "-q", *settings).status == 3
    figure = figures(nntrain("report", good, bad, "--out", "-").out)[title]
    alone = figures(nntrain("report", good, "--out", "-").out)[title]
    ends = ("xs", "ys") if recipe == "ravine" else ("at",)
    for axis in ends:
        wide, narrow = (max(one[axis]) - min(one[axis]) for one in (figure, alone))
        assert wide < 20 * narrow
    assert re.search(r"bad: far outside from epoch \d on", figure["note"])
    only = figures(nntrain("report", bad, "--out", "-").out)[title]
    assert len(only["paths"][0]["x"]) >= 2


def test_the_palette_keeps_its_colors_apart_for_the_color_blind() -> None:
    """By Machado et al. 2009 at full severity, in CIELAB; and at 3:1 at least from the background (WCAG 1.4.11)."""
    views = np.array(
        [
            np.eye(3),
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
        ]
    )
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])

    def linear(colors: list[str]) -> Any:
        values = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
        return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)

    def lab(rgb: Any) -> Any:
        x, y, z = np.cbrt((rgb @ to_xyz.T / [0.9505, 1, 1.089]).T)
        return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)

    css = (ASSETS / "page.css").read_text()
    for scheme in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        palette = linear([re.findall(rf"--c{k}: (#\w+)", scheme)[0] for k in range(COLORS)])
        (paper,) = linear(re.findall(r"--paper: (#\w+)", scheme)) @ to_xyz[1]
        bright = palette @ to_xyz[1]
        assert ((np.maximum(bright, paper) + 0.05) / (np.minimum(bright, paper) + 0.05)).min() >= 3
        for view in views:
            seen = lab(np.clip(palette @ view.T, 1e-6, 1))
            far = np.linalg.norm(seen[:, None] - seen, axis=-1) + 1e3 * np.eye(COLORS)
            assert far.min() > 17  # some 2.3 are just noticeable side by side
