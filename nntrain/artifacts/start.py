"""Weights to start from: those of a trained model whose layers are the same."""

from typing import Any

from numpy.typing import NDArray

from nntrain.artifacts.lookup import find_model
from nntrain.artifacts.model import Model
from nntrain.data import Dataset
from nntrain.errors import bad_input
from nntrain.network.network import Network


def weights_from(text: str, network: Network, dataset: Dataset) -> NDArray[Any]:
    """Return the parameters of the model that ``text`` names, for a network on the rows of ``dataset``.

    Raises:
        InputError: if it names none, or its layers, columns or classes are not those of the network.
    """
    model = Model.load(find_model(text))
    here, there = ([(layer.trainable, layer.buffers) for layer in each.layers] for each in (network, model.network))
    if here != there:
        labels = [", ".join(layer.label for layer in each.layers) for each in (model.network, network)]
        raise bad_input("--from", f"{text} has the layers {labels[0]}, but the recipe has {labels[1]}")
    for what, model_has, data_have in (
        ("columns", model.column_names, dataset.feature_names),
        ("classes", model.classes, dataset.classes),
    ):
        if model_has != data_have:
            raise bad_input("--from", f"{text} was trained on different {what} from those of the recipe's data")
    return model.theta
