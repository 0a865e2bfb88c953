"""Shell completion: recipes and runs, keys of recipes and their values, names of components.

Keys and names come from the JSON Schema beside the shipped recipes; importing the components would take half a second.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from nntrain.cli.requirements import SPLITS

VARIABLE = "_NNTRAIN_COMPLETE"


def complete(run: Callable[[], object]) -> None:
    """Answer a shell's request; ``run`` prints the completions, one per line, and exits.

    bash splits words at ``=`` and replaces only what follows. Such words are joined before ``run``, and what precedes
    the ``=`` is removed from its answers.
    """
    if os.environ[VARIABLE] != "complete_bash":
        run()
        return
    words, current = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
    joined: list[str] = []
    for word in words[: current + 1]:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(joined), str(len(joined) - 1)
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            run()
    finally:
        answers = printed.getvalue().splitlines()
        if joined[-1] != words[current]:  # a quoted word is not split
            answers = [answer.rpartition("=")[2] for answer in answers]
        sys.stdout.write("".join(f"{answer}\n" for answer in answers))


def targets(incomplete: str) -> list[str]:
    """Return recipe files, model files, runs and shipped recipes."""
    return _beginning(incomplete, [*_files(".yaml", ".yml"), *models(incomplete), *_runs("recipe.yaml"), *shipped("")])


def models(incomplete: str) -> list[str]:
    """Return model files, and runs with a model."""
    return _beginning(incomplete, [*_files(".safetensors"), *_runs("model.safetensors")])


def runs(incomplete: str) -> list[str]:
    """Return finished runs."""
    return _beginning(incomplete, _runs("summary.json"))


def plotted(incomplete: str) -> list[str]:
    """Return activations, schedules and run directories."""
    names = [*_choices(_at(["model", "activation"])), *_choices(_at(["schedule"]))]
    return _beginning(incomplete, [*names, *_runs("summary.json"), *_runs("comparison.json")])


def shipped(incomplete: str) -> list[str]:
    """Return the names of the shipped recipes."""
    from nntrain.utils.resources import shipped_recipes

    return _beginning(incomplete, shipped_recipes())


def topics(incomplete: str) -> list[str]:
    """Return the topics of ``help``."""
    from nntrain.cli.topics import topics as known

    return _beginning(incomplete, known())


def commands_with_json(incomplete: str) -> list[str]:
    """Return the commands that have ``--json``."""
    from nntrain.cli.outputs import OUTPUTS

    return _beginning(incomplete, OUTPUTS)


def separators(incomplete: str) -> list[str]:
    """Return the names of cell separators."""
    return _beginning(incomplete, ["comma", "semicolon", "tab", "pipe", "space", "colon"])


def readings(incomplete: str) -> list[str]:
    """Return completions for ``--read``."""
    keys = ("format", "separator", "decimal", "thousands", "encoding", "header", "skip_rows")
    return _beginning(incomplete, [f"{key}=" for key in keys])


def settings(incomplete: str) -> list[str]:
    """Return completions for ``--set``: keys level by level, then their choices or defaults."""
    found = _beginning(incomplete, _settings(incomplete))
    while len(found) == 1 and (further := _settings(found[0])):  # a shell adds a space after a single answer
        found = further
        if "=" in found[0]:
            break
    return found


def names_of(key: str) -> Callable[[str], list[str]]:
    """Return a function that completes the last of the comma-separated names for the dotted ``key``."""

    def names(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        taken = before.split(",")
        choices = _choices(_at(key.split(".")))
        return _beginning(incomplete, [f"{before}{comma}{name}" for name in choices if name not in taken])

    return names


def with_dialects(incomplete: str) -> list[str]:
    """Return the names of components that have dialects."""
    definitions = _schema()["definitions"].values()
    keys = [one["properties"] for one in definitions if "dialect" in one.get("properties", {})]
    return _beginning(incomplete, sorted(one["name"]["const"] for one in keys))


def mistakes(incomplete: str) -> list[str]:
    """Return the mistakes that ``gradcheck`` can plant."""
    from nntrain.diagnostics.mutations import MUTATIONS  # this import takes a second, but there is no other list

    return _beginning(incomplete, ["all", *MUTATIONS])


def measures(incomplete: str) -> list[str]:
    """Return the measures of a run, such as ``test.loss``."""
    names = _choices(_at(["training", "early_stopping", "monitor"]))
    return _beginning(incomplete, [f"{split}.{name}" for split in SPLITS for name in names])


def metric(incomplete: str) -> list[str]:
    """Return the loss and the metrics."""
    return _beginning(incomplete, _choices(_at(["training", "early_stopping", "monitor"])))


def metrics(incomplete: str) -> list[str]:
    """Return completions for ``--metrics``: the last of its comma-separated names."""
    before, comma, _ = incomplete.rpartition(",")
    names = [name for name in _choices(_at(["training", "early_stopping", "monitor"])) if name != "loss"]
    return _beginning(
        incomplete, [f"{before}{comma}{name}" for name in ("all", *names) if name not in before.split(",")]
    )


def experiments(incomplete: str) -> list[str]:
    """Complete the name of an experiment."""
    from nntrain.doctor.experiments import Experiment
    from nntrain.registry import members

    return _beginning(incomplete, members(Experiment))


def _beginning(incomplete: str, choices: Any) -> list[str]:
    return [choice for choice in dict.fromkeys(choices) if choice.startswith(incomplete)]


def _files(*suffixes: str) -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.suffix in suffixes)


def _runs(holds: str) -> list[str]:
    return sorted(str(path.parent) for path in Path().glob(f"runs/*/{holds}"))


@cache
def _schema() -> Any:
    from nntrain.utils.resources import recipes_folder

    return json.loads((recipes_folder() / "recipe.schema.json").read_text(encoding="utf-8"))


def _variants(node: Any) -> Iterator[Any]:
    """Yield the alternatives of a schema node, with references resolved."""
    if "$ref" in node:
        yield from _variants(_schema()["definitions"][node["$ref"].rpartition("/")[2]])
    elif "anyOf" in node:
        for one in node["anyOf"]:
            yield from _variants(one)
    else:
        yield node


def _at(keys: list[str]) -> list[Any]:
    """Return the schema nodes at ``keys``, through every component that has such keys."""
    nodes = [_schema()]
    for key in keys:
        inside = [one["properties"][key] for node in nodes for one in _variants(node) if key in _keys(one)]
        nodes = inside
    return nodes


def _keys(variant: Any) -> list[str]:
    return [key for key in variant.get("properties", {}) if key != "name" or "const" not in variant["properties"][key]]


def _choices(nodes: list[Any]) -> list[str]:
    found: dict[str, None] = {}
    for node in nodes:
        for one in _variants(node):
            values = one.get("enum", [one["const"]] if "const" in one else [])
            values = [True, False] if one.get("type") == "boolean" else values
            found |= dict.fromkeys(value if isinstance(value, str) else json.dumps(value) for value in values)
    return list(found)


def _settings(incomplete: str) -> list[str]:
    """Return values after ``key=``; else keys, as ``key=``, or as ``key.`` if they have keys of their own."""
    key, equals, _ = incomplete.partition("=")
    if equals:
        nodes = _at(key.split("."))
        return [f"{key}={value}" for value in _choices(nodes) or _defaults(nodes)]
    before = key.rpartition(".")[0]
    nodes = _at(before.split(".") if before else [])
    names = dict.fromkeys(name for node in nodes for one in _variants(node) for name in _keys(one))
    return [form for name in names for form in _forms(f"{before}.{name}" if before else name)]


def _forms(key: str) -> list[str]:
    nodes = _at(key.split("."))
    if not any(_keys(one) for node in nodes for one in _variants(node)):
        return [f"{key}="]
    return [f"{key}=", f"{key}."] if _choices(nodes) else [f"{key}."]


def _defaults(nodes: list[Any]) -> list[str]:
    found = [node["default"] for node in nodes if isinstance(node.get("default"), int | float | str)]
    return list(dict.fromkeys(str(value) for value in found))
