"""The estimators' parameters: scikit-learn's, under its names and with its meaning, and nntrain's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import numpy as np
from numpy.random import RandomState
from sklearn.base import BaseEstimator

from nntrain.training.events import EpochEnded

Component = str | Mapping[str, Any]  # as in a recipe: a name, or a name with keys
Callback = Callable[[Any, EpochEnded], bool | None]


@dataclass(eq=False, repr=False)
class Parameters(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Hyperparameters of a multi-layer perceptron.

    Parameters
    ----------
        hidden_layer_sizes: units of each hidden layer; a mapping instead of a number gives a layer settings of its own,
            as in ``{"units": 32, "activation": "tanh", "dropout": 0.2}``.
        activation: of the hidden layers: a name that ``nntrain list activations`` shows, or a name with keys, as in
            ``{"name": "leaky_relu", "slope": 0.1}``. ``logistic`` is the sigmoid.
        solver: ``adam``, ``sgd`` or ``lbfgs``, with scikit-learn's meaning. ``optimizer`` takes its place.
        alpha: strength of the L2 penalty: alpha/(2 n) Σ w² is added to the loss of a batch of n samples.
        batch_size: samples per batch; ``auto``: 200, or all if there are fewer.
        learning_rate: ``constant``, ``invscaling`` or ``adaptive``, of ``sgd``. ``schedule`` takes its place.
        learning_rate_init: the learning rate of ``adam`` and ``sgd``.
        power_t: exponent of ``invscaling``.
        max_iter: maximum number of epochs; of iterations for ``lbfgs``.
        shuffle: whether to shuffle the samples before each epoch.
        random_state: seed or generator of all random numbers.
        tol: by how much the loss, or the validation score, has to improve to count as an improvement.
        verbose: whether to print the loss of each epoch.
        warm_start: whether ``fit`` starts from the weights of the previous call.
        momentum: of ``sgd``.
        nesterovs_momentum: whether ``sgd`` uses Nesterov's momentum.
        early_stopping: whether to stop on the validation score, and keep the weights with the best one.
        validation_fraction: fraction of the training data set aside for early stopping.
        beta_1: of ``adam``.
        beta_2: of ``adam``.
        epsilon: of ``adam``.
        n_iter_no_change: epochs without an improvement after which training stops.
        max_fun: maximum number of evaluations of the loss, for ``lbfgs``.
        optimizer: any optimizer, by name or with keys, as in ``{"name": "lion", "lr": 1e-4}``.
        schedule: any learning rate schedule.
        loss: any loss that suits the task.
        initializer: of the weights; None: scikit-learn's, Glorot uniform for weights and biases.
        norm: ``batch`` or ``layer`` normalization of the hidden layers.
        dropout: fraction of the hidden units that a training step drops.
        regularization: further keys of a recipe's ``regularization``, as in ``{"clip_norm": 1.0}``.
        averaging: ``ema`` or ``swa`` of the weights.
        lookahead: keys of Lookahead; an empty mapping for its defaults.
        sam: keys of sharpness-aware minimization (SAM); an empty mapping for its defaults.
        dtype: ``float32`` or ``float64``; None: that of X, float64 unless it is float32.
        callbacks: functions of the estimator and the epoch's facts (``epoch``, ``train_loss``, ``validation`` ...),
            called after each epoch; training stops if one returns True.
    """

    hidden_layer_sizes: Any = (100,)
    activation: Component = "relu"
    solver: Literal["adam", "sgd", "lbfgs"] = "adam"
    alpha: float = 0.0001
    batch_size: int | Literal["auto"] = "auto"
    learning_rate: Literal["constant", "invscaling", "adaptive"] = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: int | RandomState | None = None
    tol: float = 1e-4
    verbose: bool | int = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    _: KW_ONLY
    optimizer: Component | None = None
    schedule: Component | None = None
    loss: Component | None = None
    initializer: Component | None = None
    norm: Component | None = None
    dropout: float = 0.0
    regularization: Mapping[str, Any] | None = None
    averaging: Component | None = None
    lookahead: Mapping[str, Any] | None = None
    sam: Mapping[str, Any] | None = None
    dtype: Literal["float32", "float64"] | None = None
    callbacks: Sequence[Callback] | None = None


def plain(value: Any) -> Any:
    """Return a parameter as a recipe holds it: lists for sequences and arrays, Python's numbers for NumPy's."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(one) for one in value]
    return value
