"""Update rules against plain NumPy, and against recorded steps of torch, keras, optax and scikit-learn."""

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.network.regularize import BIASES, DECAY, PENALTIES, decay
from nntrain.optimizers import NOT_HYPER, Optimizer
from nntrain.registry import members
from tests.helpers import compiled, make, relative_error
from tests.recorded.problems import PROBLEMS, SHAPES, SIZE, START, STEPS, curvature, rate
from tests.reference import optimizers as twins

OPTIMIZERS = {name: kind for name, kind in members(Optimizer).items() if not kind.full_batch}
RECORDED = Path(__file__).parent / "recorded" / "optimizers"
CASES = [
    (path.stem, case) for path in sorted(RECORDED.glob("*.json")) for case in json.loads(path.read_text())["cases"]
]
WITHOUT_DECAY = {
    name: {"weight_decay": 0.0} for name, kind in OPTIMIZERS.items() if "weight_decay" in kind.model_fields
}


def tensors() -> NDArray[np.int64]:
    """Return the layout of the recorded problems' arrays, as rules take it."""
    found, offset = [], 0
    for _, shape in SHAPES:
        found.append((offset, shape[0] if len(shape) == 2 else 0, shape[-1]))
        offset += int(np.prod(shape))
    return np.array(found, np.int64)


TENSORS = tensors()


class Stepper:
    """An optimizer and its state, for parameters of the recorded problems."""

    def __init__(self, optimizer: Optimizer, theta: NDArray[Any]) -> None:
        self.optimizer, self.theta, self.k = optimizer, theta, 0
        self.state = np.zeros((optimizer.rows(TENSORS), theta.size), theta.dtype)
        self.hyper = np.array(optimizer.hyper(), np.float64)
        self.penalty = np.zeros(PENALTIES)
        self.penalty[DECAY], self.penalty[BIASES] = optimizer.decay, 1  # the references decay biases too
        self.update = optimizer.update[theta.dtype]

    def step(self, gradient: NDArray[Any], lr: float) -> None:
        self.k += 1
        if (row := self.optimizer.curvature_row) is not None:
            self.state[row] = curvature(self.k)
        compiled(decay)(TENSORS, self.theta, self.penalty, lr)
        self.update(self.theta, gradient, self.state, TENSORS, self.hyper, lr, self.k, 0, self.theta.size)


@pytest.mark.parametrize(("name", "case"), CASES)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_trajectory_is_the_reference_librarys(name: str, case: str, problem: str) -> None:
    recorded = json.loads((RECORDED / f"{name}.json").read_text())["cases"][case]
    optimizer = make(Optimizer, name, **recorded["keys"])
    stepper = Stepper(optimizer, START.copy())
    kept = {int(k): np.array(theta) for k, theta in recorded[problem].items()}
    assert max(kept) == STEPS == 100
    for k in range(1, STEPS + 1):
        stepper.step(PROBLEMS[problem](stepper.theta), rate(optimizer.lr, k))
        if k in kept:
            # relative to the distance covered, which is stricter than relative to theta
            assert relative_error(stepper.theta - START, kept[k] - START) < 1e-9, k


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_recorded_in_each_of_its_dialects(name: str) -> None:
    """There is no library for the dialects of lectures; the records of the other dialects cover its keys."""
    recorded = json.loads((RECORDED / f"{name}.json").read_text())
    dialects = {keys["keys"].get("dialect") for keys in recorded["cases"].values()}
    assert set(OPTIMIZERS[name].dialects) - {"lecture", "straka"} <= dialects
    assert len(recorded["versions"]) >= 2


# Defaults, other values, and pairs of keys that no library offers (tests/test_records.py).
TWINS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"lr": 0.01}),
    ("sgd", {"lr": 0.007}),
    ("momentum", {"lr": 0.01, "momentum": 0.9}),
    ("momentum", {"lr": 0.007, "momentum": 0.6}),
    ("momentum", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3, "scaled_velocity": True}),
    ("momentum", {"lr": 0.01, "momentum": 0.0, "dampening": 0.3, "scaled_velocity": True}),
    ("nesterov", {"lr": 0.01, "momentum": 0.9}),
    ("nesterov", {"lr": 0.007, "momentum": 0.6}),
    ("adam", {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    ("adam", {"lr": 0.0007, "beta1": 0.6, "beta2": 0.7, "eps": 7e-9}),
    ("adam", {"lr": 0.01, "eps": 0.01, "eps_root": 0.02, "eps_hat": True}),
    ("adam", {"lr": 0.001, "eps": 0.0, "eps_root": 1e-8, "eps_hat": True}),
    ("adamw", {"lr": 0.01, "eps": 0.01, "eps_root": 0.02, "eps_hat": True}),
    ("amsgrad", {"lr": 0.01, "eps": 0.01, "eps_hat": True, "corrected": True}),
    ("nadam", {"lr": 0.01, "eps": 0.01, "eps_root": 0.02, "psi": 0.1}),
    ("adamax", {"lr": 0.01, "eps": 0.01, "eps_max": 0.02}),
    ("adagrad", {"lr": 0.1, "eps": 0.01, "eps_root": 0.02}),
    ("rmsprop", {"lr": 0.01, "eps": 0.01, "eps_root": 0.02}),
    ("swats", {"lr": 0.01, "tolerance": 0.05}),
    ("sgdw", {"lr": 0.01, "momentum": 0.7, "dampening": 0.3, "nesterov": True}),
]


@pytest.mark.parametrize(("name", "keys"), TWINS)
def test_an_update_rule_is_its_twin(name: str, keys: dict[str, Any]) -> None:
    optimizer, twin = make(Optimizer, name, **keys, **WITHOUT_DECAY.get(name, {})), getattr(twins, name)(**keys)
    stepper, expected = Stepper(optimizer, START.copy()), START.copy()
    next(twin)
    for _ in range(2 * STEPS):
        stepper.step(PROBLEMS["quadratic"](stepper.theta), optimizer.lr)
        expected += twin.send(PROBLEMS["quadratic"](expected))
        np.testing.assert_allclose(stepper.theta, expected, rtol=1e-11, atol=2 * STEPS * np.finfo(np.float64).eps)


# Learning rates that suit the problem below, where 0.05 does not.
DESCENT_RATES = {
    **dict.fromkeys(("adadelta", "a2grad_uni", "a2grad_inc", "a2grad_exp", "lars", "shampoo", "sophia"), 1.0),
    "adafactor": 10.0,
    "prodigy": 1.0,
    "pid": 0.005,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_descends(name: str) -> None:
    optimizer = make(Optimizer, name, lr=DESCENT_RATES.get(name, 0.05))
    stepper = Stepper(optimizer, START.copy())
    for k in range(1, 3001):
        stepper.step(stepper.theta.copy(), optimizer.lr / (1 + 0.01 * k))
    assert np.linalg.norm(stepper.theta) < 0.05 * np.linalg.norm(START)


@pytest.mark.parametrize("size", [1.0, 3e19])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_is_float64_rounded(name: str, size: float) -> None:
    """No hyper-parameter changes the float type, and no rule squares a gradient too early.

    The square of 3e19 overflows in float32, but (1 - beta2) times the square does not. AdaGrad, MADGRAD
    and Shampoo add up the squares themselves, and overflow in torch as well.
    """
    if name in ("adagrad", "madgrad", "shampoo"):
        size = min(size, 3e18)
    # the first steps of Prodigy are shorter than float32 can resolve
    optimizer = make(Optimizer, name, **({"d0": 1.0} if name == "prodigy" else {}))
    ends, gradient = [], PROBLEMS["net"](START)
    gradient *= size / np.abs(gradient).max()
    for dtype in (np.float32, np.float64):
        stepper = Stepper(optimizer, START.astype(dtype))
        for _ in range(3):
            stepper.step(gradient.astype(dtype), 0.01)
        assert stepper.theta.dtype == dtype
        ends.append(stepper.theta.astype(np.float64) - START)
    assert relative_error(*ends) < 1e-3  # the distance is short, and theta has seven digits


def test_rprop_knows_the_sign_of_small_gradients() -> None:
    """The product of two would be 0 in float32."""
    optimizer = make(Optimizer, "rprop", lr=0.25, eta_plus=1.5)
    stepper = Stepper(optimizer, np.zeros(SIZE, np.float32))
    for size in (1e-25, 1e-25, -1e-25):
        stepper.step(np.full(SIZE, size, np.float32), 0.25)
    assert (stepper.theta == -0.25 - 1.5 * 0.25).all()
    assert (stepper.state[1] == 0.5 * 1.5 * 0.25).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_zero_changes_nothing_and_gives_no_nan(name: str) -> None:
    """A dead unit's gradient is zero from the first step on; 0/0 must not occur."""
    stepper = Stepper(make(Optimizer, name, **WITHOUT_DECAY.get(name, {})), START.copy())
    for _ in range(3):
        stepper.step(np.zeros(SIZE), 0.01)
    moved = np.abs(stepper.theta - START).max()
    assert moved == 0 or (name == "yogi" and moved < 1e-3)  # yogi's m starts from 1e-6


@pytest.mark.parametrize("name", [name for name, kind in OPTIMIZERS.items() if kind.dialects])
def test_a_dialect_is_a_set_of_defaults(name: str) -> None:
    for dialect, values in OPTIMIZERS[name].dialects.items():
        optimizer = make(Optimizer, name, dialect=dialect)
        assert optimizer.model_dump().items() >= values.items()
        assert make(Optimizer, name, dialect=dialect, lr=0.123).lr == 0.123
        assert type(optimizer).model_validate(optimizer.model_dump()) == optimizer


@pytest.mark.parametrize("name", [name for name, kind in OPTIMIZERS.items() if kind.elementwise])
def test_an_elementwise_update_can_be_split(name: str) -> None:
    """Threads share the parameters of a large network."""
    optimizer = make(Optimizer, name)
    at_once, split = (Stepper(optimizer, START.copy()) for _ in range(2))
    for k in range(1, 6):
        gradient = np.sin(START * k)
        at_once.step(gradient, 0.01)
        if (row := optimizer.curvature_row) is not None:
            split.state[row] = curvature(k)
        compiled(decay)(TENSORS, split.theta, split.penalty, 0.01)
        for start, stop in ((5, START.size), (0, 2), (2, 5)):
            split.update(split.theta, gradient, split.state, TENSORS, split.hyper, 0.01, k, start, stop)
    np.testing.assert_allclose(split.theta, at_once.theta, rtol=1e-14)
    np.testing.assert_allclose(split.state, at_once.state, rtol=1e-14)
    assert (split.theta != START).all()


@pytest.mark.parametrize("name", [name for name, kind in OPTIMIZERS.items() if not kind.elementwise])
def test_the_other_updates_change_all_parameters_at_once(name: str) -> None:
    """They are called once for each step, for all parameters; the network's threads wait (see take_step)."""
    stepper = Stepper(make(Optimizer, name), START.copy())
    for _ in range(stepper.optimizer.setup_steps + 1):
        stepper.step(np.sin(START), 0.01)
    assert (stepper.theta != START).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rule_names_the_keys_of_its_class(name: str) -> None:
    """``beta1, beta2, eps = hyper`` names the fields after lr, in their order; AdaBound appends lr."""
    kind = OPTIMIZERS[name]
    tree = ast.parse(inspect.getsource(kind.update.function))
    assignments = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    unpacked = [ast.unparse(node.targets[0]) for node in assignments if ast.unparse(node.value) == "hyper"]
    named = [name for targets in unpacked for name in targets.strip("(),").split(", ")]
    left_out = (*NOT_HYPER, "weight_decay") if kind.decoupled else NOT_HYPER
    keys = [key for key in kind.model_fields if key not in left_out]
    assert named == (keys if name != "adabound" else [*keys, "lr"])
    assert len(make(Optimizer, name).hyper()) == len(named)
