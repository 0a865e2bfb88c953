"""A Python file that builds scikit-learn's own estimator with the network's weights, without pickle."""

import nntrain
from nntrain.artifacts.model import Model
from nntrain.errors import InputError, bad_input
from nntrain.export.description import Description, describe
from nntrain.export.to_numpy import array_reader, array_text

ACTIVATIONS = {"identity": "identity", "sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}
OUTPUTS = {"softmax": "softmax", "sigmoid": "logistic", "identity": "identity"}
FILE = '''"""A network that nntrain {version} has trained. This file needs scikit-learn."""

import base64

import numpy as np
from sklearn.neural_network import {kind}
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelBinarizer, StandardScaler

NAME = {name!r}


def build():
    """Return a pipeline that predicts from features (N, {inputs}), as they are in a table."""
    network = {kind}({hidden}, activation={activation!r})
    network.coefs_, network.intercepts_ = COEFS, INTERCEPTS
    network.n_layers_, network.n_outputs_, network.n_features_in_ = {layers}, {outputs}, {inputs}
    network.out_activation_ = {out!r}
{classes}    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = MEAN, SCALE
    scaler.var_, scaler.n_features_in_, scaler.n_samples_seen_ = SCALE**2, {inputs}, 1
    return make_pipeline(scaler, network)


{reader}

MEAN = {mean}
SCALE = {scale}
COEFS = [
{coefs}
]
INTERCEPTS = [
{intercepts}
]
'''


def content(model: Model) -> bytes:
    """Return the file.

    Raises:
        InputError: if scikit-learn's estimators cannot hold the network.
    """
    described = describe(model)
    activation = _checked(described)
    inputs, names = described.inputs, ("mean", "scale")
    mean, scale = (
        f"np.{one}({len(described.features)})" if inputs is None else array_text(getattr(inputs, name), "")
        for name, one in zip(names, ("zeros", "ones"), strict=True)
    )
    classes = ""
    if described.classes is not None:
        labels = f"network.classes_ = np.array({list(described.classes)!r})"
        classes = f"    {labels}\n    network._label_binarizer = LabelBinarizer().fit(network.classes_)\n"
    text = FILE.format(
        name=described.name,
        version=nntrain.__version__,
        kind="MLPRegressor" if described.classes is None else "MLPClassifier",
        hidden=tuple(layer.biases.size for layer in described.layers[:-1]),
        activation=activation,
        layers=len(described.layers) + 1,
        outputs=described.layers[-1].biases.size,
        inputs=len(described.features),
        out=OUTPUTS[described.link],
        classes=classes,
        reader=array_reader(),
        mean=mean,
        scale=scale,
        coefs="\n".join(f"    {array_text(layer.weights, '    ')}," for layer in described.layers),
        intercepts="\n".join(f"    {array_text(layer.biases, '    ')}," for layer in described.layers),
    )
    return text.encode()


def _checked(described: Description) -> str:
    """Return scikit-learn's name of the hidden layers' activation.

    Raises:
        InputError: if scikit-learn has no such activation, or lacks anything else that the network has.
    """
    hidden = {layer.activation for layer in described.layers[:-1]} or {"identity"}
    if len(hidden) > 1:
        raise _refused(f"hidden layers with several activations: {', '.join(sorted(hidden))}")
    (name,) = hidden
    if name not in ACTIVATIONS:
        raise _refused(f"the activation {name}")
    if any(layer.norm is not None for layer in described.layers):
        raise _refused("normalized layers")
    if described.targets is not None:
        raise _refused("standardized targets" if described.transformed is None else "transformed targets")
    if described.layers[-1].activation != "identity":
        raise _refused(f"the output activation {described.layers[-1].activation}")
    if described.link not in OUTPUTS or (described.classes is not None and described.link == "identity"):
        raise _refused("this loss")
    if described.classes is not None and (described.link == "softmax") == (len(described.classes) == len("ab")):
        raise _refused("two classes with two outputs")
    if list(described.classes or ()) != sorted(described.classes or ()):
        raise _refused("classes that are not sorted")
    return ACTIVATIONS[name]


def _refused(what: str) -> InputError:
    return bad_input("--to sklearn", f"scikit-learn's MLP has no place for {what}", "choose numpy, torch or onnx")
