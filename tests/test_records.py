"""Every pair of keys that occur in one formula is recorded together."""

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from nntrain.initializers import Initializer
from nntrain.losses import Loss
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.optimizers.averaging import Averaging
from nntrain.registry import Component, members
from nntrain.schedules import Schedule

RECORDED = Path(__file__).parent / "recorded"
FILES: dict[str, type[Component]] = {"losses": Loss, "norms": Norm, "schedules": Schedule, "initializers": Initializer}
# Not in a component's own formula; tests/test_schedules.py checks them with every schedule.
COMMON = {"name", "dialect", "per", "warmup"}
# Pairs that no library offers; tests/test_optimizers.py checks them against tests/reference.
TWINS = {
    ("momentum", "dampening", "scaled_velocity"),
    ("adagrad", "eps", "eps_root"),
    ("adam", "eps_root", "eps_hat"),
    ("adamw", "eps_root", "eps_hat"),
    ("amsgrad", "eps_hat", "corrected"),
    ("rmsprop", "eps", "eps_root"),
    ("nadam", "eps_root", "psi"),
    ("adamax", "eps", "eps_max"),
    ("sgdw", "dampening", "nesterov"),
}
# psi has no effect without a warm-up, and neither has a warm-up of relative steps without those.
EXCLUSIVE = {("nadam", "psi", "warm"), ("adafactor", "relative_step", "warmup_init")}
NEEDED: dict[str, dict[str, Any]] = {"step": {"every": 3}, "warm_restarts": {"first": 4}, "given": {"values": [0.0]}}


def cases() -> Iterator[tuple[type[Component], dict[str, Any]]]:
    """Yield each recorded component and its keys."""
    for path in (RECORDED / "optimizers").glob("*.json"):
        kind = members(Optimizer)[path.stem]
        yield from ((kind, case["keys"]) for case in json.loads(path.read_text())["cases"].values())
    for file, family in FILES.items():
        for name, case in json.loads((RECORDED / f"{file}.json").read_text())["cases"].items():
            component = case["keys"].get("name", name.split(",")[0].split()[0])
            yield members(family)[component], case["keys"]
    for case in json.loads((RECORDED / "wrappers.json").read_text())["cases"].values():
        if case["averaging"] is not None:
            yield members(Averaging)[case["averaging"]["name"]], case["averaging"]


def changed(kind: type[Component], keys: dict[str, Any]) -> set[str]:
    """Return the keys whose values are not the defaults; an epsilon of 0 does not count."""
    needed = NEEDED.get(_name(kind), {})
    plain, values = kind.model_validate(needed).model_dump(), kind.model_validate(keys).model_dump()
    none = {key for key, value in values.items() if key.startswith("eps") and repr(value) == "0.0"}
    return {key for key in values.keys() - none if values[key] != plain[key]} | needed.keys()


def _name(kind: type[Component]) -> str:
    return str(kind.model_fields["name"].default)


FOUND: dict[type[Component], list[set[str]]] = {}
for kind, keys in cases():
    FOUND.setdefault(kind, []).append(changed(kind, keys))


@pytest.mark.parametrize("kind", FOUND, ids=_name)
def test_every_pair_of_keys_is_recorded(kind: type[Component]) -> None:
    own = [key for key in kind.model_fields if key not in COMMON]
    pairs = {(a, b) for a, b in combinations(own, 2) if not any({a, b} <= case for case in FOUND[kind])}
    assert {(_name(kind), *pair) for pair in pairs} == {pair for pair in TWINS | EXCLUSIVE if pair[0] == _name(kind)}
