"""Generated data with a known rule.

Sources that scikit-learn has too draw the same random numbers in the same order, so the same seed gives the same rows
(checked by tests).
"""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nntrain.data import Dataset, Source
from nntrain.registry import Amount, Positive, Real
from nntrain.utils.memory import require

Numbers = NDArray[np.float64]
Rows = Annotated[int, Field(ge=1, le=10_000_000, description="number of rows")]
Noise = Annotated[Amount, Field(description="standard deviation of the noise")]
Random = np.random.RandomState
COPIES = 3  # of the rows in memory while they are generated, split and scaled


class Generated(Source):
    """Base of the generated sources: number of rows, noise and seed."""

    rows: Rows = 500
    noise: Noise = 0.1
    seed: Annotated[Annotated[int, Field(ge=0, lt=2**32)] | None, Field(description="null: the recipe's seed")] = None

    def load(self, folder: Path, seed: int) -> Dataset:
        """Draw the rows."""
        width = getattr(self, "features", 2)
        hint = "choose fewer rows or features" if width > 2 else "choose fewer rows"
        require(COPIES * 8 * self.rows * width, "data.source.rows", f"{self.rows:,} rows of {width:,} features", hint)
        return self.draw(Random(seed if self.seed is None else self.seed))

    def draw(self, random: Random) -> Dataset:
        """Return rows drawn from ``random``."""
        raise NotImplementedError


class Line(Generated):
    """A straight line: the lectures' o = 3x + 1 with any number of points.

    Formula:
        x ~ U(-1, 1)
        o = slope x + intercept + noise N(0, 1)

    Source: Korea University.
    """

    name: Literal["line"] = "line"
    slope: Annotated[Real, Field(description="factor of x")] = 3.0
    intercept: Annotated[Real, Field(description="o at x = 0")] = 1.0

    def draw(self, random: Random) -> Dataset:
        """Return (N, 1) features and (N, 1) targets."""
        x = random.uniform(-1, 1, (self.rows, 1))
        return _numbers(x, self.slope * x + self.intercept + self.noise * random.standard_normal(x.shape))


class Sine(Generated):
    """A sine wave.

    Formula:
        x ~ U(-π, π)
        o = sin(frequency x) + noise N(0, 1)

    Source: nntrain.
    """

    name: Literal["sine"] = "sine"
    frequency: Annotated[Positive, Field(description="number of waves between -π and π")] = 1.0

    def draw(self, random: Random) -> Dataset:
        """Return (N, 1) features and (N, 1) targets."""
        x = random.uniform(-np.pi, np.pi, (self.rows, 1))
        return _numbers(x, np.sin(self.frequency * x) + self.noise * random.standard_normal(x.shape))


class Moons(Generated):
    """Two interleaving half circles: two classes that no straight line separates.

    Formula:
        outer: (cos t, sin t),          0 <= t <= π
        inner: (1 - cos t, ½ - sin t),  both with noise N(0, 1) added

    Source: sklearn.datasets.make_moons.
    """

    name: Literal["moons"] = "moons"

    def draw(self, random: Random) -> Dataset:
        """Return (N, 2) features and two classes."""
        outer = np.linspace(0, np.pi, self.rows // 2)
        inner = np.linspace(0, np.pi, self.rows - self.rows // 2)
        arcs = (_columns(np.cos(outer), np.sin(outer)), _columns(1 - np.cos(inner), 1 - np.sin(inner) - 0.5))
        return _outer_and_inner(*arcs, self.noise, random)


class Circles(Generated):
    """A small circle within a large one.

    Formula:
        outer: (cos t, sin t),         0 <= t < 2π
        inner: factor (cos t, sin t),  both with noise N(0, 1) added

    Source: sklearn.datasets.make_circles.
    """

    name: Literal["circles"] = "circles"
    factor: Annotated[float, Field(ge=0, lt=1, description="radius of the inner circle")] = 0.5

    def draw(self, random: Random) -> Dataset:
        """Return (N, 2) features and two classes."""
        outer = np.linspace(0, 2 * np.pi, self.rows // 2, endpoint=False)
        inner = np.linspace(0, 2 * np.pi, self.rows - self.rows // 2, endpoint=False)
        large = _columns(np.cos(outer), np.sin(outer))
        small = _columns(np.cos(inner) * self.factor, np.sin(inner) * self.factor)
        return _outer_and_inner(large, small, self.noise, random)


class Blobs(Generated):
    """Round clusters of points, one class each.

    Formula:
        center_k ~ U(-10, 10) in each feature
        x ~ N(center_k, noise²)

    Source: sklearn.datasets.make_blobs.
    """

    name: Literal["blobs"] = "blobs"
    noise: Noise = 1.0
    classes: Annotated[int, Field(ge=2, le=1000, description="number of clusters")] = 3
    features: Annotated[int, Field(ge=1, le=10_000, description="number of features")] = 2

    def draw(self, random: Random) -> Dataset:
        """Return (N, features) features and the cluster of each row."""
        centers = random.uniform(-10, 10, (self.classes, self.features))
        sizes = np.full(self.classes, self.rows // self.classes)
        sizes[: self.rows % self.classes] += 1
        x = np.concatenate(
            [
                random.normal(center, self.noise, (size, self.features))
                for center, size in zip(centers, sizes, strict=True)
            ]
        )
        x, y = _shuffle(x, np.repeat(np.arange(self.classes), sizes), random)
        return _classes(x, y, tuple(str(k) for k in range(self.classes)))


class Spirals(Generated):
    """Interleaved spirals: a classic hard case for small networks.

    Formula:
        r ~ sqrt(U(0, 1)),  t = 2π turns r + 2π k/classes
        x = r (cos t, sin t) + noise N(0, 1)

    Source: after Lang and Witbrock 1988.
    """

    name: Literal["spirals"] = "spirals"
    noise: Noise = 0.02
    classes: Annotated[int, Field(ge=2, le=100, description="number of arms")] = 2
    turns: Annotated[Positive, Field(description="turns of each arm")] = 1.5

    def draw(self, random: Random) -> Dataset:
        """Return (N, 2) features and the arm of each row."""
        y = random.permutation(np.arange(self.rows) % self.classes)
        r = np.sqrt(random.uniform(size=self.rows))
        t = 2 * np.pi * (self.turns * r + y / self.classes)
        x = _columns(r * np.cos(t), r * np.sin(t)) + self.noise * random.standard_normal((self.rows, 2))
        return _classes(x, y, tuple(str(k) for k in range(self.classes)))


class Xor(Generated):
    """Exclusive or: the class tells whether the signs of two features differ; no single layer can learn it.

    Formula:
        x ~ ±1 + noise N(0, 1) in two features
        class = [sign x1 is not sign x2], before the noise

    Source: Minsky and Papert 1969.
    """

    name: Literal["xor"] = "xor"

    def draw(self, random: Random) -> Dataset:
        """Return (N, 2) features and two classes."""
        corner = random.permutation(np.arange(self.rows) % 4)
        bits = np.stack([corner // 2, corner % 2], axis=1)
        x = 2.0 * bits - 1 + self.noise * random.standard_normal(bits.shape)
        return _classes(x, (bits[:, 0] != bits[:, 1]).astype(np.int64), ("same", "different"))


class Friedman1(Generated):
    """Friedman's first regression problem: five features matter, the others are noise.

    Formula:
        x ~ U(0, 1) in each feature
        o = 10 sin(π x1 x2) + 20 (x3 - ½)² + 10 x4 + 5 x5 + noise N(0, 1)

    Source: sklearn.datasets.make_friedman1; Friedman 1991.
    """

    name: Literal["friedman1"] = "friedman1"
    noise: Noise = 1.0
    features: Annotated[int, Field(ge=5, le=10_000, description="number of features")] = 10

    def draw(self, random: Random) -> Dataset:
        """Return (N, features) features and (N, 1) targets."""
        x = random.uniform(size=(self.rows, self.features))
        wave = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
        o = wave + 10 * x[:, 3] + 5 * x[:, 4] + self.noise * random.standard_normal(size=self.rows)
        return _numbers(x, o[:, None])


def _columns(*columns: Numbers) -> Numbers:
    return np.stack(columns, axis=1)


def _shuffle(x: Numbers, y: NDArray[np.int64], random: Random) -> tuple[Numbers, NDArray[np.int64]]:
    order = np.arange(len(x))
    random.shuffle(order)
    return x[order], y[order]


def _outer_and_inner(outer: Numbers, inner: Numbers, noise: float, random: Random) -> Dataset:
    """Return the points of two curves, shuffled and then with noise added, in scikit-learn's order."""
    y = np.repeat([0, 1], [len(outer), len(inner)])
    x, y = _shuffle(np.concatenate([outer, inner]), y, random)
    if noise:
        x += random.normal(scale=noise, size=x.shape)
    return _classes(x, y, ("outer", "inner"))


def _names(x: Numbers) -> tuple[str, ...]:
    return ("x",) if x.shape[1] == 1 else tuple(f"x{i + 1}" for i in range(x.shape[1]))


def _numbers(x: Numbers, o: Numbers) -> Dataset:
    return Dataset(x, o, _names(x), ("o",))


def _classes(x: Numbers, y: NDArray[np.int64], classes: tuple[str, ...]) -> Dataset:
    return Dataset(x, y, _names(x), ("class",), classes)
