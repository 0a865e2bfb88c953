"""Settings that do not fit the optimizer."""

from nntrain.data.prepare import Prepared
from nntrain.errors import bad_input
from nntrain.losses import Loss
from nntrain.network.network import Network
from nntrain.network.second_order import without_product
from nntrain.optimizers.gradient_free import Search
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe

MAX_UNKNOWNS = 2000  # the time of an iteration grows with their cube
MAX_DERIVATIVES = 50_000_000  # 400 MB


def check_optimizer(recipe: Recipe, document: Document) -> None:
    """Reject settings that the optimizer cannot use."""
    if recipe.optimizer.full_batch:
        check_full_batch(recipe, document)
    if recipe.optimizer.evaluated_row is not None:
        check_own_average(recipe, document)


def check_curvature(recipe: Recipe, network: Network, loss: Loss, data: Prepared, document: Document) -> None:
    """Reject what has no exact product with the Hessian, if the optimizer needs one."""
    if recipe.optimizer.curvature_row is None and not recipe.optimizer.solves:
        return
    if recipe.optimizer.solves and network.parameters > MAX_UNKNOWNS:
        raise bad_input(
            document.place("optimizer"),
            f"{recipe.optimizer.name} solves a linear system with a row for each parameter: found "
            f"{network.parameters:,} parameters, allowed {MAX_UNKNOWNS:,}",
            "choose fewer or narrower layers, or another optimizer, such as lbfgs",
        )
    numbers = len(data.train.x) * network.outputs * network.parameters
    if recipe.optimizer.solves and numbers > MAX_DERIVATIVES:
        raise bad_input(
            document.place("optimizer"),
            f"{recipe.optimizer.name} needs {numbers:,} derivatives, of each row's outputs by each parameter, allowed "
            f"{MAX_DERIVATIVES:,}",
            "choose fewer rows or narrower layers, or another optimizer, such as lbfgs",
        )
    missing = without_product(network, loss)
    if not data.train.in_memory:
        missing = "a table that does not fit into memory"
    if data.train.weights is not None:
        missing = "rows with weights"
    if recipe.regularization.input_noise:
        missing = "input noise"
    if missing is not None:
        raise bad_input(
            document.place("optimizer"),
            f"{recipe.optimizer.name} needs products with the Hessian, which nntrain does not compute for {missing}",
            "choose another optimizer, such as adam, or remove that part",
        )


def check_full_batch(recipe: Recipe, document: Document) -> None:
    """Reject settings that a full-batch optimizer cannot use."""
    name, regularization = recipe.optimizer.name, recipe.regularization
    if recipe.training.batch_size != "full":
        raise bad_input(
            document.place("training", "batch_size"),
            f"found {recipe.training.batch_size}, but {name} needs the gradient of all rows",
            "choose full, or remove the key",
        )
    if recipe.schedule.name != "constant" or recipe.schedule.warmup:
        raise bad_input(
            document.place("schedule"), f"{name} does not follow a learning rate schedule", "remove the key"
        )
    following = [key for key in ("lookahead", "averaging", "sam") if getattr(recipe.training, key) is not None]
    if following:
        raise bad_input(
            document.place("training", following[0]),
            f"{name} runs its own full-batch iterations, which this key cannot change",
            "remove the key, or choose another optimizer",
        )
    keys = (
        "l1",
        "weight_decay",
        "clip_norm",
        "clip_value",
        "input_noise",
        *(["l2"] if isinstance(recipe.optimizer, Search) else []),
    )
    unsupported = [key for key in keys if getattr(regularization, key)]
    if unsupported:
        raise bad_input(
            document.place("regularization", unsupported[0]),
            f"{name} needs the exact gradient of the loss",
            "choose l2, or another optimizer",
        )


def check_own_average(recipe: Recipe, document: Document) -> None:
    """Reject what would change the parameters of an optimizer that computes them from state vectors of its own."""
    name = recipe.optimizer.name
    following = [key for key in ("lookahead", "averaging") if getattr(recipe.training, key) is not None]
    if following:
        raise bad_input(
            document.place("training", following[0]),
            f"{name} averages the weights itself",
            "remove the key, or choose another optimizer",
        )
    if recipe.regularization.weight_decay:
        own = "optimizer.weight_decay" if "weight_decay" in type(recipe.optimizer).model_fields else "regularization.l2"
        raise bad_input(
            document.place("regularization", "weight_decay"),
            f"{name} computes the weights from averages, which this would not decay",
            f"use {own} instead",
        )
