"""A Python file with the network as a torch.nn.Module, which loads the parameters from the model file by name."""

from typing import Any

import nntrain
from nntrain.artifacts.model import Model
from nntrain.data.preprocessing import Standardizer
from nntrain.export.description import Description, Layer, describe
from nntrain.export.target_inverse import arrays as inverse_arrays
from nntrain.export.target_inverse import python_inverse

ACTIVATIONS = {
    "identity": "nn.Identity()",
    "sigmoid": "nn.Sigmoid()",
    "tanh": "nn.Tanh()",
    "hard_tanh": "nn.Hardtanh()",
    "relu": "nn.ReLU()",
    "leaky_relu": "nn.LeakyReLU({coefficient!r})",
    "prelu": "nn.PReLU({slopes})",
    "elu": "nn.ELU({coefficient!r})",
    "selu": "nn.SELU()",
    "softplus": "nn.Softplus()",
    "silu": "nn.SiLU()",
    "gelu": "nn.GELU()",
    "softmax": "nn.Softmax(dim=1)",
}
FILE = '''"""A network that nntrain {version} has trained. This file needs torch and safetensors.

    network = load("model.safetensors")
    predicted = network.predict(x)  # features (N, {inputs}), as they are in a table
"""

from collections import OrderedDict

import torch
from safetensors.torch import load_file
from torch import nn

NAME = {name!r}
FEATURES = {features!r}
{classes}

class Network(nn.Module):
    """The network; ``forward`` returns its outputs (N, {outputs}) for standardized features."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            OrderedDict(
                {{
{layers}
                }}
            )
        )

    def forward(self, x):
        return self.layers(x)

    def outputs(self, x):
        """Return the outputs for features as they are in a table."""
        x = torch.as_tensor(x, dtype=torch.float64)
{standardize}        return self(x.to(torch.{dtype}))
{meaning}

def load(path="model.safetensors"):
    """Return the network with the parameters of a model file, ready to predict."""
    network = Network().to(torch.{dtype})
    missing, unexpected = network.layers.load_state_dict(load_file(path), strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{{path}} is not this network's: missing {{missing}}, unexpected {{unexpected}}")
    return network.eval()
'''


def content(model: Model) -> bytes:
    """Return the file."""
    described = describe(model)
    classes = "" if described.classes is None else f"CLASSES = {described.classes!r}\n"
    if (targets := described.transformed) is not None:
        names = {name: _tensor(values) for name, values in inverse_arrays(targets).items()}
        classes = f"\n\n{python_inverse(targets, 'torch', names)}\n"
    standardize = ""
    if described.inputs is not None:
        standardize = f"        x = (x - {_tensor(described.inputs.mean)}) / {_tensor(described.inputs.scale)}\n"
    text = FILE.format(
        name=described.name,
        version=nntrain.__version__,
        features=described.features,
        inputs=len(described.features),
        outputs=described.layers[-1].biases.size,
        classes=classes,
        layers="\n".join(f"                    {line}," for line in _modules(described)),
        standardize=standardize,
        dtype=described.dtype,
        meaning=_meaning(described),
    )
    return text.encode()


def _modules(described: Description) -> list[str]:
    """Return the modules by name: the names are those of the model file, dropout lies between them."""
    lines, number = [], 0
    for layer in described.layers:
        n_in, n_out = layer.weights.shape
        lines.append(f'"{number}": nn.Linear({n_in}, {n_out})')
        if layer.norm is not None:
            number += 1
            kind = "LayerNorm" if layer.norm.by_row else "BatchNorm1d"
            keys = "" if layer.norm.by_row else f", momentum={layer.norm.momentum!r}"
            if not layer.norm.affine:
                keys += f", {'elementwise_affine' if layer.norm.by_row else 'affine'}=False"
            lines.append(f'"{number}": nn.{kind}({n_out}, eps={layer.norm.eps!r}{keys})')
        lines.append(f'"{number + 1}": {_activation(layer)}')
        if layer.dropout:
            lines.append(f'"dropout{number + 1}": nn.Dropout({layer.dropout!r})')
        number += 2
    return lines


def _activation(layer: Layer) -> str:
    slopes = 0 if layer.slopes is None else layer.slopes.size
    return ACTIVATIONS[layer.activation].format(coefficient=layer.coefficient, slopes=slopes)


def _meaning(described: Description) -> str:
    head = "\n    @torch.no_grad()\n    def "
    if described.classes is None:
        link = {"exp": "o.exp()", "mean": f"o[:, :{len(described.target_names)}]"}.get(described.link, "o")
        targets: Standardizer | None = described.targets
        back = "" if targets is None else f" * {_tensor(targets.scale)} + {_tensor(targets.mean)}"
        about = '        """Return the predicted numbers for features as they are in a table."""\n'
        value = f"{link}{back}"
        value = value if described.transformed is None else f"inverse({value})"
        return f"{head}predict(self, x):\n{about}        o = self.outputs(x).double()\n        return {value}\n"
    chosen = "self.outputs(x)[:, 0] > 0" if described.one_output else "self.outputs(x).argmax(dim=1)"
    about = '        """Return the class of each row of features as they are in a table."""\n'
    found = f"{head}predict(self, x):\n{about}        return [CLASSES[int(i)] for i in {chosen}]\n"
    bodies = {
        "softmax": "self.outputs(x).double().softmax(dim=1)",
        "outputs": "self.outputs(x).double()",
        "sigmoid": "torch.hstack([torch.sigmoid(-z), torch.sigmoid(z)])",
    }
    if described.probabilities is not None:
        about = '        """Return the probabilities of the classes for features as they are in a table."""\n'
        z = "        z = self.outputs(x).double()\n" if described.probabilities == "sigmoid" else ""
        found += f"{head}predict_proba(self, x):\n{about}{z}        return {bodies[described.probabilities]}\n"
    return found


def _tensor(values: Any) -> str:
    return f"torch.tensor({values.tolist()!r}, dtype=torch.float64)"
