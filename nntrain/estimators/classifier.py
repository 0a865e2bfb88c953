"""MLPClassifier."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from nntrain.data import Dataset, Label
from nntrain.estimators.base import BaseMLP, has_steps
from nntrain.estimators.parameters import plain
from nntrain.estimators.recipes import DIALECT, named
from nntrain.losses import Loss
from nntrain.registry import members

TWO = 2


def has_probabilities(estimator: "MLPClassifier") -> bool:
    """Return whether the loss models probabilities.

    Raises:
        AttributeError: if not.
    """
    loss = named(estimator.loss or "bce")["name"]
    if members(Loss)[loss].probabilities is Loss.probabilities:
        raise AttributeError(f"predict_proba needs a loss that models probabilities; {loss} does not")
    return True


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """Multi-layer perceptron classifier with scikit-learn's interface, trained by nntrain.

    It takes the parameters of ``sklearn.neural_network.MLPClassifier`` with the same meaning, and gives the same
    loss curve for the same ``random_state`` (``lbfgs`` excepted, which may take other steps). Further parameters are
    keyword-only; see :class:`~nntrain.estimators.parameters.Parameters`.

    Parameters
    ----------
        class_weight: ``balanced``, or the weight of each class by label; classes left out have weight 1.

    Attributes
    ----------
        classes_: the class labels (C); for several labels their numbers (L).
        loss_curve_: the training loss of each epoch, with the penalty.
        validation_loss_curve_: the validation loss of each epoch; None without validation data.
        validation_scores_: the accuracy on validation data after each epoch; None without.
        coefs_, intercepts_: each layer's weights (I, O) and biases (O), as views.
        loss_, best_loss_, best_validation_score_, n_iter_, t_, n_layers_, n_outputs_, out_activation_,
        n_features_in_, feature_names_in_: as in scikit-learn.

    Examples
    --------
        >>> from sklearn.datasets import load_iris
        >>> from nntrain import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = MLPClassifier((16,), "tanh", learning_rate_init=0.01, max_iter=300, random_state=0).fit(X, y)
        >>> bool(model.score(X, y) > 0.95)
        True
    """

    _: KW_ONLY
    class_weight: Mapping[Any, float] | Literal["balanced"] | None = None

    _numeric: ClassVar[bool] = False

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class label of each sample (N,), or 1 and 0 for each of L labels (N, L)."""
        found = self._trained_loss().predict_class(self._outputs(X))
        labels: NDArray[Any] = self.classes_
        return found if self._several else labels[found]

    @available_if(has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class (N, C), or label (N, L), in the order of ``classes_``."""
        found = self._trained_loss().probabilities(self._outputs(X))
        if found is None:
            raise AssertionError("has_probabilities has let a loss without probabilities pass")
        return found

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each class (N, C) or label (N, L)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    @available_if(has_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on the samples ``X``, from where the last call left the weights and the optimizer.

        Args:
            X: the features (N, I).
            y: the class labels (N,), or of L labels 0 and 1 (N, L).
            sample_weight: the weight of each sample (N); None: all weigh the same.
            classes: all class labels there will be; needed in the first call.
        """
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError("classes must be passed on the first call to partial_fit")
        super().partial_fit(X, y, sample_weight, classes)
        return self

    def _dataset(self, X: Any, y: Any, known: bool, classes: Any = None) -> Dataset:
        check_classification_targets(y)
        several = type_of_target(y).startswith("multilabel")
        if known and several != self._several:
            raise ValueError(f"y has {'several labels' if several else 'one label'} per sample, unlike the first call")
        self._several: bool = several
        names = tuple(f"x{i}" for i in range(X.shape[1]))
        if several:
            labels, targets = self._several_labels(y, known)
            return Dataset(X, labels, names, targets, (0, 1))
        y = column_or_1d(y, warn=True)
        if classes is not None and known and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes={classes!r} are not those of the first call, {self.classes_!r}")
        if not known:
            self.classes_: NDArray[Any] = np.unique(y if classes is None else classes)
        if len(self.classes_) < TWO:
            raise ValueError(f"found one class, {self.classes_.tolist()[0]!r}; a classifier needs two")
        indices = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = np.unique(y[self.classes_[indices] != y])
        if unknown.size:
            raise ValueError(f"y has classes that are not in classes_: {unknown}; classes_ are {self.classes_}")
        return Dataset(X, indices.astype(np.int64), names, ("y",), self._labels())

    def _several_labels(self, y: Any, known: bool) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Return whether a sample has each label (N, L), and the names of the labels."""
        y = np.asarray(y.toarray() if hasattr(y, "toarray") else y).astype(np.int64)
        if known and y.shape[1] != len(self.classes_):
            raise ValueError(f"y has {y.shape[1]} labels, expected {len(self.classes_)} as in the first call")
        self.classes_ = np.arange(y.shape[1])
        return y, tuple(f"y{i}" for i in range(y.shape[1]))

    def _labels(self) -> tuple[Label, ...]:
        if self._several:
            return (0, 1)
        labels = plain(self.classes_)
        return tuple(label if isinstance(label, str | int | bool) else str(label) for label in labels)

    def _loss(self, dataset: Dataset) -> dict[str, Any]:
        binary = self._several or len(self.classes_) == TWO
        own = {"name": "bce", "dialect": DIALECT} if self._several else "bce" if binary else "cross_entropy"
        loss = named(self.loss if self.loss is not None else own)
        if self.class_weight is None:
            return loss
        weights: Any = self.class_weight
        if isinstance(weights, Mapping):
            labels = self.classes_.tolist()
            unknown = [label for label in weights if label not in labels]
            if unknown:
                raise ValueError(f"class_weight has labels that are not in y: {unknown}; classes are {labels}")
            weights = [float(weights.get(label, 1.0)) for label in labels]
        return {**loss, "dialect": DIALECT, "class_weights": weights}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
