"""Random numbers: each random choice has its own named stream, derived from the recipe's seed.

A stream depends only on (seed, name, index), not on what was drawn before. A resumed run therefore repeats
exactly what an uninterrupted one does, and optimizers compared on one seed see the same batches in the same order.
"""

from zlib import crc32

import numpy as np


def stream(seed: int, name: str, index: int = 0) -> np.random.Generator:
    """Return the generator of the stream ``name`` at ``index`` (an epoch, a layer), derived from ``seed``.

    Raises:
        OverflowError: if ``seed`` or ``index`` is negative or has more than 32 bits, which recipes do not allow.
    """
    # an array, as NumPy converts a list number by number, which matters if an epoch takes 80 µs
    words = np.array([seed, crc32(name.encode()), index], np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
