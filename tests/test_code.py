"""A user's own components: --code FILE."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nntrain.errors import InputError
from nntrain.recipe import code
from nntrain.recipe.code import FAMILIES, load_code
from nntrain.registry import members
from tests.helpers import ROOT, CommandLine, own_components, refused

ACTIVATION = '''"""Mine."""

from typing import ClassVar, Literal

import numpy as np

from nntrain.activations import BACKWARD, FORWARD, Activation
from nntrain.jit.kernels import CompiledFunction, compiled


@compiled(FORWARD)
def forward(z, h, shape):
    for i in range(z.size):
        h[i] = np.arctan(z[i])


@compiled(BACKWARD)
def backward(z, h, shape, d):
    for i in range(z.size):
        d[i] /= 1 + z[i] * z[i]


class Arctan(Activation):
    """Arc tangent.

    Formula:
        f(z) = arctan z

    Source: mine.
    """

    name: Literal["arctan"] = "arctan"
    forward: ClassVar[CompiledFunction] = forward
    backward: ClassVar[CompiledFunction] = backward
'''


@pytest.fixture(autouse=True)
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the components out again, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    with own_components():
        yield


def rule(change: tuple[str, str] = ("", "")) -> Path:
    """Write the rule that the README shows, with a change, and return its file."""
    block = re.search(r"```python my_rule.py\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    assert change[0] in block[1]
    file = Path("my_rule.py")
    file.write_text(block[1].replace(*change) if change[0] else block[1])
    return file


def test_an_own_optimizer_is_trained_listed_compared_and_evaluated_and_never_run_unasked(
    nntrain: CommandLine, moons: Path
) -> None:
    file = rule()
    run = ("--set", "optimizer=my_rule", "--set", "training.epochs=30")
    assert "unknown optimizer 'my_rule'" in refused(nntrain, "fit", moons, *run)
    fitted = nntrain("fit", moons, "--code", file, *run, "--out", "run", "-q", "--json")
    assert fitted.json["train"]["accuracy"] > 0.8
    assert "my_rule" in [one["name"] for one in nntrain("list", "optimizers", "--code", file, "--json").json]
    assert '"my_rule"' in nntrain("schema", "--code", file).out
    compared = nntrain("compare", moons, "--code", file, "--optimizers", "my_rule,adam", "--seeds", 2, "-q", "--json")
    assert {one["name"] for one in compared.json["variants"]} == {"my_rule", "adam"}
    assert nntrain("evaluate", "run", "--code", file).status == 0
    # a model never runs code: without --code, in a process that has not loaded the file, its rule is unknown
    for family in FAMILIES:
        family.members.pop("my_rule", None)
    code._loaded.clear()
    message = refused(nntrain, "evaluate", "run")
    assert "unknown optimizer 'my_rule'" in message
    assert "--code" in message
    assert "my_rule.py" not in (Path("run") / "recipe.yaml").read_text()


def test_the_gradient_of_an_own_activation_is_checked(nntrain: CommandLine, moons: Path) -> None:
    Path("mine.py").write_text(ACTIVATION)
    check = ("gradcheck", moons, "--set", "model.activation=arctan", "--rows", 8, "--dtype", "float64")
    assert nntrain(*check, "--code", "mine.py").status == 0
    assert (
        nntrain(
            "fit", moons, "--set", "model.activation=arctan", "--set", "training.dtype=float64", "--out", "run", "-q"
        ).status
        == 0
    )
    assert "cannot export arctan" in refused(nntrain, "export", "run", "--to", "numpy")
    assert "run" in nntrain("report", "run", "--code", "mine.py", "--out", "-").out
    Path("wrong.py").write_text(ACTIVATION.replace("1 + z[i]", "2 + z[i]").replace("arctan", "other"))
    Path("wrong.py").write_text(Path("wrong.py").read_text().replace("np.other", "np.arctan"))
    other = [text.replace("arctan", "other") if isinstance(text, str) else text for text in check]
    assert nntrain(*other, "--code", "wrong.py").status == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("(momentum,) = hyper", "a, b = hyper"),
            "my_rule.py:{}: unpacks 2 numbers from hyper, but MyRule has 1 key (momentum)",
        ),
        (
            ("np.sign(", "np.sgn("),
            "my_rule.py:{}: my_rule cannot be compiled: AttributeError: module 'numpy' has no attribute 'sgn'",
        ),
        (("grad[i]", "slope[i]"), "my_rule.py:{}: my_rule cannot be compiled: NameError: name 'slope' is not defined"),
        (("state_rows: ClassVar[int] = 1", ""), "lacks state_rows"),
        (('"my_rule"]', '"adam"]'), "adam is the name of a built-in optimizer"),
        (("import numpy as np", "import numpyy as np"), "my_rule.py:{}: ModuleNotFoundError: No module named 'numpyy'"),
        (("import numpy as np", "import numpy as"), "my_rule.py:{}:"),
    ],
)
def test_an_error_names_the_line(nntrain: CommandLine, moons: Path, change: tuple[str, str], message: str) -> None:
    file = rule(change)
    lines = file.read_text().splitlines()
    number = next((i for i, line in enumerate(lines, start=1) if change[1] and change[1] in line), 0)
    assert message.format(number) in refused(nntrain, "fit", moons, "--code", file, "--set", "optimizer=my_rule", "-q")
    if "compiled" not in message:
        assert "my_rule" not in members(FAMILIES[0])


def test_an_error_in_pythons_part_of_a_component_names_the_line(nntrain: CommandLine, moons: Path) -> None:
    Path("mine.py").write_text(
        "from typing import Literal\n\nfrom nntrain.schedules import Schedule\n\n\nclass Mine(Schedule):\n"
        '    """Mine."""\n\n    name: Literal["mine"] = "mine"\n\n    def factors(self, step, epoch, span):\n'
        "        return step / self.nothing\n"
    )
    message = refused(nntrain, "fit", moons, "--code", "mine.py", "--set", "schedule=mine", "-q")
    assert re.search(r"mine.py:12: AttributeError: .*nothing", message)


def test_what_is_no_component_is_refused(nntrain: CommandLine, moons: Path) -> None:
    Path("empty.py").write_text("x = 1\n")
    assert "defines no component" in refused(nntrain, "fit", moons, "--code", "empty.py")
    assert "cannot read" in refused(nntrain, "fit", moons, "--code", "missing.py")
    file = rule()
    text = file.read_text()
    file.write_text(text.replace('Literal["my_rule"] = "my_rule"', 'Literal["adam"] = "adam"'))
    assert "adam is the name of a built-in optimizer" in refused(nntrain, "fit", moons, "--code", file)
    file.write_text(text)
    assert "do not have your file" in refused(nntrain, "compare", moons, "--code", file, "--dask", "tcp://x:1")


def test_a_changed_file_is_read_again() -> None:
    file = rule()
    assert load_code(file) == ["my_rule"]
    assert load_code(file) == []
    rule(("momentum: Momentum = 0.9", "momentum: Momentum = 0.5"))
    assert load_code(file) == ["my_rule"]
    assert members(FAMILIES[0])["my_rule"].model_fields["momentum"].default == 0.5
    file.write_text("def f(:\n")
    with pytest.raises(InputError, match="invalid syntax"):
        load_code(file)
