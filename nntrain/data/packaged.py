"""Data sets shipped with scikit-learn, and the lectures' table shipped with nntrain.

The files are read from scikit-learn's package directory; scikit-learn itself is not imported, which would take 0.8 s.
"""

import importlib.util
from pathlib import Path
from typing import Literal

import numpy as np

from nntrain.data import Dataset, Source
from nntrain.data.numbers import numeric_columns
from nntrain.data.reading.files import read_table
from nntrain.errors import bad_input
from nntrain.utils.resources import datasets_folder

IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
WINE = (
    *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids"),
    *("nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines", "proline"),
)
CELL = (
    *("radius", "texture", "perimeter", "area", "smoothness"),
    *("compactness", "concavity", "concave points", "symmetry", "fractal dimension"),
)
BREAST_CANCER = (
    *(f"mean {name}" for name in CELL),
    *(f"{name} error" for name in CELL),
    *(f"worst {name}" for name in CELL),
)
DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
DIGITS = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))


class LineTable(Source):
    """The lectures' table o = 3x + 1: five rows, too few to split.

    Formula:
        x = 1, 2, 3, 4, 5
        o = 4, 7, 10, 13, 16

    Source: Korea University; datasets/line.csv.
    """

    name: Literal["line_table"] = "line_table"

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return the five rows."""
        table = read_table(str(datasets_folder() / "line.csv"))
        x, o = (numeric_columns(table, [name]) for name in ("x", "o"))
        return Dataset(x, o, ("x",), ("o",))


class Digits(Source):
    """1797 handwritten digits of 8×8 pixels, ten classes.

    Formula:
        pixel = 0 ... 16

    Source: sklearn.datasets.load_digits; UCI, optical recognition of handwritten digits.
    """

    name: Literal["digits"] = "digits"

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return (1797, 64) features and ten classes."""
        table = np.loadtxt(_file("digits.csv.gz"), delimiter=",")
        return Dataset(table[:, :-1], table[:, -1].astype(np.int64), DIGITS, ("digit",), tuple(map(str, range(10))))


class Iris(Source):
    """150 irises of three species, measured in four places.

    Formula:
        sepal and petal, length and width in cm

    Source: sklearn.datasets.load_iris; Fisher 1936.
    """

    name: Literal["iris"] = "iris"

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return (150, 4) features and three classes."""
        return _labeled("iris.csv", IRIS, "species")


class Wine(Source):
    """178 wines of three growers, thirteen chemical measurements.

    Formula:
        alcohol, malic acid, ash ... in very different units: standardization matters

    Source: sklearn.datasets.load_wine; UCI.
    """

    name: Literal["wine"] = "wine"

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return (178, 13) features and three classes."""
        return _labeled("wine_data.csv", WINE, "grower")


class BreastCancer(Source):
    """569 tumours, malignant or benign, thirty measurements of their cells.

    Formula:
        mean, standard error and worst of ten measures

    Source: sklearn.datasets.load_breast_cancer; UCI, Wisconsin diagnostic.
    """

    name: Literal["breast_cancer"] = "breast_cancer"

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return (569, 30) features and two classes."""
        return _labeled("breast_cancer.csv", BREAST_CANCER, "diagnosis")


class Diabetes(Source):
    """442 patients, ten measurements in their own units; the target is the disease's progression after a year.

    Formula:
        progression = 25 ... 346

    Source: sklearn.datasets.load_diabetes(scaled=False); Efron et al. 2004. scikit-learn's scaled version uses
    the test rows; data.standardize uses the training split.
    """

    name: Literal["diabetes"] = "diabetes"

    def load(self, folder: Path, seed: int) -> Dataset:
        """Return (442, 10) features and (442, 1) targets."""
        y = np.loadtxt(_file("diabetes_target.csv.gz"), ndmin=2)
        return Dataset(np.loadtxt(_file("diabetes_data_raw.csv.gz")), y, DIABETES, ("progression",))


def _labeled(file: str, features: tuple[str, ...], target: str) -> Dataset:
    """Read a file whose first line holds the number of rows and features, and the class names."""
    path = _file(file)
    with path.open(encoding="utf-8") as lines:
        classes = tuple(next(lines).strip().split(",")[2:])
        table = np.loadtxt(lines, delimiter=",")
    return Dataset(table[:, :-1], table[:, -1].astype(np.int64), features, (target,), classes)


def _file(name: str) -> Path:
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise bad_input("", "scikit-learn, which ships this data set, is not installed", "pip install scikit-learn")
    return Path(package.origin).parent / "datasets" / "data" / name
