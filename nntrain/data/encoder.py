"""The encoder of a table: raw columns to features, learned from the training split."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nntrain.data.columns import FittedColumn, Numbers, RawColumn
from nntrain.data.columns.values import ValuesInMemory
from nntrain.data.preprocessing import Scaling, Standardizer


@dataclass(frozen=True)
class Encoder:
    """The columns that a network gets, in order."""

    columns: tuple[FittedColumn, ...]

    @classmethod
    def fit(cls, columns: Sequence[RawColumn], raw: Numbers) -> Self:
        """Return the encoder for the raw numbers (N, columns) of the training split."""
        pairs = zip(columns, raw.T, strict=True)
        return cls(
            tuple(column.role.fit(column.name, ValuesInMemory(values), column.levels) for column, values in pairs)
        )

    @cached_property
    def _features(self) -> tuple[tuple[str, bool], ...]:
        return tuple(feature for column in self.columns for feature in column.features())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features; a repeated one gets a number, as in ``a missing (2)``."""
        names: dict[str, None] = {}
        for name, _ in self._features:
            numbered = (f"{name} ({number})" for number in count(2))
            names[name if name not in names else next(one for one in numbered if one not in names)] = None
        return tuple(names)

    @property
    def indicators(self) -> NDArray[np.bool_]:
        """Which features are indicators (0 and 1), which are not standardized."""
        return np.array([indicator for _, indicator in self._features], bool)

    def recode(self, columns: Sequence[RawColumn], raw: Numbers) -> Numbers:
        """Return raw numbers, which index the levels of ``columns``, as numbers that index the levels learned here."""
        if not self.columns:
            return raw
        pairs = zip(self.columns, columns, raw.T, strict=True)
        return np.stack([fitted.recode(values, column.levels) for fitted, column, values in pairs], axis=1)

    def apply(self, raw: Numbers) -> Numbers:
        """Return the features (N, features) of recoded raw numbers (N, columns)."""
        blocks = [column.encode(values) for column, values in zip(self.columns, raw.T, strict=True)]
        return np.concatenate(blocks, axis=1) if blocks else np.empty((len(raw), 0))

    def standardizer(self, x: Numbers, scaling: Scaling = "standard") -> Standardizer | None:
        """Return the scaling of features (N, features), or None if nothing is scaled; indicators are left unchanged.

        ``scaling`` is that of columns without one of their own.
        """
        chosen = [(column.scale or scaling) for column in self.columns for _ in column.features()]
        if all(one == "none" for one in chosen):
            return None
        kinds = np.where(self.indicators, "none", chosen)
        found = Standardizer.of(x, "none")
        for kind in dict.fromkeys(chosen):
            of_kind = Standardizer.of(x[:, kinds == kind], kind)
            found.mean[kinds == kind], found.scale[kinds == kind] = of_kind.mean, of_kind.scale
        return found

    def to_json(self) -> list[dict[str, Any]]:
        """Return the state as plain data."""
        return [column.model_dump() for column in self.columns]
