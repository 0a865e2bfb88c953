"""Whether numbers are finite."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def all_finite(values: NDArray[Any]) -> bool:
    """Return whether all values are finite."""
    with np.errstate(over="ignore", invalid="ignore"):  # the sum is faster, but may overflow
        return bool(np.isfinite(values.sum()) or np.isfinite(values).all())
