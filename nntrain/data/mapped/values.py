"""The raw numbers of a column that are in a file."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntrain.data.column_facts import MAX_DISTINCT_KEPT
from nntrain.data.columns.values import Impute
from nntrain.data.mapped.statistics import Blocks, at_ranks, mean, summary
from nntrain.data.preprocessing import unit_for
from nntrain.errors import bad_key

IN_MEMORY = "or set data.source.in_memory: true"


@dataclass(frozen=True)
class ValuesInBlocks:
    """The raw numbers of a column in the training split, which are read in blocks.

    Attributes:
        column: its name, for messages.
        blocks: yields its numbers; NaN where one is missing.
    """

    column: str
    blocks: Blocks

    def known(self) -> Blocks:
        """Return the blocks without missing numbers."""
        return lambda: (block[~np.isnan(block)] for block in self.blocks())

    @property
    def gaps(self) -> bool:
        """Whether a number is missing."""
        return any(np.isnan(block).any() for block in self.blocks())

    def fill(self, impute: Impute, constant: float = 0.0) -> float:
        """Return what replaces missing numbers; the constant if all are missing."""
        facts = summary(self.known())
        if impute == "constant" or not facts.size:
            return constant
        if impute == "most_frequent":
            return self._most_frequent()
        unit = float(unit_for(np.array([facts.magnitude]), facts.size)[0])
        if impute == "mean":
            return mean(self.known(), unit)
        middle = at_ranks(self.known(), sorted({(facts.size - 1) // 2, facts.size // 2}))
        return unit * float(np.mean(np.array(middle) / unit))

    def _most_frequent(self) -> float:
        counts: Counter[float] = Counter()
        for block in self.known()():
            counts.update(dict(zip(*(one.tolist() for one in np.unique(block, return_counts=True)), strict=True)))
            if len(counts) > MAX_DISTINCT_KEPT:
                what = f"column {self.column!r} has too many different numbers to find the most frequent one in blocks"
                raise bad_key("data.source.columns", what, f"choose impute: median, {IN_MEMORY}")
        return min(counts, key=lambda number: (-counts[number], number))

    def counts(self, levels: int) -> NDArray[np.int64]:
        """Return how often each of the numbers 0 ... ``levels`` - 1 occurs."""
        found = np.zeros(levels, np.int64)
        for block in self.known()():
            found += np.bincount(block.astype(np.int64), minlength=levels)
        return found

    def quantiles(self, fill: float) -> list[float]:
        """Refuse: the quantiles of a column need it in memory."""
        what = f"column {self.column!r}: scaling by quantiles needs the table in memory"
        raise bad_key("data.scaling", what, f"choose robust, {IN_MEMORY}")
