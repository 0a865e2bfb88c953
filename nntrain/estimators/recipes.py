"""From an estimator's parameters to the recipe that means the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nntrain.data import Dataset
from nntrain.errors import InputError
from nntrain.estimators.parameters import Parameters, plain
from nntrain.optimizers import Optimizer
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe, parse
from nntrain.registry import members

DIALECT = "scikit-learn"
MAX_BATCH = 200  # of batch_size="auto"
LOSSES = {"squared_error": "half_mse"}  # scikit-learn's name, and ours
# Samples come from Python and no file holds them. Without a checksum a command that needs them asks for --data.
FILE = "training-data.csv"


@contextmanager
def value_errors() -> Iterator[None]:
    """Raise what is wrong with a recipe as the ValueError that scikit-learn's tools expect."""
    try:
        yield
    except InputError as error:
        raise ValueError(str(error)) from None


def batch_rows(parameters: Parameters, rows: int) -> int:
    """Return the number of samples per batch, given ``rows`` to train on."""
    if parameters.batch_size == "auto":
        return rows if is_full_batch(parameters) else min(MAX_BATCH, rows)
    size = plain(parameters.batch_size)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"batch_size: found {parameters.batch_size!r}, expected 'auto' or a positive integer")
    return min(size, rows)


def recipe_of(parameters: Parameters, rows: int, loss: dict[str, Any], dataset: Dataset) -> tuple[Recipe, Document]:
    """Return the recipe, and its keys for messages.

    Args:
        parameters: the estimator.
        rows: samples to train on.
        loss: the loss with its keys.
        dataset: the samples.

    Raises:
        ValueError: if a parameter is wrong.
    """
    batch = batch_rows(parameters, rows)
    alpha = plain(parameters.alpha)
    if not isinstance(alpha, float | int) or not alpha >= 0:
        raise ValueError(f"alpha: found {alpha!r}, expected a number that is not negative")
    regularization = {**(plain(parameters.regularization) or {})}
    if alpha:
        regularization["l2"] = float(alpha) / batch
    targets, task = dataset.target_names, "regression" if dataset.classes is None else "classification"
    source = {"name": "table", "path": FILE, "target": targets[0] if len(targets) == 1 else list(targets), "task": task}
    training = {
        "epochs": plain(parameters.max_iter),
        "batch_size": "full" if batch == rows else batch,
        "dtype": str(dataset.x.dtype),
        "averaging": plain(parameters.averaging),
        "lookahead": plain(parameters.lookahead),
        "sam": plain(parameters.sam),
    }
    data = {
        "data": {"source": source, "validation": 0, "test": 0, "standardize": False, "standardize_target": False},
        "model": _model(parameters),
        "loss": loss,
        "optimizer": _optimizer(parameters),
        "schedule": _schedule(parameters, rows),
        "regularization": regularization,
        "training": training,
    }
    document = Document(type(parameters).__name__, data)
    with value_errors():
        return parse(document), document


def named(component: Any) -> dict[str, Any]:
    """Return a component with its keys, given by name alone or with keys."""
    component = plain(component)
    found = {"name": component} if isinstance(component, str) else dict(component)
    return {**found, "name": LOSSES.get(found.get("name", ""), found.get("name"))}


def is_full_batch(parameters: Parameters) -> bool:
    """Return whether the optimizer looks at all samples at once."""
    name = named(parameters.optimizer if parameters.optimizer is not None else parameters.solver)["name"]
    known = members(Optimizer)
    return name in known and known[name].full_batch


def _model(parameters: Parameters) -> dict[str, Any]:
    sizes = plain(parameters.hidden_layer_sizes)
    hidden = [plain(size) for size in (sizes if isinstance(sizes, list) else [sizes])]
    if any(isinstance(size, int | float) and size <= 0 for size in hidden):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {parameters.hidden_layer_sizes!r}")
    activation = "sigmoid" if parameters.activation == "logistic" else plain(parameters.activation)
    model = {"hidden": hidden, "activation": activation, "dropout": plain(parameters.dropout)}
    model |= {key: plain(getattr(parameters, key)) for key in ("norm", "initializer")}
    return model


def _optimizer(parameters: Parameters) -> Any:
    if parameters.optimizer is not None:
        return plain(parameters.optimizer)
    lr = plain(parameters.learning_rate_init)
    match parameters.solver:
        case "adam":
            betas = {"beta1": plain(parameters.beta_1), "beta2": plain(parameters.beta_2)}
            return {"name": "adam", "dialect": DIALECT, "lr": lr, **betas, "eps": plain(parameters.epsilon)}
        case "sgd" if parameters.momentum == 0:
            return {"name": "sgd", "lr": lr}
        case "sgd":
            name = "nesterov" if parameters.nesterovs_momentum else "momentum"
            return {"name": name, "dialect": DIALECT, "lr": lr, "momentum": plain(parameters.momentum)}
        case "lbfgs":
            return {"name": "lbfgs", "tolerance": plain(parameters.tol)}
    raise ValueError(f"solver: found {parameters.solver!r}, expected adam, sgd or lbfgs; optimizer takes all others")


def _schedule(parameters: Parameters, rows: int) -> Any:
    if parameters.schedule is not None:
        return plain(parameters.schedule)
    if parameters.learning_rate not in ("constant", "invscaling", "adaptive"):
        allowed = "expected constant, invscaling or adaptive; schedule takes all others"
        raise ValueError(f"learning_rate: found {parameters.learning_rate!r}, {allowed}")
    if is_sgd(parameters) and parameters.learning_rate == "invscaling" and parameters.power_t > 0:
        return {"name": "inverse_time_decay", "eps": float(rows), "power": plain(parameters.power_t), "per": "epoch"}
    return "constant"


def is_sgd(parameters: Parameters) -> bool:
    """Return whether scikit-learn's SGD is used, the only solver to which ``learning_rate`` applies."""
    return parameters.optimizer is None and parameters.solver == "sgd"
