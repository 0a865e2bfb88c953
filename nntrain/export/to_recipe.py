"""The recipe of a model, as YAML."""

from nntrain.artifacts.model import Model
from nntrain.recipe.document import dump_document
from nntrain.recipe.schema import to_data


def content(model: Model) -> bytes:
    """Return the recipe that a model was trained with."""
    return dump_document(to_data(model.recipe)).encode()
