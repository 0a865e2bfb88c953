"""What ``plot`` prints."""

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Array, Label, Number


class Line(TypedDict):
    """A curve; low, high: edges of the band around it, if it has one."""

    label: str
    x: list[Number]
    y: list[Number]
    low: list[Number] | None
    high: list[Number] | None


class Chart(TypedDict):
    """A chart with the curves that it draws."""

    title: str
    x_label: str
    note: str
    lines: list[Line]


class Plot(TypedDict):
    """Charts of a kind; path: of the picture, null without -o."""

    plot: str
    path: str | None
    charts: list[Chart]


class ViewFrame(TypedDict):
    """Predictions over the axes; of two features, a row for each value of the second one."""

    title: str
    values: Array


class ViewRows(TypedDict):
    """Features and targets of the rows of a split."""

    x: list[list[Number]]
    y: list[Number]


class PlottedView(TypedDict):
    """What a network predicts over its features; axes: their values; classes: values are indices of them, from 0."""

    plot: str
    path: str | None
    axes: dict[str, list[float]]
    target: str
    classes: list[Label] | None
    frames: list[ViewFrame]
    rows: dict[str, ViewRows]
