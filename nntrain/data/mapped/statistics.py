"""Statistics of numbers that are read in blocks, from a file that is larger than memory.

Counts, minima, maxima, medians and other quantiles are exact; means and standard deviations are rounded in another
order than in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from math import fsum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nntrain.data.preprocessing import TINY, Numbers, unit_for

Blocks = Callable[[], Iterator[Numbers]]  # of numbers (n,), each time from the first one
DIGIT = 16  # bits of a digit in the search for a number at a rank
KEPT = 1 << 20  # candidates that are sorted in memory
SIGN = np.uint64(1 << 63)


class Summary(NamedTuple):
    """The number of numbers, the least and the greatest one, and their largest magnitude."""

    size: int
    least: float
    greatest: float

    @property
    def magnitude(self) -> float:
        """The largest magnitude."""
        return max(abs(self.least), abs(self.greatest))


def summary(blocks: Blocks) -> Summary:
    """Return facts about numbers that are all finite."""
    found = [(block.size, float(block.min()), float(block.max())) for block in blocks() if block.size]
    if not found:
        return Summary(0, 0.0, 0.0)
    counts, least, greatest = zip(*found, strict=True)
    return Summary(sum(counts), min(least), max(greatest))


def mean(blocks: Blocks, unit: float) -> float:
    """Return the mean of numbers; ``unit``: a power of two in which their sum does not overflow."""
    sums = [(block.size, float((block / unit).sum())) for block in blocks()]
    return unit * fsum(total for _, total in sums) / sum(count for count, _ in sums)


def moments(blocks: Blocks, unit: float) -> tuple[float, float]:
    """Return mean and variance of numbers divided by ``unit``, merged from those of blocks.

    Formula:
        M <- M + M' + (m' - m)² n n' / (n + n')

    Source: Chan, Golub and LeVeque 1983, Algorithms for computing the sample variance.
    """
    count, center, squares = 0, 0.0, 0.0
    for block in blocks():
        if block.size:
            x = block / unit
            there, other = count + x.size, float(x.mean())
            squares += float(np.square(x - other).sum()) + (other - center) ** 2 * count * x.size / there
            center += (other - center) * x.size / there
            count = there
    return center, squares / count


def at_ranks(blocks: Blocks, ranks: Sequence[int]) -> list[float]:
    """Return the numbers at ``ranks``, counted from 0, in their order.

    Numbers are compared by their bits, 16 at a time: each pass counts those that agree with a wanted number so far,
    until the candidates fit into memory.
    """
    places = {rank: (0, rank) for rank in ranks}  # the digits so far, and the rank among numbers with these digits
    shift = 64
    while shift:
        shift -= DIGIT
        counts = {digits: np.zeros(1 << DIGIT, np.int64) for digits, _ in places.values()}
        for keys in map(_keys, blocks()):
            for digits, count in counts.items():
                chosen = _with_digits(keys, digits, shift + DIGIT) >> np.uint64(shift) & np.uint64((1 << DIGIT) - 1)
                count += np.bincount(chosen.astype(np.int64), minlength=1 << DIGIT)
        left = {}
        for rank, (digits, place) in places.items():
            ends = counts[digits].cumsum()
            digit = int(np.searchsorted(ends, place, side="right"))
            before = int(ends[digit - 1]) if digit else 0
            places[rank] = digits << DIGIT | digit, place - before
            left[places[rank][0]] = int(counts[digits][digit])
        if sum(left.values()) <= KEPT:
            break
    found = {digits: np.sort(_candidates(blocks, digits, shift)) for digits in {one for one, _ in places.values()}}
    return [_number(found[digits][place]) for digits, place in places.values()]


def percentile(blocks: Blocks, count: int, percents: Sequence[float], unit: float) -> list[float]:
    """Return percentiles of ``count`` numbers divided by ``unit``, linear between two ranks as in numpy.percentile."""
    virtual = [percent / 100 * (count - 1) for percent in percents]
    ranks = sorted({rank for place in virtual for rank in (int(place), min(int(place) + 1, count - 1))})
    known = dict(zip(ranks, at_ranks(blocks, ranks), strict=True))
    found = []
    for place in virtual:
        low, high = known[int(place)] / unit, known[min(int(place) + 1, count - 1)] / unit
        part = place - int(place)
        found.append(high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part)
    return found


def scaling(blocks: Blocks, kind: str) -> tuple[float, float]:
    """Return what is subtracted from numbers and what they are divided by, as Standardizer.of for one column."""
    facts = summary(blocks)
    unit = float(unit_for(np.array([facts.magnitude]), facts.size)[0])
    if kind == "standard":
        center, variance = moments(blocks, unit)
        error = np.finfo(np.float64).eps * facts.size
        constant = variance <= error * variance + (error * center) ** 2
        return center * unit, 1.0 if constant else float(np.sqrt(variance)) * unit
    if kind == "minmax":
        low = center = facts.least / unit
        high = facts.greatest / unit
    else:
        low, center, high = percentile(blocks, facts.size, (25, 50, 75), unit)
    with np.errstate(over="ignore"):
        spread = float(np.minimum((high - low) * unit, np.finfo(np.float64).max))
    return center * unit, 1.0 if spread < TINY else spread


def _keys(block: Numbers) -> NDArray[np.uint64]:
    """Return integers in the order of the numbers; -0 and 0 are the same."""
    bits = (block + 0.0).view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def _number(key: np.uint64) -> float:
    bits = key & ~SIGN if key & SIGN else ~key
    return float(np.array([bits], np.uint64).view(np.float64)[0])


def _with_digits(keys: NDArray[np.uint64], digits: int, shift: int) -> NDArray[np.uint64]:
    """Return the keys whose bits from ``shift`` up are ``digits``."""
    return keys if shift == 64 else keys[keys >> np.uint64(shift) == np.uint64(digits)]


def _candidates(blocks: Blocks, digits: int, shift: int) -> NDArray[np.uint64]:
    return np.concatenate([_with_digits(keys, digits, shift) for keys in map(_keys, blocks())])
