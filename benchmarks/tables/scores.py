"""Test scores of ``nntrain init``'s recipe and of scikit-learn, on the same splits and the same columns."""

import warnings
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nntrain.cli.init import init
from nntrain.data.prepare import split_dataset
from nntrain.recipe.build import Built, build
from nntrain.recipe.document import read_document
from nntrain.recipe.load import Opened, check
from nntrain.report.summary import summarize
from nntrain.training.engine import Engine
from nntrain.training.loop import train

MAX_BINS = 255  # categories that boosting can tell apart


def recipe(path: Path, target: str) -> str:
    """Return the recipe that ``nntrain init`` prints for a table."""
    text, _ = init(str(path), [target])
    return text


def built(text: str, seed: int, settings: Sequence[str] = ()) -> Built:
    """Return a recipe's data and plan with another seed."""
    loaded = check(Opened(read_document("recipe", text), Path.cwd(), "tables"), [*settings, f"seed={seed}"])
    return build(loaded.recipe, loaded.document, loaded.folder, loaded.name)


def ours(run: Built) -> float:
    """Return the test score of nntrain: accuracy or R²."""
    summary = summarize(train(Engine(run.plan)), "", "").to_json()
    return float(next(value for name, value in summary["test"].items() if name != "loss"))


def theirs(run: Built, names: Collection[str] = ()) -> dict[str, float]:
    """Return the test scores of scikit-learn's estimators, trained on the training and validation splits together.

    ``names`` selects some of them; (): all.

    The columns and their types are those that nntrain found. Targets are standardized for the neural network and the
    linear model, which is better for scikit-learn than its defaults; ``mlp, raw target`` is without.
    """
    splits = split_dataset(run.dataset, run.recipe.data.splitting(run.recipe.seed))
    known = [splits[name] for name in ("train", "validation") if name in splits]
    x, y = np.concatenate([split.x for split in known]), np.concatenate([split.y for split in known])
    test = splits["test"]
    columns = run.dataset.columns or ()
    texts = [index for index, column in enumerate(columns) if column.role.name == "categorical"]
    numbers = [index for index in range(len(columns)) if index not in texts]
    preprocess = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), texts),
        sparse_threshold=0,
    )
    seed = run.recipe.seed
    boosting = {
        "categorical_features": [index for index in texts if len(columns[index].levels) <= MAX_BINS],
        "random_state": seed,
    }
    if run.dataset.classes is not None:
        models = {
            "mlp": make_pipeline(preprocess, MLPClassifier(random_state=seed)),
            "boosting": HistGradientBoostingClassifier(**boosting),
            "linear": make_pipeline(preprocess, LogisticRegression()),
            "constant": DummyClassifier(),
        }
    else:
        y = y.ravel() if y.shape[1] == 1 else y
        models = {
            "mlp": _scaled(make_pipeline(preprocess, MLPRegressor(random_state=seed))),
            "mlp, raw target": make_pipeline(preprocess, MLPRegressor(random_state=seed)),
            "boosting": HistGradientBoostingRegressor(**boosting),
            "linear": _scaled(make_pipeline(preprocess, Ridge())),
            "constant": DummyRegressor(),
        }
    chosen = {name: model for name, model in models.items() if not names or name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: float(model.fit(x, y).score(test.x, test.y)) for name, model in chosen.items()}


def _scaled(model: object) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(model, transformer=StandardScaler())
