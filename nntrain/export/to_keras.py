"""A Python file with the network as a Keras model, which loads the parameters from the model file by name."""

import nntrain
from nntrain.artifacts.model import Model
from nntrain.export.description import Description, Layer, describe
from nntrain.export.to_numpy import ACTIVATIONS as NUMPY_FUNCTIONS
from nntrain.export.to_numpy import meaning, parameters, scaling_arrays

ACTIVATIONS = {
    "identity": 'Activation("linear"',
    "leaky_relu": "LeakyReLU(negative_slope={coefficient!r}",
    "elu": "ELU(alpha={coefficient!r}",
    "prelu": "PReLU(",
}
FILE = '''"""A network that nntrain {version} has trained. This file needs Keras 3, safetensors and NumPy.

    network = load("model.safetensors")
    predicted = predict(network, x)  # features (N, {inputs}), as they are in a table
"""

import base64

import keras
import numpy as np
from keras import layers
from safetensors.numpy import load_file

NAME = {name!r}
FEATURES = {features!r}
{classes}

def build():
    """Return the network for standardized features, with initial weights."""
    return keras.Sequential(
        [
            keras.Input(({inputs},), dtype="{dtype}"),
{modules}
        ]
    )


def load(path="model.safetensors"):
    """Return the network with the parameters of a model file."""
    network, arrays = build(), load_file(path)
    for layer in network.layers:
        weights = [values.T for name, values in arrays.items() if name == f"{{layer.name[1:]}}.weight"]
        for name in ("bias", "running_mean", "running_var"):
            weights += [values for key, values in arrays.items() if key == f"{{layer.name[1:]}}.{{name}}"]
        if weights:  # a slope for all units is one for each in Keras
            layer.set_weights([np.broadcast_to(new, old.shape) for new, old in zip(weights, layer.get_weights())])
    return network


def outputs(network, x):
    """Return the outputs (N, {outputs}) for features as they are in a table."""
    h = np.asarray(x, np.float64)
{standardize}    return keras.ops.convert_to_numpy(network(h.astype("{dtype}"), training=False))


{meaning}

{arrays}'''


def content(model: Model) -> bytes:
    """Return the file."""
    described = describe(model)
    functions = [NUMPY_FUNCTIONS[name] for name in (described.probabilities,) if name in ("softmax", "sigmoid")]
    text = FILE.format(
        version=nntrain.__version__,
        name=described.name,
        features=described.features,
        inputs=len(described.features),
        outputs=described.layers[-1].biases.size,
        classes="" if described.classes is None else f"CLASSES = np.array({list(described.classes)!r})\n",
        dtype=described.dtype,
        modules="\n".join(f"            layers.{line}," for line in _modules(described)),
        standardize="" if described.inputs is None else '    h = (h - P["mean"]) / P["scale"]\n',
        meaning="\n\n".join([*functions, *meaning(described, "network, x")]),
        arrays=parameters(scaling_arrays(described)),
    )
    return text.encode()


def _modules(described: Description) -> list[str]:
    """Return the layers; a name is the number in the model file after a letter."""
    lines, number, dtype = [], 0, f'dtype="{described.dtype}"'
    for layer in described.layers:
        lines.append(f'Dense({layer.biases.size}, name="m{number}", {dtype})')
        if layer.norm is not None:
            number += 1
            kind = (
                "LayerNormalization("
                if layer.norm.by_row
                else f"BatchNormalization(momentum={1 - layer.norm.momentum!r}, "
            )
            affine = "" if layer.norm.affine else "center=False, scale=False, "
            lines.append(f'{kind}{affine}epsilon={layer.norm.eps!r}, name="m{number}", {dtype})')
        lines.append(f'{_activation(layer)}, name="m{number + 1}", {dtype})'.replace("(, ", "("))
        if layer.dropout:
            lines.append(f"Dropout({layer.dropout!r})")
        number += 2
    return lines


def _activation(layer: Layer) -> str:
    return ACTIVATIONS.get(layer.activation, f'Activation("{layer.activation}"').format(coefficient=layer.coefficient)
