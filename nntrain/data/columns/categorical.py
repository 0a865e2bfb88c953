"""Categorical columns: one-hot encoding with a pool for rare and unseen categories."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nntrain.data.columns import UNSEEN, Column, FittedColumn, Levels, Numbers, Raw
from nntrain.data.columns.values import RawValues
from nntrain.data.text_table import Table
from nntrain.errors import Problem, listed, nearest
from nntrain.registry import Count

Unseen = Literal["pool", "error"]


class FittedCategorical(FittedColumn):
    """An indicator for each frequent category, for the rare ones together, and for missing values."""

    name: Literal["categorical"] = "categorical"
    frequent: list[str]
    rare: list[str]
    gaps: bool
    unseen: Unseen = "pool"

    def read(self, table: Table) -> Raw:
        """Return the index of each category among the frequent and then the rare ones; UNSEEN for any other."""
        import polars as pl

        cells = table.cells(self.column)
        index = {level: place for place, level in enumerate([*self.frequent, *self.rare])}
        codes = cells.replace_strict(index, default=UNSEEN, return_dtype=pl.Float64) if index else cells.is_null() * 1.0
        codes = pl.select(pl.when(cells.is_null()).then(float("nan")).otherwise(codes)).to_series()
        unknown = cells.filter(codes == UNSEEN)
        counts = unknown.value_counts(sort=True).rows() if len(unknown) else []
        problems = []
        if counts and self.unseen == "error":
            rows = (codes == UNSEEN).arg_true().to_list()
            what = f"column {self.column!r}: unknown category {cells[rows[0]]!r}{table.others(cells, rows)}"
            hint = f"{nearest(cells[rows[0]], index)} categories: {listed(index)}".strip()
            problems.append(Problem(table.place(rows[0]), what, hint))
        return Raw(codes.to_numpy(), tuple(index), tuple(problems), tuple(counts))

    def recode(self, values: Numbers, levels: Levels) -> Numbers:
        """Return indices among ``levels`` as indices among the frequent and then the rare categories."""
        index = {level: place for place, level in enumerate([*self.frequent, *self.rare])}
        table = np.array([index.get(level, UNSEEN) for level in levels], np.float64)
        known = ~np.isnan(values) & (values != UNSEEN)
        recoded = values.copy()
        recoded[known] = table[values[known].astype(np.int64)] if levels else UNSEEN
        return recoded

    def features(self) -> tuple[tuple[str, bool], ...]:
        """Return ``column=category`` for each indicator."""
        names = [f"{self.column}={level}" for level in self.frequent]
        names += [f"{self.column} rare"] if self.rare else []
        names += [f"{self.column} missing"] if self.gaps else []
        return tuple((name, True) for name in names)

    def encode(self, values: Numbers) -> Numbers:
        """Return the indicators; a category without one gives zeros."""
        columns = np.zeros((len(values), len(self.features())))
        missing = np.isnan(values)
        codes = np.where(missing, UNSEEN, values).astype(np.int64)
        kept = len(self.frequent)
        pooled = ~missing & ((codes >= kept) | (codes == UNSEEN))
        frequent = ~missing & ~pooled
        columns[np.flatnonzero(frequent), codes[frequent]] = 1
        if self.rare:
            columns[pooled, kept] = 1
        if self.gaps:
            columns[missing, -1] = 1
        return columns


class Categorical(Column):
    """A category: one indicator column each (one-hot); rare categories share one, missing values have their own.

    Formula:
        x=c = 1 where x is the category c, else 0

    Source: sklearn.preprocessing.OneHotEncoder(max_categories, min_frequency, handle_unknown="infrequent_if_exist").
    """

    name: Literal["categorical"] = "categorical"
    max_categories: Annotated[Count, Field(description="maximum number of indicators, with that of rare ones")] = 25
    min_count: Annotated[Count, Field(description="a category with fewer training rows counts as rare")] = 3
    unseen: Annotated[
        Unseen, Field(description="categories not seen in training: pool them with the rare ones, or report an error")
    ] = "pool"

    def read(self, table: Table, name: str) -> Raw:
        """Return the index of each category in alphabetical order."""
        import polars as pl

        cells = table.cells(name)
        levels = sorted(cells.drop_nulls().unique().to_list())
        index = {level: place for place, level in enumerate(levels)}
        codes = cells.replace_strict(index, return_dtype=pl.Float64) if index else cells.is_null() * float("nan")
        return Raw(codes.fill_null(float("nan")).to_numpy(), tuple(levels))

    def fit(self, name: str, values: RawValues, levels: Levels) -> FittedCategorical:
        """Learn which categories are frequent."""
        counts = values.counts(len(levels))
        seen = np.flatnonzero(counts)
        rare = counts[seen] < self.min_count
        if len(seen) - rare.sum() + rare.any() > self.max_categories:
            kept = self.max_categories - 1  # one is left for the rare ones
            order = np.argsort(counts[seen], kind="stable")
            rare[order[: len(order) - kept]] = True
        return FittedCategorical(
            column=name,
            frequent=[levels[code] for code in seen[~rare]],
            rare=[levels[code] for code in seen[rare]],
            gaps=values.gaps,
            unseen=self.unseen,
        )
