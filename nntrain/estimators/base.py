"""What the classifier and the regressor share: validation, training, and the outputs of a trained network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from nntrain.artifacts.model import Model
from nntrain.data import Dataset, Label
from nntrain.data.prepare import Prepared, Split
from nntrain.data.split import split_size
from nntrain.estimators.engine import mass_of, penalty
from nntrain.estimators.parameters import Parameters, plain
from nntrain.estimators.progress import Progress, Rules, run
from nntrain.estimators.recipes import is_full_batch, is_sgd, recipe_of, value_errors
from nntrain.estimators.setup import Fitted, allowed_threads, engine_of, first_theta, split, weighted
from nntrain.losses import Loss
from nntrain.network.inference import CHUNK_ROWS, ForwardPass
from nntrain.network.thread_pool import ThreadPool
from nntrain.recipe.document import Document
from nntrain.recipe.schema import Recipe
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded

FOR_COMPILED: Any = ["C", "W", "E"]  # C order, writeable, and not mapped to a file
OUTPUTS = {"sigmoid": "logistic", "softmax": "softmax"}  # the activation inside a loss, and scikit-learn's name for it


def has_steps(estimator: Parameters) -> bool:
    """Return True if the optimizer takes a step for each batch.

    Raises:
        AttributeError: if not, as for a method that does not exist.
    """
    if is_full_batch(estimator):
        raise AttributeError("partial_fit needs an optimizer that takes a step for each batch")
    return True


class BaseMLP(Parameters):
    """A multi-layer perceptron as a scikit-learn estimator."""

    _numeric: ClassVar[bool] = True  # whether targets are numbers

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Sequence[Any] | None = None) -> Self:
        """Train on samples ``X`` (N, I) with targets ``y`` (N,) or (N, T).

        Args:
            X: the features.
            y: class labels, or numbers.
            sample_weight: the weight of each sample (N); None: all weigh the same. A sample of weight w counts like w
                equal samples in the loss and the score.
            validation_data: features, targets and, if wanted, sample weights to validate on, in place of
                ``validation_fraction``.
        """
        warm = self.warm_start and hasattr(self, "_fitted")
        with value_errors():
            dataset = self._weighted(X, y, sample_weight, reset=not warm)
            random = check_random_state(self.random_state)
            held_out = self._held_out(validation_data)
            splits = self.early_stopping and held_out is None
            rows = len(dataset.x) - (split_size(self.validation_fraction, len(dataset.x)) if splits else 0)
            recipe, document = self._recipe(dataset, rows)
            theta = first_theta(self, recipe, dataset, random, self._fitted if warm else None)
            train = Split(dataset.x, dataset.y, dataset.weights)
            if splits:
                train, held_out = split(dataset, self.validation_fraction, random)
            data = Prepared(train, held_out, None, None, None)
            engine, recipe = engine_of(self, (recipe, document), dataset, data, random, theta)
            self._train(engine, recipe, warm)
        return self

    @available_if(has_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on the samples ``X``, from where the last call left the weights and the optimizer.

        Args:
            X: the features (N, I).
            y: class labels, or numbers.
            sample_weight: the weight of each sample (N); None: all weigh the same.
            classes: all class labels there will be; needed in the first call of a classifier.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "_fitted")
        with value_errors():
            dataset = self._weighted(X, y, sample_weight, reset=first, classes=classes)
            random = check_random_state(self.random_state)
            recipe, document = self._recipe(dataset, len(dataset.x))
            before = None if first else self._fitted
            theta = first_theta(self, recipe, dataset, random, before)
            data = Prepared(Split(dataset.x, dataset.y, dataset.weights), None, None, None, None)
            engine, recipe = engine_of(self, (recipe, document), dataset, data, random, theta)
        self._train_once(engine, recipe, before)
        return self

    def save(self, path: str | Path) -> None:
        """Write the trained network as a model file, for ``nntrain predict`` and ``nntrain.load``.

        Raises:
            InputError: if the file cannot be written.
        """
        self.to_model().save(Path(path))

    def to_model(self) -> Model:
        """Return the trained network as a model."""
        loss, fitted = self._trained_loss(), self._fitted
        names = (self._feature_names(), self._target_names(fitted.recipe), self._labels())
        return Model(fitted.recipe, fitted.network, fitted.theta, loss, *names, None, None)

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """The weights of each layer (I, O)."""
        return [weights for weights, _ in self._fitted.network.views(self._fitted.theta)]

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """The biases of each layer (O)."""
        return [biases for _, biases in self._fitted.network.views(self._fitted.theta)]

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there is a trained network."""
        return hasattr(self, "_fitted")

    # What the task decides

    def _dataset(self, X: Any, y: Any, known: bool, classes: Any = None) -> Dataset:
        raise NotImplementedError

    def _loss(self, dataset: Dataset) -> dict[str, Any]:
        raise NotImplementedError

    def _labels(self) -> tuple[Label, ...] | None:
        return None

    # Training

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        dtypes = [self.dtype] if self.dtype is not None else [np.float64, np.float32]
        found = validate_data(self, X, y, reset=reset, multi_output=True, y_numeric=self._numeric, dtype=dtypes)
        return np.require(found[0], requirements=FOR_COMPILED), found[1]

    def _weighted(self, X: Any, y: Any, sample_weight: Any, reset: bool, classes: Any = None) -> Dataset:
        """Return validated samples; ``reset``: they are the first ones, and define features and classes."""
        dataset = self._dataset(*self._validated(X, y, reset), known=not reset, classes=classes)
        return dataset if sample_weight is None else weighted(dataset, sample_weight)

    def _held_out(self, validation_data: Sequence[Any] | None) -> Split | None:
        if validation_data is None:
            return None
        if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
            raise ValueError("validation_data must be (X, y) or (X, y, sample_weight)")
        X, y, *weights = validation_data
        dataset = self._weighted(X, y, weights[0] if weights else None, reset=False)
        return Split(dataset.x, dataset.y, dataset.weights)

    def _recipe(self, dataset: Dataset, rows: int) -> tuple[Recipe, Document]:
        return recipe_of(self, rows, self._loss(dataset), dataset)

    def _train(self, engine: Engine, recipe: Recipe, warm: bool) -> None:
        progress: Progress = self._progress if warm and hasattr(self, "_progress") else Progress()
        self._progress: Progress = progress
        plan, validated = engine.plan, engine.plan.data.validation is not None
        rules = Rules(
            tol=float(self.tol),
            patience=float(self.n_iter_no_change),
            on_score=bool(self.early_stopping),
            adaptive=is_sgd(self) and self.learning_rate == "adaptive",
            max_fun=plain(self.max_fun),
            verbose=bool(self.verbose),
        )

        def loss_of(loss: float) -> float:
            if not plan.optimizer.full_batch or not self.alpha:
                return loss
            mask = plan.network.penalized(plan.regularization.biases)
            return loss + penalty(engine.theta, mask, float(self.alpha), mass_of(plan.data.train))

        run(engine, rules, progress, self._call_back if self.callbacks else None, loss_of)
        with engine.measured_weights(progress.steps):
            theta = engine.theta.copy()
        if self.early_stopping and progress.best_theta is not None:
            theta = progress.best_theta
        self._keep(engine, recipe, theta, progress.steps, progress.epochs)
        self.loss_curve_, self.n_iter_ = progress.losses, progress.epochs
        self.loss_ = progress.losses[-1] if progress.losses else np.inf
        self.best_loss_ = None if self.early_stopping else progress.best_loss
        self.validation_loss_curve_ = progress.validation_losses if validated else None
        self.validation_scores_ = progress.scores if validated else None
        self.best_validation_score_ = max(progress.scores) if validated and progress.scores else None
        self.t_ = progress.epochs * len(plan.data.train.x)

    def _train_once(self, engine: Engine, recipe: Recipe, before: Fitted | None) -> None:
        """Train for an epoch, with the optimizer's state and number of steps as they were ``before``."""
        steps, epochs = 0, 0
        if before is not None:
            steps, epochs = before.steps, before.epochs
            engine.state[:] = before.state
        else:
            self.loss_curve_, self.t_ = [], 0
        order, rates = engine.plan.order(epochs)[:], engine.plan.learning_rates(steps, epochs, 1)[0]
        losses = engine.take_steps(order, steps, rates)
        if losses.size < rates.size or not engine.is_finite():
            raise ValueError("training diverged; standardize X, or choose a lower learning rate")
        (self.loss_,) = engine.epoch_losses(losses[None], order[None])
        self.loss_curve_.append(self.loss_)
        steps, self.n_iter_ = steps + losses.size, 1
        self.t_ += len(order)
        with engine.measured_weights(steps):
            theta = engine.theta.copy()
        self._keep(engine, recipe, theta, steps, epochs + 1)

    def _keep(self, engine: Engine, recipe: Recipe, theta: NDArray[Any], steps: int, epochs: int) -> None:
        network, states = engine.plan.network, (engine.theta.copy(), engine.state.copy())
        self._fitted = Fitted(recipe, network, theta, *states, steps, epochs)
        self.n_outputs_, self.n_layers_ = network.outputs, len(network.layers) + 1
        self.out_activation_ = OUTPUTS.get(engine.plan.loss.included_activation, network.layers[-1].activation.name)

    def _call_back(self, event: EpochEnded) -> bool:
        stops = [callback(self, event) for callback in self.callbacks or ()]
        return any(stops)

    # Use

    def _outputs(self, X: Any) -> NDArray[Any]:
        check_is_fitted(self)
        fitted = self._fitted
        x = validate_data(self, X, reset=False, dtype=fitted.theta.dtype)
        x, theta = np.require(x, requirements=FOR_COMPILED), np.require(fitted.theta, requirements=FOR_COMPILED)
        dtype, largest = theta.dtype, fitted.network.largest_product(CHUNK_ROWS)
        pool = ThreadPool(dtype, largest, allowed_threads())
        return ForwardPass(fitted.network, dtype, pool=pool).outputs(theta, x)

    def _trained_loss(self) -> Loss:
        check_is_fitted(self)
        loss = self._fitted.recipe.loss
        if loss is None:
            raise AssertionError("the recipe of a fitted estimator names its loss")
        return loss

    def _feature_names(self) -> tuple[str, ...]:
        names: Sequence[str] | None = getattr(self, "feature_names_in_", None)
        return tuple(map(str, names)) if names is not None else tuple(f"x{i}" for i in range(self.n_features_in_))

    @staticmethod
    def _target_names(recipe: Recipe) -> tuple[str, ...]:
        target = recipe.data.source.target  # type: ignore[attr-defined]
        return (target,) if isinstance(target, str) else tuple(target)
