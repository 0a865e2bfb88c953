"""A C99 header with the network: float in, float out, without dependencies beyond the C library's mathematics."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

import nntrain
from nntrain.artifacts.model import Model
from nntrain.data import Label
from nntrain.export.description import Description, Layer, describe
from nntrain.export.target_inverse import arrays as inverse_arrays
from nntrain.export.target_inverse import c_inverse

ACTIVATIONS = {
    "identity": "",
    "sigmoid": "v[j] = 1.0f / (1.0f + expf(-v[j]));",
    "tanh": "v[j] = tanhf(v[j]);",
    "hard_tanh": "v[j] = v[j] > 1.0f ? 1.0f : v[j] < -1.0f ? -1.0f : v[j];",
    "relu": "v[j] = v[j] <= 0.0f ? 0.0f : v[j];",
    "leaky_relu": "v[j] = v[j] > 0.0f ? v[j] : {coefficient} * v[j];",
    "prelu": "v[j] = v[j] > 0.0f ? v[j] : {name}_slopes{number}[{slope}] * v[j];",
    "elu": "v[j] = v[j] > 0.0f ? v[j] : {coefficient} * expm1f(v[j]);",
    "selu": "v[j] = 1.05070098736f * (v[j] > 0.0f ? v[j] : 1.67326324235f * expm1f(v[j]));",
    "softplus": "v[j] = (v[j] > 0.0f ? v[j] : 0.0f) + log1pf(expf(-fabsf(v[j])));",
    "silu": "v[j] = v[j] / (1.0f + expf(-v[j]));",
    "gelu": "v[j] = 0.5f * v[j] * (1.0f + erff(v[j] * 0.70710678119f));",
}
SOFTMAX = """    {{
        float largest = v[0], total = 0.0f;
        for (int j = 1; j < {n}; j++) largest = v[j] > largest ? v[j] : largest;
        for (int j = 0; j < {n}; j++) total += v[j] = expf(v[j] - largest);
        for (int j = 0; j < {n}; j++) v[j] /= total;
    }}"""
LAYER_NORM = """    {{
        float mean = 0.0f, square = 0.0f;
        for (int j = 0; j < {n}; j++) mean += v[j] / {n};
        for (int j = 0; j < {n}; j++) square += (v[j] - mean) * (v[j] - mean) / {n};
        const float scale = 1.0f / sqrtf(square + {eps});
        for (int j = 0; j < {n}; j++) v[j] = {name}_gamma{number}[j] * (v[j] - mean) * scale + {name}_beta{number}[j];
    }}"""
BATCH_NORM = "    for (int j = 0; j < {n}; j++) v[j] = {name}_gamma{number}[j] * v[j] + {name}_beta{number}[j];"


def content(model: Model) -> bytes:
    """Return the header."""
    described = describe(model)
    name = re.sub(r"\W", "_", described.name.lower(), flags=re.ASCII)
    name = f"model_{name}" if not name[:1].isalpha() else name
    guard = f"NNTRAIN_{name.upper()}_H"
    body = [_arrays(described, name), _outputs(described, name), _meaning(described, name)]
    text = "\n".join(
        [
            f"/* {_comment(described.name)}, exported by nntrain {nntrain.__version__}. */",
            f"#ifndef {guard}\n#define {guard}\n\n#include <math.h>\n",
            f"#define {name.upper()}_INPUTS {len(described.features)} /* {_comment(_listed(described.features))} */",
            f"#define {name.upper()}_OUTPUTS {_results(described)}",
            *body,
            "#endif\n",
        ]
    )
    return text.encode()


def _results(described: Description) -> int:
    """Return how many numbers are predicted: one for each target, or class."""
    return len(described.target_names) if described.classes is None else len(described.classes)


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names))


def _comment(text: str) -> str:
    """Return text in which no comment begins or ends."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\n", " ").replace("\\", "/")


def _arrays(described: Description, name: str) -> str:
    found: dict[str, Any] = {}
    for number, layer in enumerate(described.layers, start=1):
        found |= {f"W{number}": layer.weights.T, f"b{number}": layer.biases, f"slopes{number}": layer.slopes}
        if layer.norm is not None:
            gamma, beta = layer.norm.gamma, layer.norm.beta
            if layer.norm.mean is not None and layer.norm.variance is not None:  # one multiplication instead
                gamma = gamma / np.sqrt(layer.norm.variance.astype(np.float64) + layer.norm.eps)
                beta = beta - layer.norm.mean * gamma
            found |= {f"gamma{number}": gamma, f"beta{number}": beta}
    lines = [
        _array(f"static const float {name}_{key}", array, _float) for key, array in found.items() if array is not None
    ]
    for prefix, scaling in (("", described.inputs), ("target_", described.targets)):
        if scaling is not None:
            for key in ("mean", "scale"):
                array = getattr(scaling, key)
                lines.append(
                    _array(f"static const double {name}_{prefix}{key}", array, lambda number: repr(float(number)))
                )
    if described.transformed is not None:
        for key, array in inverse_arrays(described.transformed).items():
            lines.append(_array(f"static const double {name}_{key}", array, lambda number: repr(float(number))))
    if described.classes is not None:
        labels = ", ".join(_string(label) for label in described.classes)
        lines.append(f"static const char *const {name}_classes[{len(described.classes)}] = {{{labels}}};")
    return "\n" + "\n".join(lines) + "\n"


def _array(declared: str, array: Any, text: Any) -> str:
    numbers = [text(number) for number in array.ravel()]
    rows = [", ".join(numbers[i : i + 8]) for i in range(0, len(numbers), 8)]
    return f"{declared}[{len(numbers)}] = {{\n    " + ",\n    ".join(rows) + "\n};"


def _float(number: Any) -> str:
    text = f"{np.float32(number):.9g}"
    return f"{text}f" if any(mark in text for mark in ".e") else f"{text}.0f"


def _string(label: Label) -> str:
    """Return a label as a C string: UTF-8, with octal escapes for all that is not plain."""
    text = str(label).lower() if isinstance(label, bool) else str(label)
    plain = "".join(chr(c) if 32 <= c < 127 and chr(c) not in '"\\?' else f"\\{c:03o}" for c in text.encode())
    return f'"{plain}"'


def _outputs(described: Description, name: str) -> str:
    widest = max(max(layer.weights.shape) for layer in described.layers)
    last = len(described.layers)
    lines = [
        "/* The network's outputs for one row of features, as they are in a table. */",
        f"static void {name}_outputs(const float *x, float *outputs) {{",
        f"    float a[{widest}], b[{widest}], *h = a, *v = b;",
        f"    for (int i = 0; i < {len(described.features)}; i++) "
        + (
            f"h[i] = (float)((x[i] - {name}_mean[i]) / {name}_scale[i]);"
            if described.inputs is not None
            else "h[i] = x[i];"
        ),
    ]
    for number, layer in enumerate(described.layers, start=1):
        lines += _layer(layer, number, name)
        if number < last:
            lines.append("    { float *swap = h; h = v; v = swap; }")
    n = described.layers[-1].biases.size
    return "\n".join([*lines, f"    for (int j = 0; j < {n}; j++) outputs[j] = v[j];", "}\n"])


def _layer(layer: Layer, number: int, name: str) -> list[str]:
    n_in, n = layer.weights.shape
    lines = [
        f"    for (int j = 0; j < {n}; j++) {{",
        f"        v[j] = {name}_b{number}[j];",
        f"        for (int i = 0; i < {n_in}; i++) v[j] += {name}_W{number}[j * {n_in} + i] * h[i];",
        "    }",
    ]
    facts = {"n": n, "name": name, "number": number, "coefficient": _float(layer.coefficient)}
    if layer.norm is not None:
        norm = LAYER_NORM if layer.norm.by_row else BATCH_NORM
        lines.append(norm.format(**facts, eps=_float(layer.norm.eps)))
    if layer.activation == "softmax":
        lines.append(SOFTMAX.format(**facts))
    elif statement := ACTIVATIONS[layer.activation]:
        slope = "0" if layer.slopes is None or layer.slopes.size == 1 else "j"
        lines.append(f"    for (int j = 0; j < {n}; j++) " + statement.format(**facts, slope=slope))
    return lines


def _meaning(described: Description, name: str) -> str:
    n, found = described.layers[-1].biases.size, _results(described)
    head = f"    float o[{n}];\n    {name}_outputs(x, o);\n"
    if described.classes is None:
        value = {"exp": "expf(o[j])"}.get(described.link, "o[j]")
        if described.targets is not None:
            value = f"{value} * {name}_target_scale[j] + {name}_target_mean[j]"
        if described.transformed is not None:
            loop = f" {{\n{c_inverse(described.transformed, name, value)}    }}\n"
        else:
            loop = f" predicted[j] = {value if described.targets is None else f'(float)({value})'};\n"
        return (
            f"/* The predicted numbers: {_comment(_listed(described.target_names))}. */\n"
            f"static void {name}_predict(const float *x, float *predicted) {{\n{head}"
            f"    for (int j = 0; j < {found}; j++){loop}}}\n"
        )
    chosen = "    return o[0] > 0.0f;\n"
    if not described.one_output:
        loop = f"for (int j = 1; j < {n}; j++) best = o[j] > o[best] ? j : best;"
        chosen = f"    int best = 0;\n    {loop}\n    return best;\n"
    text = (
        f"/* The index of the predicted class in {name}_classes. */\n"
        f"static int {name}_predict(const float *x) {{\n{head}{chosen}}}\n"
    )
    bodies = {
        "softmax": "    float *v = p;\n"
        + f"    for (int j = 0; j < {n}; j++) p[j] = o[j];\n"
        + SOFTMAX.format(n=n)
        + "\n",
        "outputs": f"    for (int j = 0; j < {n}; j++) p[j] = o[j];\n",
        "sigmoid": "    p[0] = 1.0f / (1.0f + expf(o[0]));\n    p[1] = 1.0f / (1.0f + expf(-o[0]));\n",
    }
    if described.probabilities is None:
        return text
    return (
        f"{text}\n/* The probability of each class. */\n"
        f"static void {name}_predict_proba(const float *x, float *p) {{\n{head}{bodies[described.probabilities]}}}\n"
    )
