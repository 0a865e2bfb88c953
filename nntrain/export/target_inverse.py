"""What undoes the transform of targets: as text of a Python file for NumPy or torch, as text of C, and as ONNX nodes.

In each format, predictions are limited as :class:`nntrain.data.target_scaling.TransformedTargets` says.
"""

from typing import Any, Protocol

import numpy as np

from nntrain.data.target_scaling import TransformedTargets

# by transform; {np} is the library, {P} reads an array by name
PYTHON = {
    "log": "    y = {np}.exp(t)\n",
    "log1p": "    y = {np}.expm1(t)\n",
    "yeo_johnson": (
        "    power, size = {np}.where(t >= 0, {lambda_}, 2 - {lambda_}), {np}.abs(t)\n"
        "    safe = {np}.where(power == 0, 1, power)\n"
        "    logarithm = {np}.where(power == 0, size, {np}.log1p({np}.clip(safe * size, -1, None)) / safe)\n"
        "    y = {np}.sign(t) * {np}.expm1(logarithm)\n"
    ),
}
C = {
    "log": "        const double y = exp(t);\n",
    "log1p": "        const double y = expm1(t);\n",
    "yeo_johnson": (
        "        const double power = t >= 0 ? {name}_lambda[j] : 2 - {name}_lambda[j], size = fabs(t);\n"
        "        const double logarithm = power == 0 ? size : log1p(fmax(power * size, -1)) / power;\n"
        "        const double y = t >= 0 ? expm1(logarithm) : -expm1(logarithm);\n"
    ),
}


class Graph(Protocol):
    """What the inverse needs of an ONNX graph."""

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        ...

    def constant(self, values: Any, dtype: Any = None) -> str:
        """Add a constant and return its name."""
        ...


def arrays(targets: TransformedTargets) -> dict[str, Any]:
    """Return the numbers that the inverse reads, by name."""
    return {"lambda": targets.lambdas, "low": targets.low, "high": targets.high}


def python_inverse(targets: TransformedTargets, library: str, names: dict[str, str]) -> str:
    """Return a Python function ``inverse(t)``; ``names``: how it reads each of :func:`arrays`."""
    body = PYTHON[targets.transform].format(np=library, lambda_=names["lambda"])
    # at -1 the logarithm is infinite, and the limit is reached
    ignore = '    with np.errstate(divide="ignore", over="ignore"):\n'
    if library == "np":
        body = ignore + "".join(f"    {line}\n" for line in body.splitlines())
    end = f"    return {library}.clip(y, {names['low']}, {names['high']})\n"
    return f'def inverse(t):\n    """Return targets in their own units, within limits."""\n{body}{end}'


def c_inverse(targets: TransformedTargets, name: str, value: str) -> str:
    """Return the statements of a loop over j that set ``predicted[j]`` from the transformed target ``value``."""
    body = C[targets.transform].format(name=name)
    limited = f"(float)(y < {name}_low[j] ? {name}_low[j] : y > {name}_high[j] ? {name}_high[j] : y)"
    return f"        const double t = {value};\n{body}        predicted[j] = {limited};\n"


def onnx_inverse(graph: Graph, targets: TransformedTargets, t: str) -> str:
    """Add the nodes that undo the transform of ``t`` (rows, T), float64, and return the name of the result."""
    one = graph.constant(np.float64(1))
    if targets.transform == "yeo_johnson":
        size = graph.node("Abs", t)
        branches = [_branch(graph, power, size) for power in (targets.lambdas, 2 - targets.lambdas)]
        above = graph.node("GreaterOrEqual", t, graph.constant(np.float64(0)))
        y = graph.node("Where", above, branches[0], graph.node("Neg", branches[1]))
    else:
        y = graph.node("Exp", t)
        y = graph.node("Sub", y, one) if targets.transform == "log1p" else y
    y = graph.node("Max", y, graph.constant(targets.low))
    return graph.node("Min", y, graph.constant(targets.high))


def _branch(graph: Graph, power: Any, size: str) -> str:
    """Return (1 + power size)^(1 / power) - 1, or exp(size) - 1 where the power is 0."""
    one, safe = graph.constant(np.float64(1)), np.where(power == 0, 1.0, power)
    base = graph.node("Max", graph.node("Mul", size, graph.constant(safe)), graph.constant(np.float64(-1)))
    logarithm = graph.node("Div", graph.node("Log", graph.node("Add", base, one)), graph.constant(safe))
    logarithm = graph.node("Where", graph.constant(power == 0), size, logarithm)
    return graph.node("Sub", graph.node("Exp", logarithm), one)
