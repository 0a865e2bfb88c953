"""Generated tables for the recipes of this folder."""

from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl
from sklearn import datasets


def counts(n_samples: int, random_state: int) -> tuple[Any, Any]:
    """Return three features and a count whose logarithm of the mean is linear in two of them."""
    random = np.random.default_rng(random_state)
    x = random.normal(size=(n_samples, 3))
    return x, random.poisson(np.exp(0.6 * x[:, 0] - 0.4 * x[:, 1] + 0.5)).astype(float)


def noise(n_samples: int, n_features: int, classes: int, random_state: int) -> tuple[Any, Any]:
    """Return features and independent classes."""
    random = np.random.default_rng(random_state)
    return random.normal(size=(n_samples, n_features)), random.integers(classes, size=n_samples)


def write(folder: Path, maker: str, keys: dict[str, Any], seed: int) -> Path:
    """Write a table as CSV, the target ``y`` last; classes are written as text."""
    make: Any = {"counts": counts, "noise": noise}.get(maker) or getattr(datasets, maker)
    x, y = make(**keys, random_state=seed)
    table = pl.DataFrame(x, schema=[f"x{i}" for i in range(x.shape[1])])
    classes = maker in {"make_classification", "make_gaussian_quantiles", "make_hastie_10_2", "noise"}
    target = pl.Series("y", [f"c{int(label)}" for label in y] if classes else y)
    folder.mkdir(exist_ok=True)
    path = folder / f"{maker}-{seed}-{crc32(str(keys).encode())}.csv"
    table.with_columns(target).write_csv(path)
    return path
