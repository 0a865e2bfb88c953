"""``nntrain report``: runs as a page of HTML with curves, and the loss as a surface with the ways over it."""

import base64
import json
import re
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from nntrain.diagnostics.surface import surface
from nntrain.report.charts import COLUMNS, Axis, Line, chart, colour, dash, thinned
from nntrain.report.surface import picture
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built

VOID = {"meta", "input"}


class Balanced(HTMLParser):
    """Reads a page whose elements have to be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Balanced:
    """Return what a page holds, which has to need nothing from elsewhere."""
    assert not re.search(r"https?:|src=|@import|url\(", page)
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def fitted(nntrain: CommandLine, folder: Path, recipe: str, *settings: str) -> Path:
    """Leave a run at ``folder``."""
    words = [word for setting in settings for word in ("--set", setting)]
    assert nntrain("fit", f"recipes/{recipe}.yaml", "--out", folder, "-q", *words).status == 0
    return folder


def test_a_run_is_a_page_in_its_directory(nntrain: CommandLine, tmp_path: Path) -> None:
    run = fitted(nntrain, tmp_path / "a<b>&c", "digits", "training.epochs=5", "schedule=cosine")
    ended = nntrain("report", run)
    assert (ended.status, ended.out) == (0, f"{run / 'report.html'}\n")
    page = (run / "report.html").read_text()
    found = read(page)
    summary = json.loads((run / "summary.json").read_text())
    for part in ("train", "validation", "test"):
        assert f"{summary[part]['loss']:.4g}" in found.text
    assert summary["verdict"] in found.text
    assert "a<b>&c" in found.text
    for title in ("loss", "accuracy on the validation part", "norm of the gradient", "learning rate"):
        assert f"<figcaption>{title}<small>" in page
    assert "1 dense 64→256 relu" in found.text
    assert "figure class" not in page  # more than two parameters


def test_lines_are_where_their_numbers_are() -> None:
    figure = chart("t", [Line("l", np.array([1.0, 2, 3, 5]), np.array([0.0, 10, np.nan, 5]), "red")])
    path = re.search(r'<path d="([^"]*)" stroke="red"', figure)
    assert path is not None
    assert path[1] == "M64.0 260.0h.1L185.0 14.0M548.0 137.0h.1"  # a lone point is a dot
    assert chart("t", [Line("l", np.array([1.0]), np.array([np.nan]), "red")]) == ""
    many = [Line(str(k), np.array([1.0, 2]), np.array([1.0, k]), colour(k), dash(k)) for k in range(8)]
    assert len(set(re.findall(r'd="M0 4h26" ([^/]*)/', chart("t", many)))) == 8  # all can be told apart


def test_the_widest_range_has_no_marks_and_the_narrowest_ones_that_differ() -> None:
    assert "<figure>" in chart("t", [Line("l", np.array([1.0, 2]), np.array([-1.7e308, 1.7e308]), "red")])
    narrow = chart("t", [Line("l", np.array([1.0, 2]), np.array([1e7, 1.00001e7]), "red")])
    labels = re.findall(r'text-anchor="end">([^<]*)<', narrow)
    assert len(labels) > 4
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("low", "high", "logarithmic", "marks"),
    [
        (0.0, 10.0, False, [0, 2, 4, 6, 8, 10]),
        (0.88, 0.97, False, [0.88, 0.9, 0.92, 0.94, 0.96]),
        (1e-4, 20.0, True, [1e-4, 1e-3, 1e-2, 0.1, 1, 10]),
        (1e-9, 20.0, True, [1e-9, 1e-7, 1e-5, 1e-3, 0.1, 10]),
        (2.0, 60.0, True, [20, 40, 60]),
        (5.0, 5.0, False, [5]),
    ],
)
def test_marks_are_round(low: float, high: float, logarithmic: bool, marks: list[float]) -> None:
    assert Axis(low, high, 100, logarithmic).marks() == pytest.approx(marks)


def test_many_points_are_thinned_and_their_peaks_stay() -> None:
    y = np.sin(np.arange(50_000) / 7)
    y[12_345], y[23_456], y[34_567] = 9, -9, np.nan
    kept = thinned(y)
    assert len(kept) <= 4 * COLUMNS
    assert {0, 12_345, 23_456, 49_999} <= set(kept.tolist())
    assert 0 < thinned(np.full(3000, np.nan)).size <= 4 * COLUMNS
    assert thinned(y[:100]).tolist() == list(range(100))


def test_ways_over_the_lectures_ravine(nntrain: CommandLine, tmp_path: Path) -> None:
    """K: the loss of o = w x + b, and gradient descent beside momentum on it."""
    runs = [
        fitted(nntrain, tmp_path / name, "ravine", f"optimizer={{name: {name}, lr: 0.03}}", "training.epochs=40")
        for name in ("sgd", "momentum")
    ]
    page = nntrain("report", *runs, "--out", "-").out
    found = read(page)
    assert "script" in found.seen
    assert [page.count(f"<title>{name}</title></polyline>") for name in ("sgd", "momentum")] == [1, 1]
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    ways = json.loads(data)
    assert [way[-1][0] for way in ways] == [40, 40]
    assert ways[0][0] == ways[1][0]  # both begin at the same weights
    assert ways[0][1] != ways[0][0]
    (image,) = re.findall(r"base64,([^\"]*)", page)
    assert base64.b64decode(image).startswith(b"\x89PNG")
    single = nntrain("report", runs[0], "--out", "-").out
    assert single.count("</polyline>") == 1

    other = fitted(nntrain, tmp_path / "other", "ravine", "loss=mae", "training.epochs=3", "optimizer=sgd")
    assert "<polyline" not in nntrain("report", runs[0], other, "--out", "-").out


def test_runs_on_other_rows_have_no_surface_in_common(nntrain: CommandLine, tmp_path: Path) -> None:
    noisy = ("data.source={name: line, rows: 50, noise: 3}", "training.epochs=3")
    one, two = (fitted(nntrain, tmp_path / seed, "line", *noisy, f"seed={seed}") for seed in "12")
    assert "<polyline" in nntrain("report", one, "--out", "-").out
    assert "<polyline" not in nntrain("report", one, two, "--out", "-").out


def test_parameters_of_two_layers_are_named_with_theirs(nntrain: CommandLine, tmp_path: Path) -> None:
    """o = w2 tanh(w1 x), whose origin is a saddle."""
    rows = "data.source={name: given, x: [[-1], [1]], o: [-1, 1]}"
    model = "model={hidden: [1], activation: tanh, learn_biases: false}"
    run = fitted(nntrain, tmp_path / "run", "line", rows, model, "training.epochs=5", "optimizer.lr=0.01")
    page = nntrain("report", run, "--out", "-").out
    assert ">1 w1</text>" in page
    assert ">2 w1</text>" in page


@pytest.mark.parametrize(
    ("file", "key", "value", "words"),
    [
        ("summary.json", "parameters", [1.0], "epoch 1 has others than the summary"),
        ("summary.json", "stopped", "x", "stopped: Input should be"),
        ("summary.json", "epochs", "<script>", "epochs: Input should be a valid integer"),
        ("summary.json", "seconds", None, "seconds: Input should be a valid number"),
        ("summary.json", "layers", [], "epoch 1 has others than the summary"),
        ("metrics.jsonl", "parameters", None, "epoch 1 has others than the summary"),
        ("metrics.jsonl", "train_loss", "much", "line 1, train_loss: Input should be a valid number"),
        ("summary.json", "epochs", 7, "has 2 epochs, and the summary 7"),
    ],
)
def test_a_damaged_run_is_refused(
    nntrain: CommandLine, tmp_path: Path, file: str, key: str, value: object, words: str
) -> None:
    run = fitted(nntrain, tmp_path / "run", "line", "training.epochs=2")
    first, *rest = [
        json.loads(line) for line in (run / file).read_text().replace("\n ", " ").replace("\n}", "}").splitlines()
    ]
    (run / file).write_text("\n".join(json.dumps(line) for line in [first | {key: value}, *rest]))
    for command in (("report", run), ("compare", run, run)):
        ended = nntrain(*command)
        assert (ended.status, ended.out) == (2, "")
        assert f"{run}/" in ended.err
        assert ": is damaged: " in ended.err
        assert words in ended.err


def test_the_surface_is_the_loss() -> None:
    plan = built(Path("recipes/ravine.yaml").read_text()).plan
    found = surface(plan, [np.array([[0.0, 0.0], [4.0, 2.0], [np.inf, 0]])])
    assert found.names == ("w1", "b")
    assert (found.x[0], found.x[-1]) == pytest.approx((-0.8, 4.8))
    engine = Engine(plan)
    for row, column in ((0, 0), (17, 3), (100, 80)):
        engine.theta[:2] = found.x[column], found.y[row]
        assert found.loss[row, column] == pytest.approx(engine.score(engine.train).loss)
    best = np.unravel_index(found.loss.argmin(), found.loss.shape)
    assert (found.x[best[1]], found.y[best[0]]) == pytest.approx((3, 1), abs=0.05)


def test_the_picture_is_a_png_dark_where_the_loss_is_low() -> None:
    loss = np.array([[5.0, 1.0, 3.0], [7.0, np.nan, 9.0]])
    image = picture(loss)
    assert struct.unpack(">II", image[16:24]) == (3, 2)
    start = image.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", image[start - 8 : start - 4])
    rows = np.frombuffer(zlib.decompress(image[start : start + length]), np.uint8).reshape(2, 10)[:, 1:]
    red = rows.reshape(2, 3, 3)[::-1, :, 0].astype(int)  # the highest row comes first
    assert red[0, 1] == red.min()
    assert red[1, 2] == red[1, 1] == red.max()
    assert red[0, 1] < red[0, 2] < red[1, 0]


def test_a_long_run_is_a_small_page(nntrain: CommandLine, tmp_path: Path) -> None:
    run = fitted(nntrain, tmp_path / "run", "iris", "training.epochs=8000", "training.early_stopping=null")
    assert len(nntrain("report", run, "--out", "-").out) < 200_000


def test_what_is_no_run_is_refused(nntrain: CommandLine, tmp_path: Path) -> None:
    iris = fitted(nntrain, tmp_path / "iris", "iris", "training.epochs=2")
    line = fitted(nntrain, tmp_path / "line", "line", "training.epochs=2")
    mixed = nntrain("report", iris, line)
    assert (mixed.status, mixed.out) == (2, "")
    assert "runs of classes and of numbers have no curves in common" in mixed.err
    (tmp_path / "empty").mkdir()
    assert "it lacks recipe.yaml, metrics.jsonl, summary.json" in nntrain("report", tmp_path / "empty").err
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
    assert "is a file of the run itself" in nntrain("report", run, "--out", run / "summary.json").err
    assert (run / "summary.json").read_bytes() == before
    assert "is named twice" in nntrain("report", run, f"{run}/").err


def test_without_its_rows_a_run_has_curves_and_no_surface(nntrain: CommandLine, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("x,y\n1,4\n2,7\n3,10\n4,13\n5,16\n")
    run = fitted(
        nntrain, tmp_path / "run", "line", f"data.source={{name: csv, path: {rows}, target: y}}", "training.epochs=9"
    )
    assert "<polyline" in nntrain("report", run, "--out", "-").out
    for changed in (
        "x,y\n1,4\n2,7\n3,10\n4,13\n5,99\n",
        "x,z,y\n1,1,4\n2,2,7\n3,1,10\n4,1,13\n5,1,16\n",
        "x,y\n1,4\n2,7\n",
    ):
        rows.write_text(changed)
        ended = nntrain("report", run, "--out", "-")
        assert ended.status == 0
        assert "<polyline" not in ended.out
        assert "without a surface, as the data are not what they were" in ended.err
    rows.unlink()
    assert nntrain("report", run, "--out", "-").status == 0


def test_a_run_that_diverged_leaves_room_for_the_others(nntrain: CommandLine, tmp_path: Path) -> None:
    good = fitted(nntrain, tmp_path / "good", "ravine", "training.epochs=40")
    bad = tmp_path / "bad"
    settings = ("--set", "optimizer.lr=3", "--set", "training.epochs=900")
    assert nntrain("fit", "recipes/ravine.yaml", "--out", bad, "-q", *settings).status == 3
    page = nntrain("report", good, bad, "--out", "-").out
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    (way, _) = json.loads(data)
    assert max(x for _, x, _ in way) - min(x for _, x, _ in way) > 100
