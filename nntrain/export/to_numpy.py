"""A Python file with the network's forward pass in NumPy, and its parameters inside."""

import base64
import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nntrain
from nntrain.artifacts.model import Model
from nntrain.data.preprocessing import Standardizer
from nntrain.export.description import Description, Layer, describe
from nntrain.export.target_inverse import arrays as inverse_arrays
from nntrain.export.target_inverse import python_inverse

ACTIVATIONS = {
    "identity": "",
    "sigmoid": "def sigmoid(z):\n    return 0.5 * (1 + np.tanh(0.5 * z))\n",
    "tanh": "def tanh(z):\n    return np.tanh(z)\n",
    "hard_tanh": "def hard_tanh(z):\n    return np.clip(z, -1, 1)\n",
    "relu": "def relu(z):\n    return np.maximum(z, 0)\n",
    "leaky_relu": "def leaky_relu(z, slope):\n    return np.where(z > 0, z, slope * z)\n",
    "prelu": "def prelu(z, slope):\n    return np.where(z > 0, z, slope * z)\n",
    "elu": "def elu(z, alpha):\n    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))\n",
    "selu": (
        "def selu(z):\n"
        "    scale, alpha = 1.0507009873554805, 1.6732632423543772\n"
        "    return scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))\n"
    ),
    "softplus": "def softplus(z):\n    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))\n",
    "silu": "def silu(z):\n    return z * 0.5 * (1 + np.tanh(0.5 * z))\n",
    "gelu": (
        "def gelu(z):\n"
        "    erf = np.vectorize(math.erf, otypes=[z.dtype])\n"
        "    return 0.5 * z * (1 + erf(z * math.sqrt(0.5)))\n"
    ),
    "softmax": (
        "def softmax(z):\n"
        "    e = np.exp(z - z.max(axis=1, keepdims=True))\n"
        "    return e / e.sum(axis=1, keepdims=True)\n"
    ),
}
NORMS = {
    False: (
        "def batch_norm(z, gamma, beta, mean, variance, eps):\n"
        "    return gamma * (z - mean) / np.sqrt(variance + eps) + beta\n"
    ),
    True: (
        "def layer_norm(z, gamma, beta, eps):\n"
        "    mean, variance = z.mean(axis=1, keepdims=True), z.var(axis=1, keepdims=True)\n"
        "    return gamma * (z - mean) / np.sqrt(variance + eps) + beta\n"
    ),
}


def content(model: Model) -> bytes:
    """Return the file."""
    described = describe(model)
    parts = [_head(described), *_functions(described), _outputs(described), *meaning(described)]
    return ("\n\n".join(parts) + "\n\n" + _arrays(described)).encode()


def _head(described: Description) -> str:
    math = "import math\n" if any(layer.activation == "gelu" for layer in described.layers) else ""
    lines = [
        f'"""A network that nntrain {nntrain.__version__} has trained. This file needs NumPy alone."""',
        "",
        f"import base64\n{math}",
        "import numpy as np",
        "",
        f"NAME = {described.name!r}",
        f"FEATURES = {described.features!r}",
    ]
    if described.classes is not None:
        lines += [f"CLASSES = np.array({list(described.classes)!r})"]
    return "\n".join(lines) + "\n"


def _functions(described: Description) -> list[str]:
    names = [layer.activation for layer in described.layers]
    names += [described.probabilities] if described.probabilities in ("softmax", "sigmoid") else []
    norms = sorted({layer.norm.by_row for layer in described.layers if layer.norm is not None})
    return [
        *(NORMS[by_row] for by_row in norms),
        *(ACTIVATIONS[name] for name in dict.fromkeys(names) if ACTIVATIONS[name]),
    ]


def _outputs(described: Description) -> str:
    shapes = f"outputs (N, {described.layers[-1].biases.size}) for features x (N, {len(described.features)})"
    lines = [
        "def outputs(x):",
        f'    """Return the network\'s {shapes}, as they are in a table."""',
        "    h = np.asarray(x, np.float64)",
    ]
    if described.inputs is not None:
        lines.append('    h = (h - P["mean"]) / P["scale"]')
    lines.append(f"    h = h.astype(np.{described.dtype})")
    for number, layer in enumerate(described.layers, start=1):
        lines.append(f'    h = h @ P["W{number}"] + P["b{number}"]')
        lines += [f"    h = {line}" for line in _after(layer, number)]
    return "\n".join([*lines, "    return h\n"])


def _after(layer: Layer, number: int) -> list[str]:
    found = []
    if layer.norm is not None:
        running = "" if layer.norm.by_row else f'P["mean{number}"], P["variance{number}"], '
        name = "layer_norm" if layer.norm.by_row else "batch_norm"
        found.append(f'{name}(h, P["gamma{number}"], P["beta{number}"], {running}{layer.norm.eps!r})')
    match layer.activation:
        case "identity":
            pass
        case "leaky_relu" | "elu":
            found.append(f"{layer.activation}(h, {layer.coefficient!r})")
        case "prelu":
            found.append(f'prelu(h, P["slopes{number}"])')
        case name:
            found.append(f"{name}(h)")
    return found


def meaning(described: Description, arguments: str = "x") -> list[str]:
    """Return the functions that predict from ``outputs(arguments)``, as the text of a Python file."""
    call = f"outputs({arguments})"
    if described.classes is None:
        link = {"exp": "np.exp(o)", "mean": f"o[:, :{len(described.target_names)}]"}.get(described.link, "o")
        back = ' * P["target_scale"] + P["target_mean"]' if described.targets is not None else ""
        about = f'    """Return the predicted numbers (N, {len(described.target_names)}) for features x."""'
        value, functions = f"{link}{back}", []
        if (targets := described.transformed) is not None:
            names = {name: f'P["{name}"]' for name in inverse_arrays(targets)}
            value, functions = f"inverse({value})", [python_inverse(targets, "np", names)]
        body = f"    o = {call}.astype(np.float64)\n    return {value}\n"
        return [*functions, f"def predict({arguments}):\n{about}\n{body}"]
    chosen = f"({call}[:, 0] > 0).astype(int)" if described.one_output else f"{call}.argmax(axis=1)"
    about = '    """Return the class of each row of features x."""\n'
    found = [f"def predict({arguments}):\n{about}    return CLASSES[{chosen}]\n"]
    bodies = {
        "softmax": f"    return softmax({call}.astype(np.float64))\n",
        "outputs": f"    return {call}.astype(np.float64)\n",
        "sigmoid": f"    p = sigmoid({call}.astype(np.float64))\n    return np.hstack([1 - p, p])\n",
    }
    if described.probabilities is not None:
        about = f'    """Return the probabilities (N, {len(described.classes)}) of the classes for features x."""\n'
        found.append(f"def predict_proba({arguments}):\n{about}{bodies[described.probabilities]}")
    return found


def scaling_arrays(described: Description) -> dict[str, NDArray[Any]]:
    """Return the numbers that scale features and targets, by name."""
    arrays: dict[str, NDArray[Any]] = {}
    scalings: tuple[tuple[str, Standardizer | None], ...] = (("", described.inputs), ("target_", described.targets))
    for prefix, scaling in scalings:
        if scaling is not None:
            arrays |= {f"{prefix}mean": scaling.mean, f"{prefix}scale": scaling.scale}
    if described.transformed is not None:
        arrays |= inverse_arrays(described.transformed)
    return arrays


def parameters(arrays: dict[str, NDArray[Any]]) -> str:
    """Return the definition of ``P``, which holds arrays by name, as the text of a Python file."""
    return array_reader() + "\n\nP = {\n" + "".join(_array(name, values) for name, values in arrays.items()) + "}\n"


def _arrays(described: Description) -> str:
    arrays = scaling_arrays(described)
    for number, layer in enumerate(described.layers, start=1):
        norm = layer.norm
        found = {"W": layer.weights, "b": layer.biases, "slopes": layer.slopes}
        if norm is not None:
            found |= {"gamma": norm.gamma, "beta": norm.beta, "mean": norm.mean, "variance": norm.variance}
        arrays |= {f"{name}{number}": values for name, values in found.items() if values is not None}
    return parameters(arrays)


def array_reader() -> str:
    """Return the function that reads an array that :func:`array_text` has written."""
    return (
        "def _array(dtype, shape, text):\n"
        '    """Return an array from its numbers, little-endian, as base64."""\n'
        "    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)\n"
    )


def array_text(values: NDArray[Any], indent: str) -> str:
    """Return the call that makes an array in a Python file."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    lines = textwrap.wrap(base64.b64encode(little.tobytes()).decode(), 100) or [""]
    text = "".join(f'\n{indent}    "{line}"' for line in lines)
    return f'_array("{little.dtype.str}", {little.shape}, {text}\n{indent})'


def _array(name: str, values: NDArray[Any]) -> str:
    return f'    "{name}": {array_text(values, "    ")},\n'
