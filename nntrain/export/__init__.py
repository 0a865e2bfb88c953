"""Trained models in the formats of other tools, each written by a module of its own."""

from collections.abc import Callable
from importlib import import_module

from nntrain.artifacts.model import Model

FORMATS = {
    "numpy": "a Python file that needs NumPy alone",
    "torch": "a Python file with a torch.nn.Module that loads the model file",
    "keras": "a Python file with a Keras model that loads the model file",
    "onnx": "an ONNX model, with preprocessing and class labels inside",
    "c": "a C99 header without dependencies",
    "sklearn": "a Python file that builds scikit-learn's MLPClassifier or MLPRegressor",
    "recipe": "the recipe that the model was trained with",
}


def export(model: Model, to: str) -> bytes:
    """Return ``model`` in a format, one of ``FORMATS``.

    Raises:
        InputError: if the format cannot hold the model, or a library that it needs is not installed.
    """
    module = import_module(f"nntrain.export.to_{to}")
    content: Callable[[Model], bytes] = module.content
    return content(model)


def without_threshold(model: Model) -> str:
    """Return a note that an exported model predicts the more probable class, whatever the model's threshold."""
    second = (model.classes or ("", ""))[1]
    return (
        f"the exported model predicts the more probable class, but this model predicts {second!r} from a probability "
        f"of {model.threshold:.4g} on: apply that threshold to the exported model's probabilities"
    )
