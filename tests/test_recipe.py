"""Recipes: YAML 1.2, places, overrides, problems, and the schema for editors."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.activations import Activation
from nntrain.cli.schema import schema
from nntrain.data import Source
from nntrain.errors import InputError
from nntrain.initializers import Initializer
from nntrain.losses import Loss
from nntrain.optimizers import Optimizer
from nntrain.recipe.document import dump_document, read_document
from nntrain.recipe.overrides import apply_overrides
from nntrain.recipe.schema import Recipe, parse, to_data
from nntrain.registry import members
from nntrain.schedules import Schedule
from nntrain.utils.resources import recipes_folder, shipped_recipes
from tests.helpers import CommandLine, built


def problems(text: str, *settings: str) -> list[str]:
    with pytest.raises(InputError) as error:
        parse(apply_overrides(read_document("r.yaml", text), settings))
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E4", 1e4),
        (".5", 0.5),
        ("3.", 3.0),
        ("-.inf", float("-inf")),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-12", -12),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("'1'", "1"),
        ("nan", "nan"),
        ("<<", "<<"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = read_document("r.yaml", f"key: {text}").data["key"]
    assert found == value
    assert type(found) is type(value)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="ascii", min_codepoint=32)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_1", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.dictionaries(st.sampled_from(["a", "no", "x_1"]), PLAIN))
def test_what_is_dumped_is_read_back(data: dict[str, Any]) -> None:
    assert read_document("r.yaml", dump_document(data)).data == data


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", ["r.yaml:1:", "not valid YAML"]),
        ("\ta: 1", ["r.yaml:1:1", "not valid YAML"]),
        ("a: !!python/object/apply:os.system [ls]", ["r.yaml:1:4", "tags"]),
        ("a: !!str 1", ["r.yaml:1:4", "tags"]),
        ("a: &a [*a]", ["nested too deeply"]),
        ("[" * 3000, ["nested too deeply"]),
        ("a: " + "9" * 5000, ["r.yaml:1:4", "too many digits"]),
        ("a: 1\nb: \x01", ["r.yaml:2", "not valid YAML"]),
        ("a: 1\n---\nb: 2", ["r.yaml:2:1", "not valid YAML"]),
        ("a: &a [" + "1," * 99 + "1]\nb: &b [" + "*a," * 99 + "*a]\nc: [*b, *b]", ["more than 10000 values"]),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str, words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        read_document("r.yaml", text)
    for word in words:
        assert word in str(error.value)


WRONG = """\
name: 3
seed: -1
data:
  source: {name: moonz, rows: 5}
  validation: 1.5
  tset: 0.1
model:
  hidden: [64, 0, "x"]
  activation: rely
  initializer: {scale: 1}
loss: {name: mse, foo: 1}
optimizer:
  name: adam
  beta_1: 0.9
  lr: "1e-3"
  lr: 1
  eps: .nan
training:
  batch_size: ful
  epochs: no
  early_stopping: 5
  dtype: float16
"""


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    found = problems(WRONG)
    expected = [
        ("r.yaml:1:1: name: found 3, expected text",),
        ("r.yaml:2:1: seed: found -1, expected a number >= 0",),
        ("r.yaml:4:3: data.source: unknown source 'moonz'", "did you mean moons?", "allowed: line, sine"),
        ("r.yaml:5:3: data.validation: found 1.5, expected a number < 1",),
        ("r.yaml:6:3: data.tset: unknown key", "did you mean test?", "allowed: source, validation"),
        ("r.yaml:8:16: model.hidden.1: found 0, expected a number >= 1",),
        ("r.yaml:8:19: model.hidden.2: found the text 'x', expected a whole number",),
        ("r.yaml:9:3: model.activation: unknown activation 'rely'", "did you mean relu?"),
        ("r.yaml:10:3: model.initializer: the name is missing",),
        ("r.yaml:11:19: loss.foo: unknown key",),
        ("r.yaml:14:3: optimizer.beta_1: unknown key", "did you mean beta1?"),
        ("r.yaml:15:3: optimizer.lr: found the text '1e-3', expected a number",),
        ("r.yaml:16:3: optimizer.lr: duplicate key, first in line 15",),
        ("r.yaml:17:3: optimizer.eps: found nan, expected a finite number",),
        (
            "r.yaml:19:3: training.batch_size: found the text 'ful', expected a whole number or 'full'",
            "did you mean full?",
        ),
        ("r.yaml:20:3: training.epochs: found the text 'no', expected a whole number",),
        ("r.yaml:21:3: training.early_stopping: found 5, expected a mapping",),
        ("r.yaml:22:3: training.dtype: found the text 'float16', expected 'float32' or 'float64'", "did you mean"),
    ]
    assert len(found) == len(expected), "\n".join(found)
    for problem, words in zip(found, expected, strict=True):
        for word in words:
            assert word in problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5", "r.yaml: recipe: found 5, expected a mapping"),
        ("- data", "r.yaml: recipe: found a list of 1, expected a mapping"),
        ("{}", "r.yaml: data: is missing"),
        ("data: {source: csv}", "r.yaml:1:8: data.source.path: is missing"),
        ("data: {source: iris}\ntraining: {grad_tol: 1, batch_size: 5}", "grad_tol needs batch_size: full"),
        ("data: {source: iris, validation: true}", "data.validation: found true, expected a number"),
        ("data: {source: iris}\nseed: 1.0", "seed: found 1.0, expected a whole number"),
        ("data: {source: iris}\noptimizer: {lr: 0}", "r.yaml:2:13: optimizer.lr: found 0, expected a number > 0"),
        ("data: {source: iris}\noptimizer: {lr: .inf}", "optimizer.lr: found inf, expected a finite number"),
        (
            "data: {source: iris}\nmodel: {hidden: [8, {units: 0}]}",
            "model.hidden.1.units: found 0, expected a number >= 1",
        ),
        (
            "data: {source: iris}\nmodel: {hidden: [{units: 4, activatio: tanh}]}",
            "r.yaml:2:29: model.hidden.0.activatio",
        ),
        ("data: {source: iris}\nmodel: {hidden: [{activation: tanh}]}", "model.hidden.0.units: is missing"),
        ("data: {source: iris}\nmodel: {hidden: [{units: 4, activation: tan}]}", "did you mean tanh?"),
        (
            "data: {source: iris}\nmodel: {hidden: [2000000]}",
            "model.hidden.0: found 2000000, expected a number <= 1000000",
        ),
    ],
)
def test_single_problems(text: str, words: str) -> None:
    assert words in problems(text)[0]


RECIPE = "data: {source: moons}\noptimizer: sgd\n"


def overridden(*settings: str) -> Recipe:
    return parse(apply_overrides(read_document("r.yaml", RECIPE), settings))


def test_overrides_follow_the_rules_of_the_file() -> None:
    recipe = overridden("optimizer.lr=1e-3", "model.hidden=[8, 4]", "training.epochs=7", "data.source.noise=0.3")
    assert recipe.optimizer.name == "sgd"
    assert recipe.optimizer.lr == 1e-3
    assert recipe.model.hidden == [8, 4]
    assert recipe.training.epochs == 7
    assert recipe.data.source.model_dump()["noise"] == 0.3
    assert overridden("training.early_stopping.patience=3").training.early_stopping is not None
    assert overridden("optimizer={name: adam, beta1: 0.5}").optimizer.model_dump()["beta1"] == 0.5
    assert overridden("training.early_stopping={}", "training.early_stopping=").training.early_stopping is None
    assert overridden("name=a=b").name == "a=b"


def test_a_layer_may_have_settings_of_its_own() -> None:
    model = """\
hidden:
  - 16
  - {units: 8, activation: tanh, initializer: orthogonal, bias_initializer: {name: constant, value: 0.5}, dropout: 0.2}
  - {units: 4, dropout: 0}
activation: elu
dropout: 0.1
"""
    plan = built({"data": {"source": "iris"}, "model": read_document("model", model).data}).plan
    found = [
        (layer.n_in, layer.n_out, layer.activation.name, layer.initializer.name, layer.dropout)
        for layer in plan.network.layers
    ]
    assert found == [
        (4, 16, "elu", "he_uniform", 0.1),
        (16, 8, "tanh", "orthogonal", 0.2),
        (8, 4, "elu", "he_uniform", 0.0),
        (4, 3, "identity", "glorot_uniform", 0.0),
    ]
    assert [layer.bias_initializer.name for layer in plan.network.layers] == ["zeros", "constant", "zeros", "zeros"]


def test_keys_without_a_name_mean_the_default_optimizer() -> None:
    assert parse(read_document("r.yaml", "data: {source: iris}\noptimizer: {lr: 0.5}")).optimizer.name == "adam"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("optimizer.lr", "--set optimizer.lr: expected key=value"),
        ("=1", "expected key=value"),
        ("optimizer.lr=fast", "--set optimizer.lr=fast: optimizer.lr: found the text 'fast', expected a number"),
        ("optimiser.lr=1", "--set optimiser.lr=1: optimiser: unknown key"),
        ("seed.x=1", "--set seed.x=1: seed: found a mapping, expected a whole number"),
        ("data.source=[1", "not valid YAML"),
        ("model.hidden=[0]", "--set model.hidden=[0]: model.hidden.0: found 0"),
        ("training={epochs: 1, epochs: 2}", "duplicate key"),
    ],
)
def test_wrong_overrides_are_named(setting: str, words: str) -> None:
    assert words in problems(RECIPE, setting)[0]


def test_a_key_that_holds_a_number_holds_no_keys() -> None:
    assert "is not a mapping" in problems("seed: 3\ndata: {source: iris}", "seed.x=1")[0]


def test_the_resolved_recipe_is_read_back_the_same() -> None:
    for path in shipped_recipes().values():
        recipe = parse(read_document(path.name, path.read_text()))
        again = parse(read_document("resolved.yaml", dump_document(to_data(recipe))))
        assert again == recipe
        assert Recipe.model_validate(json.loads(json.dumps(to_data(recipe)))) == recipe


FAMILIES: dict[str, type[Any]] = {
    "optimizer": Optimizer,
    "loss": Loss,
    "schedule": Schedule,
    "model.activation": Activation,
    "model.initializer": Initializer,
    "data.source": Source,
}
NAMES = [(key, name) for key, family in FAMILIES.items() for name in members(family)]


@pytest.mark.parametrize(("key", "name"), NAMES)
def test_every_component_can_be_named_and_comes_back(key: str, name: str) -> None:
    settings = [f"{key}={name}"]
    needed = {
        "csv": ["path=x.csv", "target=y"],
        "table": ["path=x.csv", "target=y"],
        "step": ["every=3"],
        "warm_restarts": ["first=4"],
    }
    needed["given"] = ["x=[[1]]", "o=[2]"] if key == "data.source" else ["values=[1]"]
    settings += [f"{key}.{setting}" for setting in needed.get(name, [])]
    data = to_data(overridden(*settings))
    for step in key.split("."):
        data = data[step]
    assert data["name"] == name


@pytest.mark.parametrize(("key", "name"), NAMES)
def test_every_component_says_what_it_computes_and_who_says_so(key: str, name: str) -> None:
    doc = members(FAMILIES[key])[name].__doc__ or ""
    assert "Formula:" in doc
    assert "Source:" in doc
    fields = members(FAMILIES[key])[name].model_fields
    assert all(field.description for field_name, field in fields.items() if field_name != "name")


VALIDATOR = jsonschema.Draft7Validator(schema())


def test_the_schema_is_draft_7_and_fresh() -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    assert "$defs" not in json.dumps(schema())
    file = recipes_folder() / "recipe.schema.json"
    assert json.loads(file.read_text()) == json.loads(json.dumps(schema())), f"run: nntrain schema > {file}"


@pytest.mark.parametrize("path", shipped_recipes().values(), ids=lambda path: path.stem)
def test_shipped_recipes_are_valid_and_name_the_schema(path: Path) -> None:
    text = path.read_text()
    assert not list(VALIDATOR.iter_errors(read_document(path.name, text).data))
    modelines = text.splitlines()[:2]
    assert modelines == ["# yaml-language-server: $schema=recipe.schema.json", "# $schema: recipe.schema.json"]
    assert VALIDATOR.is_valid(to_data(parse(read_document(path.name, text))))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "data: {source: moonz}",
        "data: {source: moons, tset: 1}",
        "data: {source: {rows: 5}}",
        "data: {source: {name: moons, rows: 0}}",
        "data: {source: moons}\noptimizer: {name: sgd, momentum: 0.5}",
        "data: {source: moons}\noptimizer: {lr: fast}",
        "data: {source: moons}\nmodel: {hidden: [0]}",
        "data: {source: moons}\ntraining: {batch_size: ful}",
    ],
)
def test_the_schema_refuses_what_nntrain_refuses(text: str) -> None:
    assert problems(text)
    assert not VALIDATOR.is_valid(read_document("r.yaml", text).data)


@pytest.mark.parametrize(
    "text",
    [
        "data: {source: moons}\noptimizer: adam",
        "data: {source: iris}\noptimizer: {lr: 1}",
        "data: {source: iris}\nloss: null",
    ],
)
def test_the_schema_takes_what_nntrain_takes(text: str) -> None:
    parse(read_document("r.yaml", text))
    assert VALIDATOR.is_valid(read_document("r.yaml", text).data)


def test_show_prints_a_recipe_that_is_complete(nntrain: CommandLine) -> None:
    shown = nntrain("show", shipped_recipes()["digits"], "--set", "model.hidden=[32]")
    text, _, table = shown.out.partition("\n\n")
    recipe = parse(read_document("shown", text))
    assert recipe.model.hidden == [32]
    assert recipe.name == "digits"
    assert recipe.loss is not None
    assert recipe.loss.name == "cross_entropy"
    assert "64 → 32" in table
    assert "2,410" in table  # 64·32 + 32 + 32·10 + 10
    facts = nntrain("show", shipped_recipes()["digits"], "--json").json["network"]
    assert facts["parameters"] == 64 * 256 + 256 + 256 * 10 + 10
    assert facts["multiply_adds"] == 32 * (2 * 64 * 256 + 3 * 256 * 10)
    assert facts["memory"]["parameters"] == 4 * 4 * facts["parameters"]
    assert facts["rows"] == {"train": 1257, "validation": 270, "test": 270}


@pytest.mark.parametrize("width", [20, 60, 80, 120])
def test_yaml_is_broken_to_a_width_and_means_the_same(width: int) -> None:
    data = to_data(built(shipped_recipes()["overfit"].read_text()).recipe)
    text = dump_document(data, width)
    assert read_document("", text).data == data
    assert all(len(line) <= width or ", " not in line for line in text.splitlines())
    assert width < 60 or max(map(len, text.splitlines())) <= width
    odd = {"a, b": 1, "text": "one, two,  three, # four", "deep": [{"x, y": ["', ", ", "] * 9, "1, 2": {"k": None}}]}
    assert read_document("", dump_document(odd, width)).data == odd
