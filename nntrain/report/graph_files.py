"""A computational graph as a terminal table, as SVG and as DOT (Graphviz)."""

from collections.abc import Mapping
from html import escape

from rich.console import Group, RenderableType
from rich.text import Text

from nntrain.report.fitting import Column, fitted
from nntrain.report.graph import Edge, Graph, Node
from nntrain.report.numbers import short

WIDE, TALL, RADIUS, MARGIN = 230, 136, 34, 60  # pixels from column to column, from node to node, of a node, around all
Place = tuple[float, float]  # pixels
STYLE = (
    "text{font:13px system-ui,sans-serif;text-anchor:middle;fill:#1d2430}.b{fill:#973303}.w{font-size:11.5px}"
    "circle{fill:#fff;stroke:#1d2430;stroke-width:1.5}line{stroke:#9aa5b4}.halo{stroke:#fff;stroke-width:4;"
    "paint-order:stroke}.name{font-weight:600}"
)
DARK = ".b{fill:#ea7b3e}text{fill:#e3e8ef}circle{fill:#14181f;stroke:#e3e8ef}.halo{stroke:#14181f}"


def graph_table(graph: Graph, width: int) -> RenderableType:
    """Return the edges, one per line: forward term and backward term."""
    edges = [edge for edge in graph.edges if edge.weight is not None]
    table = fitted(
        [
            Column("from", [edge.start for edge in edges], right=False),
            Column("to", [edge.end for edge in edges], right=False),
            Column("w", [_number(edge.weight) for edge in edges]),
            Column("w h_in", [_number(edge.term) for edge in edges]),
            Column("dL/dw", [_number(edge.gradient) for edge in edges]),
            Column("w dL/dz", [_number(edge.back) for edge in edges]),
        ],
        width,
    )
    sums = "z is the sum of w h_in over the edges into a unit, plus b; dL/dh_in the sum of w dL/dz over those out of it"
    cut = [Text(f"left out: {'; '.join(graph.cut)}", "dim")] if graph.cut else []
    return Group(Text("graph", "bold"), table, Text(sums, "dim"), *cut)


def as_dot(graph: Graph) -> str:
    """Return the graph in Graphviz's language."""
    lines = ["digraph trace {", "  rankdir=LR;", '  node [shape=circle, fontname="sans-serif"];']
    for node in graph.nodes:
        label = "\n".join([node.name, *_texts(node)])
        lines.append(f"  {_quoted(node.name)} [label={_quoted(label)}];")
    lines += [
        f"  {_quoted(edge.start)} -> {_quoted(edge.end)} [label={_quoted(' | '.join(_label(edge)))}];"
        for edge in graph.edges
    ]
    lines += [f"  // left out: {one}" for one in graph.cut]
    return "\n".join([*lines, "}", ""])


def as_svg(graph: Graph, dark: bool = False) -> str:
    """Return the graph as a picture: values above or in a node, gradients below it, in another color."""
    columns: dict[int, list[Node]] = {}
    for node in graph.nodes:
        columns.setdefault(node.column, []).append(node)
    most = max(map(len, columns.values()))
    width, height = 2 * MARGIN + WIDE * (len(columns) - 1) + 2 * RADIUS, 2 * MARGIN + TALL * (most - 1) + 2 * RADIUS
    places: dict[str, Place] = {
        node.name: (MARGIN + RADIUS + WIDE * column, height / 2 + TALL * (row - (len(nodes) - 1) / 2))
        for column, nodes in columns.items()
        for row, node in enumerate(nodes)
    }
    parts = [part for edge in graph.edges for part in _edge_line(edge, places)]
    parts += [part for edge in graph.edges for part in _edge_text(edge, places, columns)]
    parts += [part for node in graph.nodes for part in _node(node, places[node.name])]
    if graph.cut:
        parts.append(f'<text x="{width / 2}" y="{height - 8}">left out: {escape("; ".join(graph.cut))}</text>')
    background = "#14181f" if dark else "#ffffff"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<title>computational graph</title><style>{STYLE}{DARK if dark else ''}</style>"
        f'<rect width="100%" height="100%" fill="{background}"/>{"".join(parts)}</svg>\n'
    )


def _edge_line(edge: Edge, places: Mapping[str, Place]) -> list[str]:
    (x1, y1), (x2, y2) = places[edge.start], places[edge.end]
    return [f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>']


def _edge_text(edge: Edge, places: Mapping[str, Place], columns: dict[int, list[Node]]) -> list[str]:
    """Return the label of an edge, near its end, so that labels of edges from one node lie apart."""
    (x1, y1), (x2, y2) = places[edge.start], places[edge.end]
    starts = next(nodes for nodes in columns.values() if any(node.name == edge.start for node in nodes))
    place = [node.name for node in starts].index(edge.start)
    along = 0.5 if len(starts) == 1 else 0.36 + 0.3 * place / (len(starts) - 1)
    x, y = x1 + along * (x2 - x1), y1 + along * (y2 - y1)
    first, second = _label(edge)
    return [
        f'<text class="w halo" x="{x:.1f}" y="{y - 2:.1f}">{escape(first)}</text>',
        f'<text class="w halo b" x="{x:.1f}" y="{y + 11:.1f}">{escape(second)}</text>',
    ]


def _node(node: Node, place: Place) -> list[str]:
    x, y = place
    lines = [f"{name} = {_number(value)}" if name else _number(value) for name, value in node.forward]
    inside = [
        f'<text x="{x:.1f}" y="{y + 4 + 15 * (i - (len(lines) - 1) / 2):.1f}">{line}</text>'
        for i, line in enumerate(lines)
    ]
    below = [
        f'<text class="w b halo" x="{x:.1f}" y="{y + RADIUS + 13 * (i + 1):.1f}">{name} = {_number(value)}</text>'
        for i, (name, value) in enumerate(node.backward)
        if node.name != "loss"
    ]
    head = f'<text class="name halo" x="{x:.1f}" y="{y - RADIUS - 6:.1f}">{escape(node.name)}</text>'
    return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}"/>', head, *inside, *below]


def _texts(node: Node) -> list[str]:
    return [f"{name} = {_number(value)}" if name else _number(value) for name, value in (*node.forward, *node.backward)]


def _label(edge: Edge) -> tuple[str, str]:
    if edge.weight is None or edge.gradient is None:
        return "", f"dL/do = {_number(edge.back)}"
    return f"w = {_number(edge.weight)}", f"dL/dw = {_number(edge.gradient)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _number(value: float | None) -> str:
    return "–" if value is None else short(value, 4)
