"""``nntrain trace``: the computational graph of one example with all its numbers (K, H, N)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nntrain.diagnostics.example_trace import trace
from nntrain.losses import Loss
from nntrain.recipe.document import dump_document
from nntrain.registry import members
from nntrain.training.engine import Engine
from tests.helpers import CommandLine, built, refused

BY_HAND = "recipes/by_hand.yaml"
WHOLE = {"validation": 0, "test": 0, "standardize": False}  # rows as they are, all for training


def test_the_lectures_example_number_for_number(nntrain: CommandLine) -> None:
    """N: backpropagation by hand."""
    found = nntrain("trace", BY_HAND, "--json").json
    hidden, output = found["layers"]
    assert (found["x"], found["target"], found["label"]) == ([1, 2], [3], [3])
    assert (hidden["z"], hidden["h"]) == ([4, -3, 5], [4, 0, 5])
    assert (output["z"], output["h"], found["loss"]) == ([6], [6], 9)
    assert (output["dh"], output["dz"], output["dbiases"]) == ([6], [6], [6])
    assert output["dweights"] == [[24], [0], [30]]
    assert hidden["dh"] == [-6, 18, 12]
    assert hidden["slope"] == [1, 0, 1]
    assert hidden["dz"] == hidden["dbiases"] == [-6, 0, 12]
    assert np.array(hidden["dweights"]).T.ravel().tolist() == [-6, -12, 0, 0, 12, 24]
    assert found["dx"] == [0, 18]


def test_it_reads_as_the_lecture_does(nntrain: CommandLine) -> None:
    lines = nntrain("trace", BY_HAND).out.splitlines()
    words = [line.split() for line in lines]
    for line in ("2 1 -2 0 -3 0", "1 -1 3 2 0 6 6", "1 6 1 6 24 0 30 6", "3 12 1 12 12 24 12"):
        assert line.split() in words
    assert "loss sum_squared_error: 9" in lines
    assert "dL/dx1 = 0, dL/dx2 = 18" in lines


def test_the_errors_of_the_lectures_table() -> None:
    """K: ½(o - o*)² of each example, for w = 1 ... 5."""
    table = [(2, 8, 18, 32, 50), (0.5, 2, 4.5, 8, 12.5), (0,) * 5, (0.5, 2, 4.5, 8, 12.5), (2, 8, 18, 32, 50)]
    recipe = Path("recipes/line_search.yaml").read_text()
    for w, errors in enumerate(table, start=1):
        given = f"  initializer: {{name: given, values: [[{w}]]}}\n  hidden: []\n"
        plan = built(recipe.replace("  hidden: []\n", given)).plan
        assert tuple(trace(plan, row).loss for row in range(1, 6)) == errors


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "elu", "prelu", "softmax"])
@pytest.mark.parametrize(("loss", "source"), [("cross_entropy", "iris"), ("mse", "iris"), ("mae", "diabetes")])
def test_the_rows_gradients_add_up_and_dx_is_the_derivative(activation: str, loss: str, source: str) -> None:
    """To the gradient of all rows; dL/dx by central differences."""
    recipe: dict[str, Any] = {
        "data": {"source": source, "validation": 0.46, "test": 0.46, "standardize_target": source == "diabetes"},
        "model": {"hidden": [5, 4], "activation": activation, "bias_initializer": "normal", "dropout": 0.4},
        "loss": loss,
        "training": {"dtype": "float64", "batch_size": "full"},
    }
    plan = built({**recipe, "model": {**recipe["model"], "dropout": 0}}).plan
    engine = Engine(plan)
    engine.loss_and_gradient()
    plan = built(recipe).plan
    rows = [trace(plan, row) for row in range(1, len(plan.data.train.x) + 1)]
    for number, (dW, db) in enumerate(plan.network.views(engine.grad)):
        layers = [row.layers[number] for row in rows]
        np.testing.assert_allclose(np.mean([layer.dweights for layer in layers], axis=0), dW, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(np.mean([layer.dbiases for layer in layers], axis=0), db, rtol=1e-9, atol=1e-12)
        for layer in layers:
            if layer.slope is not None:
                np.testing.assert_allclose(layer.dz, layer.slope * layer.dh, rtol=1e-9, atol=1e-13)
    x, first = plan.data.train.x, rows[0]
    for column in range(x.shape[1]):
        at = x[0, column]
        losses = []
        for step in (1e-6, -1e-6):
            x[0, column] = at + step
            losses.append(trace(plan, 1).loss)
        x[0, column] = at
        assert first.dx[column] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-7)


def test_what_is_learned_or_not_has_its_gradient_too(nntrain: CommandLine) -> None:
    data = ("--set", "data.source=iris", "--set", "data.standardize=true", "--set", "loss=cross_entropy")
    model = ("--set", "model={hidden: [3], activation: {name: prelu, shared: false}, learn_biases: false}")
    found = nntrain("trace", "recipes/by_hand.yaml", *data, *model, "--json").json
    hidden, output = found["layers"]
    assert hidden["dbiases"] == hidden["dz"]
    assert output["slopes"] is None
    assert hidden["slopes"] == [0.25] * 3
    below = [min(z, 0) * dh for z, dh in zip(hidden["z"], hidden["dh"], strict=True)]
    assert hidden["dslopes"] == pytest.approx(below)
    assert "slope1 = 0.25" in nntrain("trace", "recipes/by_hand.yaml", *data, *model).out


def test_a_row_that_overflows_is_told(nntrain: CommandLine) -> None:
    huge = "model={hidden: [4, 4, 4, 4, 4], activation: identity, initializer: {name: normal, scale: 1e9}}"
    ended = nntrain("trace", BY_HAND, "--set", huge, "--set", "training.dtype=float32")
    assert (ended.status, ended.out) == (3, "")
    assert "row 1 of the training split: an intermediate value is not finite" in ended.err


def test_a_trained_model_and_another_row(nntrain: CommandLine, tmp_path: Path) -> None:
    run = tmp_path / "run"
    nntrain("fit", "recipes/iris.yaml", "--out", run, "-q")
    model = nntrain("trace", run, "--row", 2, "--json").json
    recipe = nntrain("trace", "recipes/iris.yaml", "--row", 2, "--json").json
    assert model["x"] == pytest.approx(recipe["x"])
    assert model["label"] == recipe["label"]
    assert model["features"][0] == "sepal length (cm)"
    assert model["loss"] < recipe["loss"]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_wide_layers_are_cut_to_the_terminal_and_say_so(terminal: Callable[..., str], columns: int) -> None:
    out = terminal(columns, "trace", "recipes/digits.yaml", "--set", "model.activation=tanh")
    lines = [line.split() for line in out.splitlines()]
    assert [line.count("...") for line in lines if line[:1] == ["10"]] == [1, 1, 0, 1, 1]  # none of the classes
    assert not any(line[:1] == ["11"] for line in lines)
    heads = [line for line in out.splitlines() if line.startswith("unit") and "w1" in line]
    for head, inputs in zip(heads, (64, 256, 256, 64), strict=True):
        weights = len(re.findall(r"w\d+", head))
        said = f"weights 1–{weights} of {inputs}" if weights > 1 else f"weight 1 of {inputs}"
        assert said in " ".join(out.split())
        assert len(head) > columns - 13  # one weight more, of at most 11 characters, has no room
    assert "units 1–10 of 256" in out
    assert "and 54 more" in out


@pytest.mark.parametrize("columns", [60, 80])
def test_the_lectures_example_is_whole_on_a_narrow_terminal(terminal: Callable[..., str], columns: int) -> None:
    words = [line.split() for line in terminal(columns, "trace", BY_HAND).splitlines()]
    assert ["1", "-1", "3", "2", "0", "6", "6"] in words  # w9 = 2
    assert ["1", "6", "1", "6", "24", "0", "30", "6"] in words  # dL/dw9 = 30
    assert ["..."] not in words


def test_softmax_and_the_loss_of_each_class() -> None:
    """K: z = (2.8, 1.1, -0.5) gives o = (0.82, 0.15, 0.03); 0.198496 if the first class is true, 3.498496 reversed."""
    recipe = {
        "data": {"source": {"name": "given", "x": [[2.8, 1.1, -0.5]] * 3, "o": ["a", "b", "c"]}, **WHOLE},
        "model": {"hidden": [], "initializer": {"name": "given", "values": np.eye(3).tolist()}},
        "training": {"dtype": "float64"},
    }
    found = trace(built(recipe).plan, 1)
    assert found.classes is not None
    assert found.classes.target == 0
    assert found.classes.probabilities == pytest.approx([0.819964, 0.149793, 0.030243], abs=1e-6)
    assert found.classes.losses == pytest.approx([0.198495, 1.898495, 3.498495], abs=1e-6)
    assert found.loss == found.classes.losses[0]
    assert found.layers[-1].dh == pytest.approx(found.classes.probabilities - [1, 0, 0])


@pytest.mark.parametrize("loss", sorted(name for name, kind in members(Loss).items() if "classification" in kind.tasks))
def test_the_targets_loss_is_the_rows(loss: str) -> None:
    recipe = {"data": {"source": "moons"}, "model": {"hidden": [3]}, "loss": loss, "training": {"dtype": "float64"}}
    plan = built(recipe).plan
    for row in (1, 2, 3, 4, 5):
        found = trace(plan, row)
        assert found.classes is not None
        assert found.classes.target == plan.data.train.y[row - 1]
        assert found.classes.losses[found.classes.target] == pytest.approx(found.loss)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_class_is_named_with_its_unit(terminal: Callable[..., str], columns: int) -> None:
    out = terminal(columns, "trace", "recipes/digits.yaml", "--set", "model.hidden=[4]")
    assert "target 5, class 6 of 10" in " ".join(out.split())
    assert "counted from 1" in " ".join(out.split())
    assert "p = softmax(o)" in out
    (line,) = (line.split() for line in out.splitlines() if line.split()[:2] == ["6", "5"])
    assert line[4] == "1"  # the target among the classes


def test_the_target_is_shown_among_many_classes(terminal: Callable[..., str]) -> None:
    labels = [f"class {k}" for k in range(30)]
    source = {"name": "given", "x": [[k / 30] for k in range(30)], "o": labels}
    out = terminal(80, "trace", "-", "--row", 25, stdin=dump_document({"data": {"source": source, **WHOLE}}))
    assert "classes, p = softmax(o): 11 of 30 (see --json for all)" in out
    assert "class 24" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--row", 2], "--row: found 2, but the training split has 1 row\n  use 1"),
        (["--set", "model.norm=layer"], "cannot trace a network with batch or layer norm"),
        (
            ["--set", "model.initializer={name: given, values: [[1, 2]]}"],
            "model.initializer: found 1 lists of 2 numbers, but layer 2 needs 3 lists of 1 numbers",
        ),
        (
            ["--set", "model.bias_initializer={name: given, values: [1]}"],
            "model.bias_initializer: found 1 numbers, but layer 1 needs 3 numbers",
        ),
        (
            ["--set", "model.initializer={name: given, values: [[1e39], [1], [1]]}", "--set", "training.dtype=float32"],
            "model.initializer: found a number beyond 3.4e+38, but layer 2 needs 3 lists of 1 numbers",
        ),
        (
            ["--set", "data.source.x=[[1, 2], [3]]", "--set", "data.source.o=[1, 2]"],
            "the rows of x have 1 to 2 numbers",
        ),
        (["--set", "data.source.x=[[1, 2], [3, 4]]"], "x has 2 rows, and o has 1"),
        (
            ["--set", "data.source.o=[a, 1]", "--set", "data.source.x=[[1], [2]]"],
            "o has to be all numbers, all words, or",
        ),
        (["--set", "data.source.x=[]"], "data.source.x: found a list of 0, expected at least 1 entries"),
    ],
)
def test_what_does_not_suit_is_refused(nntrain: CommandLine, arguments: list[Any], words: str) -> None:
    ended = nntrain("trace", BY_HAND, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert words in ended.err


def test_weights_of_a_hidden_layer_are_named_by_its_place(nntrain: CommandLine, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(Path(BY_HAND).read_text().replace("[[2, 1, 1], [1, -2, 2]]", "[[2, 1], [1, -2, 2]]"))
    ended = nntrain("trace", recipe)
    assert (
        "recipe.yaml:12:7: model.hidden.0.initializer: found lists of different lengths, but layer 1 needs" in ended.err
    )


def test_given_words_are_classes(nntrain: CommandLine) -> None:
    recipe = """
        data: {source: {name: given, x: [[2.8, 1.1, -0.5], [-0.5, 1.1, 2.8], [0, 0, 0]], o: [a, a, b]},
               validation: 0, test: 0, standardize: false}
        model: {hidden: [], initializer: {name: given, values: [[1, 0], [0, 1], [0, 0]]}}
        training: {dtype: float64}
    """
    found = nntrain("trace", "-", "--json", stdin=recipe).json
    assert found["label"] == "a"
    assert found["loss"] == pytest.approx(np.log(1 + np.exp(1.1 - 2.8)))


def test_it_learns_from_there(nntrain: CommandLine, tmp_path: Path) -> None:
    fit = nntrain("fit", BY_HAND, "--out", tmp_path / "run", "--json", "-q").json
    assert fit["train"]["loss"] < 9


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_the_entropy_of_the_target_and_the_divergence_from_it(smoothing: float) -> None:
    """K's softmax of (2.8, 1.1, -0.5), with the loss 0.198496 for the target (1, 0, 0); both parts are SciPy's."""
    source = {"name": "given", "x": [[1], [1], [1]], "o": ["a", "b", "c"]}
    model = {"hidden": [], "initializer": {"name": "given", "values": [[2.8, 1.1, -0.5]]}}
    loss = {"name": "cross_entropy", "smoothing": smoothing}
    recipe = {"data": {"source": source, **WHOLE}, "model": model, "loss": loss, "training": {"dtype": "float64"}}
    found = trace(built(recipe).plan, 1)
    assert found.classes is not None
    assert found.classes.probabilities is not None
    assert found.classes.entropy is not None
    p, q = found.classes.probabilities, smoothing / 3 + (1 - smoothing) * np.eye(3)[0]
    assert found.classes.entropy == pytest.approx(stats.entropy(q))
    assert found.loss - found.classes.entropy == pytest.approx(stats.entropy(q, p))
    assert found.loss == pytest.approx(-q @ np.log(p))
    if not smoothing:
        assert found.loss == pytest.approx(0.198496, abs=1e-6)


def test_a_loss_without_probabilities_has_no_entropy() -> None:
    source = {"name": "given", "x": [[1], [1]], "o": ["a", "b"]}
    found = trace(built({"data": {"source": source, **WHOLE}, "model": {"hidden": []}, "loss": "hinge"}).plan, 1)
    assert found.classes is not None
    assert found.classes.entropy is None


def test_the_terms_of_the_graph_add_up(nntrain: CommandLine) -> None:
    """Into a unit to z, with b; out of a node to dL/dh, or dL/dx."""
    found = nntrain("trace", BY_HAND, "--graph", "--json").json
    nodes = {node["name"]: dict(node["forward"] + node["backward"]) for node in found["graph"]["nodes"]}
    edges = found["graph"]["edges"]
    assert list(nodes) == ["x1", "x2", "h1.1", "h1.2", "h1.3", "o1", "loss"]
    for name, values in nodes.items():
        into = [edge["term"] for edge in edges if edge["end"] == name and name != "loss"]
        out_of = [edge["back"] for edge in edges if edge["start"] == name]
        assert not into or sum(into) + values["b"] == values["z"]
        assert not out_of or sum(out_of) == values.get("dL/dh", values.get("dL/dx"))
    gradients = [edge["gradient"] for edge in edges if edge["gradient"] is not None]
    assert gradients == [-6, -12, 0, 0, 12, 24, 24, 0, 30]


def test_the_graph_as_a_table_and_as_files(nntrain: CommandLine, tmp_path: Path) -> None:
    lines = [line.split() for line in nntrain("trace", BY_HAND, "--graph").out.splitlines()]
    assert ["h1.3", "o1", "2", "10", "30", "12"] in lines
    assert "| h1.3 | o1 | 2 | 10 | 30 | 12 |" in nntrain("trace", BY_HAND, "--graph", "--format", "markdown").out
    dot, svg = tmp_path / "g.dot", tmp_path / "g.svg"
    assert nntrain("trace", BY_HAND, "-o", dot).out == f"{dot}\n"
    assert '"h1.3" -> "o1" [label="w = 2 | dL/dw = 30"];' in dot.read_text()
    assert nntrain("trace", BY_HAND, "-o", svg, "--dark").status == 0
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg.read_text())
    assert {"h1.3", "dL/dw = 30", "z = 5", "dL/dx = 18", "L = 9"} <= set(texts)
    assert "use a file name with .svg or .dot" in refused(nntrain, "trace", BY_HAND, "-o", tmp_path / "g.gif")


def test_a_wide_graph_is_cut_and_says_so(nntrain: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "g.dot"
    assert nntrain("trace", "recipes/digits.yaml", "-o", file).status == 0
    assert "// left out: inputs 11 to 64" in file.read_text()
    assert "left out: inputs 11 to 64; layer 1: units 11 to" in nntrain("trace", "recipes/digits.yaml", "--graph").out
