"""What a user is told about the rows of a table for a model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nntrain.data.columns import Numbers, Raw
from nntrain.errors import counted, listed


@dataclass
class RowFacts:
    """Facts about the rows of a table, or of the blocks of it so far.

    Attributes:
        gaps: the number of rows with missing values.
        unseen: how many rows have a category that training has not seen, by column and category.
    """

    gaps: int = 0
    unseen: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, names: Sequence[str], read: Sequence[Raw], x: Numbers) -> None:
        """Add rows: the names of their columns, what was read, and their raw numbers (N, columns)."""
        self.gaps += int(np.isnan(x).any(axis=1).sum())
        for name, raw in zip(names, read, strict=True):
            if raw.unseen:
                self.unseen.setdefault(name, Counter()).update(dict(raw.unseen))

    @property
    def notes(self) -> tuple[str, ...]:
        """Messages to the user."""
        filled = [f"filled in missing values in {counted(self.gaps, 'row')}"] if self.gaps else []
        return (*filled, *(_unseen(name, counts) for name, counts in self.unseen.items()))


def _unseen(name: str, counts: Counter[str]) -> str:
    labels = listed((repr(label) for label, _ in counts.most_common()), 3)
    return f"column {name!r}: {counted(counts.total(), 'row')} with a category not seen in training: {labels}"
