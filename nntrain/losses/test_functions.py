"""Test functions of optimization: losses of two outputs that have a formula of their own instead of targets.

The source ``point`` has the feature 1, so that the two weights of a network without hidden layers and biases are its
two outputs, and a test function of them is the loss. Every optimizer and schedule then runs on it as on any network.
Targets add noise to the gradient: a row's loss is f(o) + o*·o, and the means of the targets over all rows are 0.
"""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nntrain.jit.kernels import CompiledFunction, compiled, kernel
from nntrain.losses import LOSS, Loss, RowWeights

Point = tuple[float, float]
TWO = 2  # outputs


class TestFunction(Loss, family="function"):
    """A function f(o1, o2). The loss of a batch is the mean of f(o) + o*·o over its rows."""

    __test__ = False  # no test case of pytest's

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    minima: ClassVar[tuple[Point, ...]]  # where f has its lowest value, 0
    start: ClassVar[Point]  # where optimizers start by default
    box: ClassVar[tuple[Point, Point]]  # the corners of its usual picture

    def constant(self, target: NDArray[Any], outputs: int, weights: RowWeights = None) -> NDArray[np.float64]:
        """Return a minimum."""
        return np.array(self.minima[0])

    def encode(self, y: NDArray[Any], n_classes: int | None) -> NDArray[np.float64]:
        """Return the noise of the gradient.

        Raises:
            ValueError: if there are not two columns.
        """
        if y.shape[1] != TWO:
            raise ValueError(f"targets {y.shape} do not fit {self.name}, which has two outputs")
        return np.asarray(y, np.float64)


@kernel
def fits(output, target):
    """Return whether the compiled functions can read their arguments."""
    return output.shape[1] == TWO and target.shape[1] == TWO


@kernel
def with_noise(output, target, delta, i, value, slope1, slope2):
    """Fill row i of delta with the gradient, and return the row's loss; both are divided by the number of rows."""
    rows = output.shape[0]
    delta[i, 0] = (slope1 + target[i, 0]) / rows
    delta[i, 1] = (slope2 + target[i, 1]) / rows
    return (value + target[i, 0] * output[i, 0] + target[i, 1] * output[i, 1]) / rows


@compiled(LOSS)
def rosenbrock(output, target, delta, numbers):
    """(1 - o1)² + 100 (o2 - o1²)²."""
    if not fits(output, target):
        return np.nan
    total = 0.0
    for i in range(output.shape[0]):
        x, y = output[i, 0], output[i, 1]
        a, b = 1 - x, y - x * x
        total += with_noise(output, target, delta, i, a * a + 100 * b * b, -2 * a - 400 * b * x, 200 * b)
    return total


@compiled(LOSS)
def rastrigin(output, target, delta, numbers):
    """20 + Σ (o² - 10 cos 2πo)."""
    if not fits(output, target):
        return np.nan
    total, turn = 0.0, 2 * np.pi
    for i in range(output.shape[0]):
        x, y = output[i, 0], output[i, 1]
        value = 20 + x * x - 10 * np.cos(turn * x) + y * y - 10 * np.cos(turn * y)
        slopes = 2 * x + 10 * turn * np.sin(turn * x), 2 * y + 10 * turn * np.sin(turn * y)
        total += with_noise(output, target, delta, i, value, slopes[0], slopes[1])
    return total


@compiled(LOSS)
def beale(output, target, delta, numbers):
    """(1.5 - o1 + o1 o2)² + (2.25 - o1 + o1 o2²)² + (2.625 - o1 + o1 o2³)²."""
    if not fits(output, target):
        return np.nan
    total = 0.0
    for i in range(output.shape[0]):
        x, y = output[i, 0], output[i, 1]
        a, b, c = 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y
        slope1 = 2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1))
        slope2 = 2 * x * (a + 2 * b * y + 3 * c * y * y)
        total += with_noise(output, target, delta, i, a * a + b * b + c * c, slope1, slope2)
    return total


@compiled(LOSS)
def himmelblau(output, target, delta, numbers):
    """(o1² + o2 - 11)² + (o1 + o2² - 7)²."""
    if not fits(output, target):
        return np.nan
    total = 0.0
    for i in range(output.shape[0]):
        x, y = output[i, 0], output[i, 1]
        a, b = x * x + y - 11, x + y * y - 7
        total += with_noise(output, target, delta, i, a * a + b * b, 4 * a * x + 2 * b, 2 * a + 4 * b * y)
    return total


@compiled(LOSS)
def saddle(output, target, delta, numbers):
    """o1² + (o2² - 1)²."""
    if not fits(output, target):
        return np.nan
    total = 0.0
    for i in range(output.shape[0]):
        x, y = output[i, 0], output[i, 1]
        a = y * y - 1
        total += with_noise(output, target, delta, i, x * x + a * a, 2 * x, 4 * a * y)
    return total


@compiled(LOSS)
def ravine(output, target, delta, numbers):
    """½ (o1² + 100 o2²)."""
    if not fits(output, target):
        return np.nan
    total = 0.0
    for i in range(output.shape[0]):
        x, y = output[i, 0], output[i, 1]
        total += with_noise(output, target, delta, i, 0.5 * x * x + 50 * y * y, x, 100 * y)
    return total


class Rosenbrock(TestFunction):
    """A bent valley whose floor hardly slopes.

    Formula:
        f(o1, o2) = (1 - o1)² + 100 (o2 - o1²)²    minimum 0 at (1, 1)

    Source: Rosenbrock 1960; scipy.optimize.rosen.
    """

    name: Literal["rosenbrock"] = "rosenbrock"
    function: ClassVar[CompiledFunction] = rosenbrock
    minima: ClassVar[tuple[Point, ...]] = ((1, 1),)
    start: ClassVar[Point] = (-2, 2)
    box: ClassVar[tuple[Point, Point]] = ((-2.5, -1.5), (2.5, 3.5))


class Rastrigin(TestFunction):
    """A bowl with many local minima, one near each pair of whole numbers.

    Formula:
        f(o1, o2) = 20 + o1² - 10 cos 2πo1 + o2² - 10 cos 2πo2    minimum 0 at (0, 0)

    Source: Rastrigin 1974.
    """

    name: Literal["rastrigin"] = "rastrigin"
    function: ClassVar[CompiledFunction] = rastrigin
    minima: ClassVar[tuple[Point, ...]] = ((0, 0),)
    start: ClassVar[Point] = (-2, 3.5)
    box: ClassVar[tuple[Point, Point]] = ((-4.5, -4.5), (4.5, 4.5))


class Beale(TestFunction):
    """A flat valley between steep walls.

    Formula:
        f(o1, o2) = (1.5 - o1 + o1 o2)² + (2.25 - o1 + o1 o2²)² + (2.625 - o1 + o1 o2³)²    minimum 0 at (3, ½)

    Source: Beale 1958.
    """

    name: Literal["beale"] = "beale"
    function: ClassVar[CompiledFunction] = beale
    minima: ClassVar[tuple[Point, ...]] = ((3, 0.5),)
    start: ClassVar[Point] = (1, 1.5)
    box: ClassVar[tuple[Point, Point]] = ((-4.5, -2), (4.5, 2))


class Himmelblau(TestFunction):
    """Four minima of the same depth.

    Formula:
        f(o1, o2) = (o1² + o2 - 11)² + (o1 + o2² - 7)²
        minimum 0 at (3, 2), (-2.805, 3.131), (-3.779, -3.283) and (3.584, -1.848)

    Source: Himmelblau 1972.
    """

    name: Literal["himmelblau"] = "himmelblau"
    function: ClassVar[CompiledFunction] = himmelblau
    minima: ClassVar[tuple[Point, ...]] = (
        (3, 2),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286169),
        (3.584428340330492, -1.848126526964404),
    )
    start: ClassVar[Point] = (0, 0)
    box: ClassVar[tuple[Point, Point]] = ((-5, -5), (5, 5))


class Saddle(TestFunction):
    """A saddle at (0, 0) between two minima.

    Formula:
        f(o1, o2) = o1² + (o2² - 1)²    minimum 0 at (0, 1) and (0, -1)

    Source: Korea University, Lan (saddle points).
    """

    name: Literal["saddle"] = "saddle"
    function: ClassVar[CompiledFunction] = saddle
    minima: ClassVar[tuple[Point, ...]] = ((0, 1), (0, -1))
    start: ClassVar[Point] = (-1, 0.001)
    box: ClassVar[tuple[Point, Point]] = ((-1.5, -1.5), (1.5, 1.5))


class Ravine(TestFunction):
    """A ravine: the curvature is 100 times larger across than along.

    Formula:
        f(o1, o2) = ½ (o1² + 100 o2²)    minimum 0 at (0, 0)

    Source: Korea University, Lan (ill-conditioning).
    """

    name: Literal["ravine"] = "ravine"
    function: ClassVar[CompiledFunction] = ravine
    minima: ClassVar[tuple[Point, ...]] = ((0, 0),)
    start: ClassVar[Point] = (-4, 1)
    box: ClassVar[tuple[Point, Point]] = ((-5, -1.5), (5, 1.5))
