"""The columns of a table in an ONNX graph: an input for each raw column, encoded as the model encodes it.

Numbers are float64, NaN where one is missing. Text is a string, empty where it is missing. A date is the number of days
since 1970-01-01, as float64, since ONNX reads no dates from text. Every input has the shape (rows, 1).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from nntrain.data.columns import FilledColumn, FittedColumn
from nntrain.data.columns.boolean import TRUTH, FittedBoolean
from nntrain.data.columns.categorical import FittedCategorical
from nntrain.data.columns.date import FittedDate
from nntrain.data.columns.numeric import FittedNumeric
from nntrain.data.columns.ordinal import FittedOrdinal
from nntrain.errors import bad_input

ML = "ai.onnx.ml"  # the domain of LabelEncoder
UNSEEN, MISSING = -1, -2  # codes of categories
RESULTS = ("label", "probabilities", "prediction")  # names of the outputs, which no input can have
EPOCH = 719_468  # days from 0000-03-01 to 1970-01-01


class Graph(Protocol):
    """What the columns need of a graph."""

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        ...

    def constant(self, values: Any, dtype: Any = None) -> str:
        """Add a constant and return its name."""
        ...


class Columns:
    """Adds the columns of a model to a graph.

    Args:
        graph: the graph.
        types: ONNX's TensorProto.
        tokens: cells that mark missing values.
    """

    def __init__(self, graph: Graph, types: Any, tokens: Iterable[str]) -> None:
        self._graph, self._types, self._tokens = graph, types, ("", *sorted(tokens))

    def inputs(self, columns: Iterable[FittedColumn]) -> list[tuple[str, int]]:
        """Return name and type of the input for each column."""
        numbers = (FittedNumeric, FittedDate)
        types = self._types
        return [(input_name(one), types.DOUBLE if isinstance(one, numbers) else types.STRING) for one in columns]

    def features(self, columns: Iterable[FittedColumn]) -> str:
        """Return the name of the features (rows, features), float64."""
        blocks = [self._number(block) for column in columns for block in self._encoded(column)]
        return self._graph.node("Concat", *blocks, axis=1)

    def _encoded(self, column: FittedColumn) -> Iterator[str]:
        cells = input_name(column)
        match column:
            case FittedCategorical():
                yield from self._categories(column, cells)
            case FittedDate():
                missing, days = self._filled(cells, column.fill)
                parts = self._dates(days)
                yield from (parts[part]() for part in column.parts)
                yield from [missing] * column.gaps
            case FilledColumn():
                missing, values = self._filled(self._values(column, cells), column.fill)
                yield from [values, *[missing] * column.gaps]
            case _:
                raise bad_input("--to onnx", f"cannot export column {column.column!r}, whose role is {column.name}")

    def _values(self, column: FilledColumn, cells: str) -> str:
        """Return the numbers that cells stand for, NaN where one is missing."""
        match column:
            case FittedNumeric():
                return cells
            case FittedBoolean():
                forms = {form: value for word, value in TRUTH.items() for form in (word, word.title(), word.upper())}
            case FittedOrdinal():
                forms = {level: float(rank) for rank, level in enumerate(column.order)}
            case _:
                raise bad_input("--to onnx", f"cannot export column {column.column!r}, whose role is {column.name}")
        known = {form: value for form, value in forms.items() if form not in self._tokens}
        codes: dict[str, Any] = {
            "keys_strings": list(known),
            "values_floats": list(known.values()),
            "default_float": float("nan"),
        }
        return self._number(self._graph.node("LabelEncoder", cells, domain=ML, **codes))

    def _filled(self, values: str, fill: float) -> tuple[str, str]:
        """Return where values are missing, and the values with those filled in."""
        missing = self._graph.node("IsNaN", values)
        return missing, self._graph.node("Where", missing, self._constant(fill), values)

    def _categories(self, column: FittedCategorical, cells: str) -> Iterator[str]:
        kept, graph = len(column.frequent), self._graph
        codes = dict.fromkeys(self._tokens, MISSING)
        codes = {level: code for code, level in enumerate([*column.frequent, *column.rare])} | codes
        encoding: dict[str, Any] = {
            "keys_strings": list(codes),
            "values_int64s": list(codes.values()),
            "default_int64": UNSEEN,
        }
        code = graph.node("LabelEncoder", cells, domain=ML, **encoding)
        if kept:
            yield graph.node("Equal", code, graph.constant(np.arange(kept)[None]))
        if column.rare:
            rare = graph.node("Greater", code, graph.constant(np.array([[kept - 1]])))
            yield graph.node("Or", rare, graph.node("Equal", code, graph.constant(np.array([[UNSEEN]]))))
        if column.gaps:
            yield graph.node("Equal", code, graph.constant(np.array([[MISSING]])))

    def _dates(self, days: str) -> dict[str, Callable[[], str]]:
        """Return what adds each part of a date, given days since 1970-01-01.

        Source: Hinnant, chrono-compatible low-level date algorithms (civil_from_days).
        """
        graph, constant = self._graph, self._constant

        def add(a: str, b: float) -> str:
            return graph.node("Add", a, constant(b))

        def times(a: str, b: float) -> str:
            return graph.node("Mul", a, constant(b))

        def minus(a: str, b: str) -> str:
            return graph.node("Sub", a, b)

        def floor(a: str, b: float) -> str:
            return graph.node("Floor", graph.node("Div", a, constant(b)))

        def in_civil() -> tuple[str, str, str]:
            """Return year, month and day."""
            shifted = add(whole, EPOCH)
            era = floor(shifted, 146_097)
            day_of_era = minus(shifted, times(era, 146_097))
            leap = minus(floor(day_of_era, 36_524), floor(day_of_era, 1_460))
            leap = minus(leap, floor(day_of_era, 146_096))
            year_of_era = floor(graph.node("Add", day_of_era, leap), 365)
            before = graph.node("Add", times(year_of_era, 365), floor(year_of_era, 4))
            day_of_year = minus(day_of_era, minus(before, floor(year_of_era, 100)))
            month_from_march = floor(add(times(day_of_year, 5), 2), 153)
            day = add(minus(day_of_year, floor(add(times(month_from_march, 153), 2), 5)), 1)
            late = graph.node("Greater", month_from_march, constant(9.5))  # January and February
            month = graph.node("Where", late, add(month_from_march, -9), add(month_from_march, 3))
            year = graph.node("Add", graph.node("Add", year_of_era, times(era, 400)), self._number(late))
            return year, month, day

        whole = graph.node("Floor", days)
        since = add(whole, 3)  # 1970-01-01 was a Thursday
        return {
            "days": lambda: days,
            "year": lambda: in_civil()[0],
            "month": lambda: in_civil()[1],
            "day": lambda: in_civil()[2],
            "weekday": lambda: minus(since, times(floor(since, 7), 7)),
            "hour": lambda: times(minus(days, whole), 24),
        }

    def _number(self, values: str) -> str:
        return self._graph.node("Cast", values, to=self._types.DOUBLE)

    def _constant(self, value: float) -> str:
        return self._graph.constant(np.array([[value]], np.float64))


def input_name(column: FittedColumn) -> str:
    """Return the name of the input for a column: its own, unless a result has that name."""
    return f"{column.column} (column)" if column.column in RESULTS else column.column
