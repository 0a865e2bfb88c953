# ruff: noqa: E501 - a table
"""Tables for the broken recipes: small, so that a run takes milliseconds."""

from pathlib import Path
from tempfile import gettempdir
from typing import Any, Literal

import numpy as np
import polars as pl
from sklearn import datasets

FOLDER = Path(gettempdir()) / "nntrain-doctor"
PACKAGED = ("digits", "wine", "breast_cancer", "iris", "diabetes")
NUMBERS = ("diabetes", "friedman1", "friedman2", "friedman3", "linear", "waves", "sine", "product", "steps", "ridge")

Table = tuple[Any, Any]


def make(name: str, seed: int) -> Table:
    """Return the features (N, I) and the target (N) of a table: class indices or numbers."""
    if name in PACKAGED:
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        rows = np.random.default_rng(seed).permutation(len(x))[:700]
        return x[rows], y[rows]
    return _generated(name, seed) if name in GENERATED else _drawn(name, np.random.default_rng(seed))


GENERATED: dict[str, tuple[str, dict[str, Any]]] = {
    "moons": ("make_moons", {"n_samples": 500, "noise": 0.15}),
    "circles": ("make_circles", {"n_samples": 600, "noise": 0.08, "factor": 0.5}),
    "blobs8": ("make_blobs", {"n_samples": 700, "n_features": 6, "centers": 8, "cluster_std": 2.5}),
    "blobs3": ("make_blobs", {"n_samples": 400, "n_features": 4, "centers": 3, "cluster_std": 3.0}),
    "table5": ("make_classification", {"n_samples": 800, "n_features": 12, "n_informative": 8, "n_classes": 5, "n_clusters_per_class": 1}),
    "table2": ("make_classification", {"n_samples": 600, "n_features": 10, "n_informative": 5, "class_sep": 1.5}),
    "table3": ("make_classification", {"n_samples": 700, "n_features": 8, "n_informative": 6, "n_classes": 3, "class_sep": 1.5}),
    "quantiles": ("make_gaussian_quantiles", {"n_samples": 800, "n_features": 3, "n_classes": 3}),
    "quantiles2": ("make_gaussian_quantiles", {"n_samples": 600, "n_features": 2, "n_classes": 2}),
    "friedman1": ("make_friedman1", {"n_samples": 700, "noise": 1.0}),
    "friedman2": ("make_friedman2", {"n_samples": 700, "noise": 50}),
    "friedman3": ("make_friedman3", {"n_samples": 700, "noise": 0.1}),
    "linear": ("make_regression", {"n_samples": 500, "n_features": 8, "n_informative": 5, "noise": 20}),
    "ridge": ("make_regression", {"n_samples": 400, "n_features": 15, "n_informative": 10, "noise": 40}),
}  # fmt: skip


def _generated(name: str, seed: int) -> Table:
    maker, keys = GENERATED[name]
    x, y = getattr(datasets, maker)(**keys, random_state=seed)
    return x, y


def _drawn(name: str, random: np.random.Generator) -> Table:
    rows = 600
    x = random.uniform(-3, 3, (rows, 2))
    noise = 0.1 * random.normal(size=rows)
    match name:
        case "waves":
            return x, np.sin(2 * x[:, 0]) + 0.5 * np.cos(3 * x[:, 1]) + noise
        case "sine":
            return x[:, :1], np.sin(2 * x[:, 0]) + noise
        case "product":
            return x, x[:, 0] * x[:, 1] / 3 + noise
        case "steps":
            return x, np.floor(x[:, 0]) + 0.5 * np.floor(x[:, 1]) + noise
        case "xor":
            return x, ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(int)
        case "checker":
            return x, (np.floor(x[:, 0] / 1.5) + np.floor(x[:, 1] / 1.5)).astype(int) % 2
        case "sectors":
            return x, (np.arctan2(x[:, 1], x[:, 0]) // (np.pi / 2)).astype(int) + 2
        case "spirals":
            return _spirals(rows, random)
        case _:
            raise ValueError(name)


def _spirals(rows: int, random: np.random.Generator) -> Table:
    y = random.integers(0, 2, rows)
    radius = np.sqrt(random.uniform(0.05, 1, rows))
    angle = 5 * radius + np.pi * y
    x = np.c_[radius * np.cos(angle), radius * np.sin(angle)] + 0.03 * random.normal(size=(rows, 2))
    return x, y


def write(name: str, table: Table, target: Literal["classes", "numbers", "codes"]) -> Path:
    """Write a table as CSV, the target ``y`` last: as text, as numbers or as whole numbers."""
    x, y = table
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.csv"
    values: Any = [f"c{int(label)}" for label in y] if target == "classes" else np.asarray(y, float)
    column = pl.Series("y", values.astype(np.int64) if target == "codes" else values)
    names = [f"x{i}" for i in range(x.shape[1])]
    pl.DataFrame(np.asarray(x, float), schema=names).with_columns(column).write_csv(path)
    return path
