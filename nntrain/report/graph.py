"""The computational graph of a traced sample: its nodes and edges with all numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from nntrain.diagnostics.example_trace import Trace

MAX_UNITS = 10  # of a layer, or inputs, that are shown


@dataclass(frozen=True)
class Node:
    """An input, a unit or the loss.

    Attributes:
        name: such as ``x1``, ``h1.2`` (unit 2 of layer 1), ``o1`` or ``loss``.
        column: 0 for inputs, then one for each layer, and the loss.
        forward: its values, such as ``z = 4``.
        backward: its gradients, such as ``dL/dz = -6``.
    """

    name: str
    column: int
    forward: tuple[tuple[str, float], ...]
    backward: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Edge:
    """A weight, between the node from which it takes its input and the unit that it is part of.

    Attributes:
        start: name of the one.
        end: name of the other.
        weight: w; None for an edge to the loss.
        term: w times the input: the terms of all edges into a unit, and its bias, add up to z.
        gradient: dL/dw.
        back: w times dL/dz of the unit: the terms of all edges out of a node add up to dL/dh (of an input, dL/dx).
    """

    start: str
    end: str
    weight: float | None
    term: float
    gradient: float | None
    back: float


@dataclass(frozen=True)
class Graph:
    """A computational graph, of layers with at most MAX_UNITS units each.

    Attributes:
        nodes: by column.
        edges: by the unit at their end.
        cut: what is left out, such as ``layer 1: units 11 to 64``.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cut: tuple[str, ...]


def graph_of(trace: Trace, features: Sequence[str]) -> Graph:
    """Return the graph of a trace; ``features``: names of the inputs."""
    names = [list(features[:MAX_UNITS])]
    nodes = [
        Node(name, 0, (("", float(x)),), (("dL/dx", float(dx)),))
        for name, x, dx in zip(names[0], trace.x, trace.dx, strict=False)
    ]
    edges, values = list[Edge](), trace.x
    cut = [f"inputs {MAX_UNITS + 1} to {len(features)}"] if len(features) > MAX_UNITS else []
    for number, layer in enumerate(trace.layers, start=1):
        last, units = number == len(trace.layers), len(layer.h)
        shown = range(min(units, MAX_UNITS))
        names.append([f"o{j + 1}" if last else f"h{number}.{j + 1}" for j in shown])
        cut += [f"layer {number}: units {MAX_UNITS + 1} to {units}"] if units > MAX_UNITS else []
        for j in shown:
            forward = (("b", float(layer.biases[j])), ("z", float(layer.z[j])), ("h", float(layer.h[j])))
            backward = (("dL/dh", float(layer.dh[j])), ("dL/dz", float(layer.dz[j])))
            nodes.append(Node(names[-1][j], number, forward, backward))
            for i, start in enumerate(names[-2]):
                w = float(layer.weights[i, j])
                term, back = w * float(values[i]), w * float(layer.dz[j])
                edges.append(Edge(start, names[-1][j], w, term, float(layer.dweights[i, j]), back))
        values = layer.h
    nodes.append(Node("loss", len(trace.layers) + 1, (("L", trace.loss),), (("dL/dL", 1.0),)))
    for name, h, dh in zip(names[-1], trace.layers[-1].h, trace.layers[-1].dh, strict=False):
        edges.append(Edge(name, "loss", None, float(h), None, float(dh)))
    return Graph(tuple(nodes), tuple(edges), tuple(cut))
