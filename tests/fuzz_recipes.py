"""Recipes that are wrong in any way: each is trained or refused, and nothing else happens.

    python -m tests.fuzz_recipes FOLDER CASES SEED

The shipped recipes are changed, as data and as text; then `show`, `fit` and `diagnose` run on them.
"""

import copy
import os
import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nntrain.activations import Activation
from nntrain.cli import diagnose, fit, show
from nntrain.data import Source
from nntrain.initializers import Initializer
from nntrain.losses import Loss
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.optimizers.averaging import Averaging
from nntrain.recipe.document import dump_document, read_document
from nntrain.recipe.schema import parse, to_data
from nntrain.registry import Component, members
from nntrain.schedules import Schedule
from nntrain.utils.resources import shipped_recipes
from tests.fuzzing import STRANGE, Outcomes, places, settings_of

FAMILIES: dict[str, type[Component]] = {
    "loss": Loss,
    "activation": Activation,
    "output": Activation,
    "initializer": Initializer,
    "bias_initializer": Initializer,
    "norm": Norm,
    "source": Source,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "averaging": Averaging,
}
OWN: tuple[Any, ...] = (
    *(10, 100, 5_000, 1e-320, 1e200, 1e100, 1e38, 1e39, 1e19, 1e-40, 0.999999, -1e200),
    *(
        [5_000],
        [999_999, 999_999],
        [5, 5, 5],
        "sgd",
        "full",
        {"units": 3},
        {"units": 2, "norm": "batch"},
        {"a": {}},
    ),
)
KEYS = ("name", "lr", "dropout", "x\x1b[2J", "batch_size", "p" * 3000)


def change(draw: st.DataObject, recipe: dict[str, Any]) -> None:
    """Change one thing in a recipe."""
    kind = draw.draw(st.sampled_from(["value", "value", "value", "component", "component", "leave out", "add"]))
    wanted = [keys for keys in places(recipe) if kind != "component" or keys[-1] in FAMILIES]
    if not wanted:
        return
    keys = draw.draw(st.sampled_from(wanted))
    inside: Any = recipe
    for step in keys[:-1]:
        inside = inside[step]
    last: Any = keys[-1]
    strange: Any = draw.draw(st.sampled_from(STRANGE + OWN))
    if kind == "component":
        family = members(FAMILIES[last])
        name = draw.draw(st.sampled_from(list(family)))
        inside[last] = {"name": name}
        fields = [field for field in family[name].model_fields if field != "name"]
        if fields:
            inside[last][draw.draw(st.sampled_from(fields))] = copy.deepcopy(strange)
    elif kind == "leave out":
        del inside[last]
    elif kind == "add" and isinstance(inside, dict):
        inside[str(draw.draw(st.sampled_from(KEYS)))] = inside[last]
    else:
        inside[last] = copy.deepcopy(strange)


def fuzz(folder: Path, cases: int, seed: int) -> Outcomes:
    """Run the commands on so many recipes, and return what came of them."""
    os.chdir(folder)
    texts = {name: path.read_text() for name, path in shipped_recipes().items()}
    whole = [to_data(parse(read_document(name, text))) for name, text in texts.items()]
    file, outcomes = Path("case.yaml"), Outcomes(Path())

    @settings_of(cases, seed)
    @given(st.data())
    def case(draw: st.DataObject) -> None:
        if draw.draw(st.integers(0, 3)) == 0:
            text = draw.draw(st.sampled_from(list(texts.values())))
            for _ in range(draw.draw(st.integers(1, 3))):
                at, length = draw.draw(st.integers(0, len(text))), draw.draw(st.integers(0, 3))
                text = text[:at] + draw.draw(st.text(max_size=3)) + text[at + length :]
        else:
            recipe = read_document("r", dump_document(draw.draw(st.sampled_from(whole)))).data
            for _ in range(draw.draw(st.integers(1, 3))):
                change(draw, recipe)
            text = dump_document(recipe)
        file.write_text(text, errors="surrogatepass")
        outcomes.run(file, show.command, str(file), ["training.epochs=2"])
        outcomes.run(file, fit.command, str(file), ["training.epochs=2"], Path("run"), overwrite=True, quiet=True)
        outcomes.run(file, diagnose.command, str(file), ["training.epochs=2"])

    case()
    return outcomes


if __name__ == "__main__":
    fuzz(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).report()
