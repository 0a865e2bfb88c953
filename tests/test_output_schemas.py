"""What commands print with --json is what ``nntrain schema result`` says, and nothing else."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.main import get_command

from nntrain.cli.main import app
from nntrain.cli.outputs import OUTPUTS
from nntrain.cli.schema import result_schema
from tests.helpers import CommandLine, refused

FILES = {
    "moons.yaml": "data: {source: {name: moons, rows: 120}}\nmodel: {hidden: [6]}\n"
    "training: {epochs: 3, checkpoint: {keep_every: 1}}\n",
    "line.yaml": "data: {source: {name: line, rows: 60}}\nmodel: {hidden: []}\ntraining: {epochs: 2}\n",
    "table.yaml": "data: {source: {name: table, path: rows.csv, target: y}, test: 0}\nmodel: {hidden: [3]}\n"
    "regularization: {clip_norm: 1.0}\ntraining: {epochs: 2, early_stopping: {patience: 5}}\n",
    "moons.csv": "x1,x2,note\n1,2,a\n0.5,-1,b\n",
    "rows.csv": "x,kind,y\n" + "".join(f"{i / 7},{'ab'[i % 2]},{i % 5 + i / 3}\n" for i in range(60)),
}
COMMANDS = (
    "fit moons.yaml --out runs/moons -q",
    "fit moons.yaml --out folds --folds 2 -q",
    "fit moons.yaml --out threshold -q --set training.threshold=f1 --set data.stratify=false",
    "fit line.yaml --out line -q --set optimizer.lr=1e20",  # diverges
    "fit table.yaml --out table -q",
    "fit table.yaml --out two -q --set data.source.target=[x,y]",
    "init rows.csv --target y",
    "init rows.csv --target kind --exclude y",
    "export runs/moons --to c -o moons.h",
    "export threshold --to numpy -o threshold.py",
    "import runs/moons/model.safetensors --recipe moons.yaml -o imported.safetensors",
    "predict runs/moons moons.csv --proba --keep x1 --keep note",
    "predict table rows.csv --keep kind",
    "predict two rows.csv",
    "plot activations relu",
    "plot schedules -o schedules.tex",
    "plot curves runs/moons",
    "plot fit line.yaml",
    "plot boundary runs/moons",
    "report runs/moons",
    "assert runs/moons epochs>=1 test.loss<0 test.r2>0",
    "evaluate two",
    "evaluate runs/moons --per-class --confusion --bootstrap 20 --baselines",
    "evaluate table --data rows.csv",
    "compare moons.yaml --optimizers sgd,adam --seeds 2 --tune 2 --target 0.5 -q --out compared",
    "compare runs/moons threshold",
    "compare moons.yaml line.yaml --optimizers sgd,adam --seeds 2 -q --out problems",
    "show moons.yaml",
    "inspect rows.csv --target kind",
    "inspect rows.csv",
    "list losses",
    "recipes",
    "dialects adam",
    "diagnose runs/moons --curvature",
    "diagnose moons.yaml --set model.initializer=zeros",
    "trace runs/moons",
    "trace line.yaml --step",
    "trace moons.yaml --graph",
    "gradcheck moons.yaml",
    "gradcheck --mutate forgotten_bias",
    "branch runs/moons --at 1 --set optimizer.lr=0.1 --out runs/branch -q",
    "runs",
    "diff runs/moons runs/branch",
    "verify runs/branch -q",
    "replay runs/moons --at 2 -q",
    "why runs/branch",
    "overfit moons.yaml --rows 4",
    "lr moons.yaml",
    "doctor moons.yaml --budget 1",
    "experiment moons.yaml linear_model --budget 1",
    "importance runs/moons",
    "surface line.yaml --steps 3 --tune 2",
    "surface runs/moons",
    "plot comparison compared",
)


def closed(schema: Any) -> Any:
    """Return a schema that forbids the keys it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closing = {"additionalProperties": False} if "properties" in schema and "type" in schema else {}
    return {**closing, **{key: closed(value) for key, value in schema.items()}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory, which is the present one, with recipes and a table."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)


@pytest.mark.usefixtures("folder")
def test_every_output_has_the_keys_of_its_schema_and_no_others(nntrain: CommandLine) -> None:
    checks = {name: jsonschema.Draft202012Validator(closed(schema)) for name, schema in result_schema(None).items()}
    problems = []
    for command in COMMANDS:
        printed = nntrain(*command.split(), "--json")
        assert printed.out, printed.err
        errors = checks[command.split()[0]].iter_errors(printed.json)
        problems += [f"{command}: {error.json_path}: {error.message[-200:]} {error.context}" for error in errors]
    assert not problems, "\n".join(problems)
    assert {command.split()[0] for command in COMMANDS} == set(OUTPUTS)


def test_every_command_with_json_has_a_schema() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert {name for name, one in commands.items() if any("--json" in given.opts for given in one.params)} == {*OUTPUTS}


def test_schemas_are_printed(nntrain: CommandLine) -> None:
    every = nntrain("schema", "result").json
    assert list(every) == list(OUTPUTS)
    for name, schema in every.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["title"] == f"nntrain {name} --json"
    assert nntrain("schema", "result", "fit").json == every["fit"]
    assert nntrain("schema", "recipe").json == nntrain("schema").json


def test_the_schema_of_something_else_is_refused(nntrain: CommandLine) -> None:
    assert "no command 'fitt' with --json\n  did you mean fit?" in refused(nntrain, "schema", "result", "fitt")
    assert "no command 'help' with --json" in refused(nntrain, "schema", "result", "help")
    assert "unexpected argument 'fit'" in refused(nntrain, "schema", "recipe", "fit")


@pytest.mark.parametrize("change", [{"run": None}, {"epochs": "3"}, {"task": "other"}, {"new": 1}])
@pytest.mark.usefixtures("folder")
def test_a_changed_key_is_seen(nntrain: CommandLine, change: dict[str, Any]) -> None:
    found = nntrain("fit", "line.yaml", "-q", "--json").json
    schema = closed(result_schema("fit"))
    jsonschema.validate(found, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, **change}, schema)
    del found["epochs"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, schema)
