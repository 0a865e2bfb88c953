"""MLPRegressor."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from nntrain.data import Dataset
from nntrain.estimators.base import FOR_COMPILED, BaseMLP, has_steps
from nntrain.estimators.recipes import named


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """Multi-layer perceptron regressor with scikit-learn's interface, trained by nntrain.

    It takes the parameters of ``sklearn.neural_network.MLPRegressor`` with the same meaning, and gives the same
    loss curve for the same ``random_state`` and one target (``lbfgs`` excepted, which may take other steps). For T
    targets its loss is T times scikit-learn's, which divides the loss by T but not its gradient. Further parameters
    are keyword-only; see :class:`~nntrain.estimators.parameters.Parameters`.

    Attributes:
        loss_curve_: the training loss of each epoch, with the penalty.
        validation_loss_curve_: the validation loss of each epoch; None without validation data.
        validation_scores_: R² on validation data after each epoch; None without.
        coefs_, intercepts_: each layer's weights (I, O) and biases (O), as views.
        loss_, best_loss_, best_validation_score_, n_iter_, t_, n_layers_, n_outputs_, out_activation_,
        n_features_in_, feature_names_in_: as in scikit-learn.

    Examples:
        >>> from sklearn.datasets import make_friedman1
        >>> from nntrain import MLPRegressor
        >>> X, y = make_friedman1(500, random_state=0)
        >>> model = MLPRegressor((32,), optimizer={"name": "adamw", "lr": 0.05}, random_state=0, max_iter=300)
        >>> bool(model.fit(X, y).score(X, y) > 0.8)
        True
    """

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the predicted numbers, (N,) or (N, T) as ``y`` was."""
        outputs = self._outputs(X)
        found = self._trained_loss().prediction(outputs)
        return found.ravel() if self._flat else found

    @available_if(has_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on the samples ``X``, from where the last call left the weights and the optimizer.

        Args:
            X: the features (N, I).
            y: the numbers (N,) or (N, T).
            sample_weight: the weight of each sample (N); None: all weigh the same.
        """
        super().partial_fit(X, y, sample_weight)
        return self

    def _dataset(self, X: Any, y: Any, known: bool, classes: Any = None) -> Dataset:
        y = np.require(y, np.float64, FOR_COMPILED)
        if y.ndim > 1 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = y.reshape(len(y), -1)
        if known and targets.shape[1] != len(self._target_names(self._fitted.recipe)):
            raise ValueError(f"y has {targets.shape[1]} targets, expected as many as in the first call")
        if not known:
            self._flat = y.ndim == 1
        names = ("y",) if targets.shape[1] == 1 else tuple(f"y{i}" for i in range(targets.shape[1]))
        return Dataset(X, targets, tuple(f"x{i}" for i in range(X.shape[1])), names)

    def _loss(self, dataset: Dataset) -> dict[str, Any]:
        return named(self.loss if self.loss is not None else "half_mse")
