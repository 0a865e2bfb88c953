"""Record activations, losses and norms from torch, keras and scikit-learn: python -m tests.recorded.record_functions

Needs torch, keras (with jax) and scikit-learn beside NumPy; the tests need only what is written here.
"""

import json
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import jax.numpy as jnp
import keras
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from sklearn.neural_network._base import binary_log_loss, log_loss

torch.set_default_dtype(torch.float64)
keras.backend.set_floatx("float64")
FOLDER = Path(__file__).parent
Z = np.round(np.linspace(-6, 6, 25) + 0.05, 3)
UNITS = 5  # in a row, for activations of whole rows
DH = np.linspace(0.5, 1.5, Z.size)
random = np.random.RandomState(0)
OUTPUT = np.round(random.standard_normal((6, 4)) * 2, 3)
NUMBERS = np.round(random.standard_normal((6, 4)), 3)
COUNTS = random.poisson(2.0, (6, 4)).astype(float)
CLASSES = random.randint(0, 4, 6)
SIDES = random.randint(0, 2, (6, 1))

# a torch function, or a class of torch.nn with trainable parameters
ACTIVATIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "identity": ({}, lambda z: z * 1.0),
    "sigmoid": ({}, torch.sigmoid),
    "tanh": ({}, torch.tanh),
    "hard_tanh": ({}, F.hardtanh),
    "relu": ({}, F.relu),
    "leaky_relu": ({}, F.leaky_relu),
    "leaky_relu of keras": ({"slope": 0.3}, lambda z: F.leaky_relu(z, 0.3)),
    "elu": ({}, F.elu),
    "elu of 0.5": ({"alpha": 0.5}, lambda z: F.elu(z, 0.5)),
    "selu": ({}, F.selu),
    "softplus": ({}, F.softplus),
    "silu": ({}, F.silu),
    "gelu": ({}, F.gelu),
    "softmax": ({}, lambda z: F.softmax(z, dim=1)),
    "prelu": ({}, torch.nn.PReLU()),
    "prelu of each unit": ({"shared": False, "slope": -0.3}, torch.nn.PReLU(UNITS, init=-0.3)),
}


def activation(function: Any) -> dict[str, list[float]]:
    """Return a torch activation's values, and the derivatives of their sum weighted by DH."""
    z = torch.tensor(Z.reshape(-1, UNITS), requires_grad=True)
    h = function(z)
    (h * torch.tensor(DH.reshape(-1, UNITS))).sum().backward()
    trainable = [value for p in getattr(function, "parameters", list)() for value in p.grad.tolist()]
    return {"h": h.detach().ravel().tolist(), "dz": z.grad.ravel().tolist(), "dlearnt": trainable}


def torchs(function: Any, output: Any, target: Any, integers: bool = False) -> dict[str, Any]:
    """Return a torch loss' value and gradient."""
    o = torch.tensor(output, requires_grad=True)
    value = function(o, torch.tensor(target, dtype=torch.long if integers else None))
    value.backward()
    return case(output, target, value.item(), o.grad)


def kerass(function: Any, output: Any, target: Any) -> dict[str, Any]:
    """Return a keras loss' value and gradient."""
    value, delta = jax.value_and_grad(lambda o: function(jnp.asarray(target, jnp.float64), o))(jnp.asarray(output))
    return case(output, target, float(value), delta)


def case(output: Any, target: Any, value: float, delta: Any) -> dict[str, Any]:
    """Return the record of a loss."""
    return {"output": output.tolist(), "target": target.tolist(), "value": value, "delta": delta.tolist()}


def gaussian(variance: Any) -> Any:
    """Return torch's Gaussian loss with a given variance."""
    return lambda o, t: F.gaussian_nll_loss(o, t, torch.full_like(o, variance))


def predicted(o: Any, t: Any, eps: float = 1e-6) -> Any:
    """Return torch's Gaussian loss of concatenated means and log variances."""
    return F.gaussian_nll_loss(o[:, :2], t, torch.exp(o[:, 2:]), eps=eps)


WEIGHTS_OF_CLASSES = [3.0, 0.5, 1.0, 0.25]


def weighed(loss: Any) -> Any:
    """Return a keras loss with class_weight: a weight for each sample."""
    return lambda t, o: loss(t, o, sample_weight=jnp.asarray(WEIGHTS_OF_CLASSES)[t.astype(int).ravel()])


def weighed_bce(o: Any, t: Any) -> Any:
    """Return torch's binary cross-entropy with a weight for each class."""
    weights = torch.where(t > 0, 0.5, 3.0)
    return F.binary_cross_entropy_with_logits(o, t, weights)


SMOOTHING = 0.2


def smoothed_and_weighed(t: Any, o: Any) -> Any:
    """Return keras' cross-entropy with label smoothing and class_weight."""
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING, dtype="float64")
    truth = t.astype(int).ravel()
    return loss(jnp.eye(4)[truth], o, sample_weight=jnp.asarray(WEIGHTS_OF_CLASSES)[truth])


def sklearns(loss: Any, output: Any, target: Any, probabilities: Any, truth: Any) -> dict[str, Any]:
    """Return a scikit-learn loss' value with a weight for each sample, and the gradient its MLP backpropagates."""
    weights = np.asarray(WEIGHTS_OF_CLASSES)[target.astype(int).ravel()]
    delta = (probabilities - truth) * weights[:, None] / weights.sum()
    return case(output, target, float(loss(truth, probabilities, weights)), delta)


SOFTMAX = np.exp(OUTPUT) / np.exp(OUTPUT).sum(axis=1, keepdims=True)
SMOOTHED = (1 - SMOOTHING) * np.eye(4)[CLASSES] + SMOOTHING / 4
SIGMOID = 1 / (1 + np.exp(-OUTPUT[:, :1]))
NARROW = OUTPUT - [0, 0, 14, 14]  # variances around 1e-6

LOSSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "mse": ({}, torchs(F.mse_loss, OUTPUT, NUMBERS)),
    "sum_squared_error": ({}, torchs(lambda o, t: F.mse_loss(o, t, reduction="sum"), OUTPUT, NUMBERS)),
    "half_mse": ({}, torchs(lambda o, t: F.mse_loss(o, t, reduction="sum") / (2 * len(o)), OUTPUT, NUMBERS)),
    "half_sum_squared_error": ({}, torchs(lambda o, t: F.mse_loss(o, t, reduction="sum") / 2, OUTPUT, NUMBERS)),
    "mae": ({}, torchs(F.l1_loss, OUTPUT, NUMBERS)),
    "huber": ({}, torchs(F.huber_loss, OUTPUT, NUMBERS)),
    "huber of 0.3": ({"threshold": 0.3}, torchs(lambda o, t: F.huber_loss(o, t, delta=0.3), OUTPUT, NUMBERS)),
    "gaussian_nll": ({}, torchs(gaussian(1.0), OUTPUT, NUMBERS)),
    "gaussian_nll of 0.5": ({"sigma": 0.5}, torchs(gaussian(0.25), OUTPUT, NUMBERS)),
    "gaussian_nll predicted": ({"sigma": None}, torchs(predicted, OUTPUT, NUMBERS[:, :2])),
    "gaussian_nll predicted, some bounded": ({"sigma": None}, torchs(predicted, NARROW, NUMBERS[:, :2])),
    "gaussian_nll predicted, some bounded by 0.5": (
        {"sigma": None, "eps": 0.5},
        torchs(lambda o, t: predicted(o, t, 0.5), OUTPUT, NUMBERS[:, :2]),
    ),
    "poisson": ({}, torchs(F.poisson_nll_loss, OUTPUT, COUNTS)),
    "bce": ({}, torchs(F.binary_cross_entropy_with_logits, OUTPUT[:, :1], SIDES.astype(float))),
    "cross_entropy": ({}, torchs(F.cross_entropy, OUTPUT, CLASSES, integers=True)),
    "cross_entropy smoothed": (
        {"smoothing": 0.2},
        torchs(lambda o, t: F.cross_entropy(o, t, label_smoothing=0.2), OUTPUT, CLASSES, integers=True),
    ),
    "cross_entropy weighted": (
        {"class_weights": WEIGHTS_OF_CLASSES},
        torchs(lambda o, t: F.cross_entropy(o, t, torch.tensor(WEIGHTS_OF_CLASSES)), OUTPUT, CLASSES, integers=True),
    ),
    "cross_entropy weighted and smoothed": (
        {"class_weights": WEIGHTS_OF_CLASSES, "smoothing": 0.2},
        torchs(
            lambda o, t: F.cross_entropy(o, t, torch.tensor(WEIGHTS_OF_CLASSES), label_smoothing=0.2),
            OUTPUT,
            CLASSES,
            integers=True,
        ),
    ),
    "cross_entropy weighted by keras": (
        {"class_weights": WEIGHTS_OF_CLASSES, "dialect": "keras"},
        kerass(weighed(keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")), OUTPUT, CLASSES),
    ),
    "cross_entropy weighted and smoothed by keras": (
        {"class_weights": WEIGHTS_OF_CLASSES, "smoothing": SMOOTHING, "dialect": "keras"},
        kerass(smoothed_and_weighed, OUTPUT, CLASSES),
    ),
    "cross_entropy weighted and smoothed by scikit-learn": (
        {"class_weights": WEIGHTS_OF_CLASSES, "smoothing": SMOOTHING, "dialect": "scikit-learn"},
        sklearns(log_loss, OUTPUT, CLASSES, SOFTMAX, SMOOTHED),
    ),
    "bce weighted by scikit-learn": (
        {"class_weights": WEIGHTS_OF_CLASSES[:2], "dialect": "scikit-learn"},
        sklearns(binary_log_loss, OUTPUT[:, :1], SIDES, SIGMOID, SIDES),
    ),
    "bce weighted": ({"class_weights": [3.0, 0.5]}, torchs(weighed_bce, OUTPUT[:, :1], SIDES.astype(float))),
    "bce weighted by keras": (
        {"class_weights": WEIGHTS_OF_CLASSES[:2], "dialect": "keras"},
        kerass(weighed(keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")), OUTPUT[:, :1], SIDES),
    ),
    "hinge": ({}, kerass(lambda t, o: keras.losses.hinge(t, o).mean(), OUTPUT[:, :1], SIDES)),
}


WEIGHTS = np.round(random.standard_normal((6, 4)), 3)  # the loss is the sum of the outputs times these
GAMMA, BETA = np.round(random.uniform(0.5, 1.5, 4), 3), np.round(random.standard_normal(4), 3)
BATCHES = [OUTPUT, NUMBERS * 3 + 1]


def torchs_norm(**keys: Any) -> dict[str, Any]:
    """Return the outputs of torch's batch norm for the batches."""
    return torchs_batches(torch.nn.BatchNorm1d(4, **keys))


def torchs_batches(norm: Any) -> dict[str, Any]:
    """Return the outputs of a torch norm for two training batches, then for the first one in evaluation."""
    affine = norm.weight is not None
    if affine:
        norm.weight.data, norm.bias.data = torch.tensor(GAMMA), torch.tensor(BETA)
    for batch in BATCHES:
        z = torch.tensor(batch, requires_grad=True)
        norm.zero_grad()
        output = norm(z)
        (output * torch.tensor(WEIGHTS)).sum().backward()
    found = {"output": output.detach(), "dz": z.grad}
    found |= {"dgamma": norm.weight.grad, "dbeta": norm.bias.grad} if affine else {}
    found |= {name: values for name, values in norm.named_buffers() if name.startswith("running")}
    norm.eval()
    found["evaluated"] = norm(torch.tensor(BATCHES[0])).detach()
    return {name: values.tolist() for name, values in found.items()}


def kerass_layer_norm() -> dict[str, Any]:
    """Return the outputs of keras' layer norm for the second and the first batch."""
    norm = keras.layers.LayerNormalization(dtype="float64")
    norm.build((None, 4))
    norm.gamma.assign(GAMMA)
    norm.beta.assign(BETA)
    output, evaluated = (np.asarray(norm(jnp.asarray(BATCHES[i]))).tolist() for i in (1, 0))
    return {"output": output, "evaluated": evaluated}


def kerass_norm(affine: bool = True) -> dict[str, Any]:
    """Return the outputs of keras' batch norm (its gradients equal torch's)."""
    norm = keras.layers.BatchNormalization(center=affine, scale=affine, dtype="float64")
    norm.build((None, 4))
    if affine:
        norm.gamma.assign(GAMMA)
        norm.beta.assign(BETA)
    for batch in BATCHES:
        output = norm(jnp.asarray(batch), training=True)
    found = {"output": output, "running_mean": norm.moving_mean.value, "running_var": norm.moving_variance.value}
    found["evaluated"] = norm(jnp.asarray(BATCHES[0]), training=False)
    return {name: np.asarray(values).tolist() for name, values in found.items()}


def write(name: str, found: dict[str, Any]) -> None:
    """Write a file, with one line for each list of numbers."""
    versions = {package: version(package) for package in ("torch", "keras", "scikit-learn")}
    text = json.dumps({"versions": versions, **found}, indent=1)
    text = re.sub(r"\[[^\[\]]*\]", lambda numbers: " ".join(numbers[0].split()), text)
    (FOLDER / name).write_text(text + "\n")


def main() -> None:
    """Write the files."""
    activations = {name: {"keys": keys, **activation(function)} for name, (keys, function) in ACTIVATIONS.items()}
    write("activations.json", {"z": Z.tolist(), "dh": DH.tolist(), "units": UNITS, "cases": activations})
    norms = {
        "batch of torch": ({}, torchs_norm()),
        "batch of torch, other": ({"eps": 0.1, "momentum": 0.4}, torchs_norm(eps=0.1, momentum=0.4)),
        "batch of torch, plain": ({"affine": False}, torchs_norm(affine=False)),
        "batch of torch, plain, other": (
            {"affine": False, "eps": 0.1, "momentum": 0.4},
            torchs_norm(affine=False, eps=0.1, momentum=0.4),
        ),
        "batch of keras": ({"dialect": "keras"}, kerass_norm()),
        "batch of keras, plain": ({"dialect": "keras", "affine": False}, kerass_norm(affine=False)),
        "layer of torch": ({}, torchs_batches(torch.nn.LayerNorm(4))),
        "layer of torch, other": ({"eps": 0.1}, torchs_batches(torch.nn.LayerNorm(4, eps=0.1))),
        "layer of torch, plain": ({"affine": False}, torchs_batches(torch.nn.LayerNorm(4, elementwise_affine=False))),
        "layer of torch, plain, other": (
            {"affine": False, "eps": 0.1},
            torchs_batches(torch.nn.LayerNorm(4, eps=0.1, elementwise_affine=False)),
        ),
        "layer of keras": ({"dialect": "keras"}, kerass_layer_norm()),
    }
    given = {"gamma": GAMMA, "beta": BETA, "weights": WEIGHTS, "batches": np.array(BATCHES)}
    cases = {name: {"keys": keys, **found} for name, (keys, found) in norms.items()}
    write("norms.json", {**{name: values.tolist() for name, values in given.items()}, "cases": cases})
    write("losses.json", {"cases": {name: {"keys": keys, **found} for name, (keys, found) in LOSSES.items()}})


if __name__ == "__main__":
    main()
