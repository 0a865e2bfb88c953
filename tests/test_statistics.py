"""The statistics of comparisons, against SciPy, by hand, and by what they promise."""

from itertools import combinations
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nntrain.comparison.statistics import Pair, expected_best, holm, min_seeds, pairs, spread
from nntrain.utils.random import stream

random = np.random.default_rng(0)


def compared(one: Any, other: Any, lower: bool = True) -> Pair:
    values = {name: dict(enumerate(numbers)) for name, numbers in (("one", one), ("other", other))}
    (pair,) = pairs(values, lower, seed=0)
    return pair


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=6), st.booleans())
def test_the_expected_best_is_the_mean_over_all_choices(values: list[float], lower: bool) -> None:
    best = min if lower else max
    for k, found in enumerate(expected_best(values, lower), start=1):
        assert found == pytest.approx(np.mean([best(chosen) for chosen in combinations(values, k)]), abs=1e-9)


def test_a_trial_that_diverged_counts_until_there_are_enough_others() -> None:
    found = expected_best([1.0, 2.0, inf], lower=True)
    assert found == [None, pytest.approx(4 / 3), 1.0]
    assert expected_best([0.9, -inf], lower=False) == [None, 0.9]


def test_holm_by_hand() -> None:
    """Holm 1979: the smallest of m by m, the next by m - 1, and never falling."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_variant_and_itself_do_not_differ() -> None:
    values = random.standard_normal(10)
    pair = compared(values, values)
    assert (pair.difference, pair.p, pair.verdict) == (0, 1, "no significant difference")


def test_a_clear_difference_is_shown_whichever_ranks_higher() -> None:
    values = random.standard_normal(10)
    ahead = 0.5 + 0.1 * random.standard_normal(10)
    pair, turned = compared(values, values + ahead), compared(values + ahead, values)
    assert pair.difference == pytest.approx(np.median(ahead))
    assert 0 < pair.low < pair.difference < pair.high
    assert (turned.difference, turned.low, turned.high) == pytest.approx((-pair.difference, -pair.high, -pair.low))
    for found in (pair, turned):
        assert found.p == pytest.approx(2**-9)
        assert (found.shown, found.better, found.verdict) == (True, *both(found, values))
    assert compared(values, values + ahead, lower=False).better == "other"


def both(pair: Pair, values: Any) -> tuple[str, str]:
    better, worse = ("one", "other") if pair.difference > 0 else ("other", "one")
    return better, f"{better} is better than {worse}"


def test_finite_values_have_a_finite_interval_as_scipy_has() -> None:
    """Losses that differ little: rounding once made the largest difference infinite."""
    for seed in range(300):
        one, other = np.random.default_rng(seed).uniform(0.3, 0.6, (2, 1 + seed % 6))
        pair = compared(one, other)
        assert np.isfinite([pair.difference, pair.low, pair.high]).all()
        if len(one) < 2:
            assert pair.low == pair.high == pair.difference == pytest.approx(other[0] - one[0])
            continue
        expected = stats.bootstrap(
            (other - one,), np.median, n_resamples=2000, method="percentile", rng=stream(0, "bootstrap")
        ).confidence_interval
        assert (pair.low, pair.high) == pytest.approx((expected.low, expected.high))
    two = compared([0.4459], [0.4762])
    assert (two.low, two.difference, two.high) == pytest.approx((0.0303, 0.0303, 0.0303))


def test_the_lower_end_of_an_interval_keeps_its_sign() -> None:
    pair = compared([0.0, 0.0, inf, inf, 3.0, 4.0], [inf, inf, 0.0, 0.0, 3.5, 4.5])
    assert (pair.difference, pair.low, pair.high) == pytest.approx((0.5, -inf, inf))
    assert pair.infinite == (2, 2)


def test_chance_is_seldom_taken_for_a_difference() -> None:
    """Two variants that differ by nothing but noise: at most one in twenty is shown."""
    shown = sum(compared(*random.standard_normal((2, 10))).shown for _ in range(200))
    assert shown <= 10


def test_one_that_diverges_loses() -> None:
    values = random.standard_normal(8)
    assert compared(np.full(8, inf), values).verdict == "other is better than one"
    assert compared(-np.full(8, inf), values, lower=False).verdict == "other is better than one"


def test_where_both_diverge_there_is_nothing_to_compare() -> None:
    pair = compared(np.full(8, inf), np.full(8, inf))
    assert (pair.empty, pair.shown, pair.verdict) == (True, False, "neither has a finite value")
    assert not compared([inf] * 7 + [1.0], [inf] * 8).empty
    (apart,) = pairs({"one": {1: 0.5}, "other": {2: 0.6}}, True, seed=0)
    assert (apart.n, apart.empty, apart.verdict) == (0, True, "no seed in common")


def test_a_difference_to_what_diverged_is_infinite() -> None:
    values = random.standard_normal(8)
    pair = compared(values, np.full(8, inf))
    assert (pair.difference, pair.low, pair.high, pair.shown) == (inf, inf, inf, True)
    some = np.where(np.arange(8) < 3, inf, values + 0.5)
    pair = compared(values, some)
    assert pair.difference == pytest.approx(0.5)
    assert pair.low == pytest.approx(0.5)
    assert pair.high == inf
    halves = compared([1.0] * 4 + [inf] * 4, [inf] * 4 + [1.0] * 4)
    assert (halves.difference, halves.p) == (0.0, 1.0)


def test_the_widest_and_the_smallest_numbers() -> None:
    """Near the end of all numbers nothing overflows, and denormals do not divide by zero."""
    huge = 1e300 * (1 + np.arange(8))
    pair = compared(huge, 2 * huge)
    assert pair.difference == pytest.approx(4.5e300)
    assert pair.shown
    assert compared([1e-320] * 8, [3e-320] * 8).difference == pytest.approx(2e-320)
    found = spread(huge.tolist())
    assert (found.mean, found.std) == pytest.approx((4.5e300, 1e300 * np.arange(8.0).std(ddof=1)))


def test_shares_of_the_same_rows_tie_as_counts_do() -> None:
    one, other = [17, 17, 17, 19, 17, 17, 18, 21, 20, 18], [20, 19, 19, 22, 19, 16, 17, 23, 21, 17]
    shares = compared(np.array(one) / 23, np.array(other) / 23, lower=False)
    assert shares.p == compared(one, other, lower=False).p == pytest.approx(0.0371, abs=1e-4)


def test_the_one_that_is_ahead_on_most_seeds_may_have_the_worse_median() -> None:
    one = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 10, 10, 10, 10])
    other = one + np.array([-0.1, -0.11, -0.12, -0.13, 1.0, -0.2, -0.21, -0.22, -0.23])
    assert np.median(one) < np.median(other)
    pair = compared(one, other)
    assert pair.a == "one"
    assert pair.difference == pytest.approx(-0.13)


@pytest.mark.parametrize(("count", "seeds"), [(1, 6), (3, 7), (10, 9)])
def test_as_many_seeds_as_a_difference_takes(count: int, seeds: int) -> None:
    assert min_seeds(count) == seeds
    assert count * 2.0 ** (1 - seeds) < 0.05 <= count * 2.0 ** (2 - seeds)


def test_few_seeds_tell_nothing() -> None:
    assert compared([1, 2, 3, 4, 5], [2, 3, 4, 5, 6]).verdict == "too few seeds: 5; 1 pair needs at least 6"


def test_a_spread() -> None:
    values = random.standard_normal(11)
    found = spread([*values, np.nan])
    assert found.median == np.median(values)
    assert (found.q1, found.q3) == (np.quantile(values, 0.25), np.quantile(values, 0.75))
    assert found.n == 11
    assert found.std == pytest.approx(values.std(ddof=1))
    with_inf = spread([1.0, 2.0, inf])
    assert (with_inf.median, with_inf.mean, with_inf.q3) == (2.0, None, None)
    assert spread([inf, inf]).median is None
    half = spread([1.0, 2.0, inf, inf])
    assert (half.q1, half.median, half.q3) == (1.75, None, None)  # as NumPy's median, by which variants are ranked
    assert spread([-inf, 0.5, 1.0]).q1 is None
    assert spread([]).n == 0


def test_an_interval_above_zero_is_not_enough() -> None:
    """Nine seeds a little better and one much worse: the median is above zero, the ranks do not say so."""
    pair = compared(np.zeros(10), np.array([0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, -5.0]))
    assert pair.low > 0
    assert pair.p > 0.05
    assert not pair.shown
    assert pair.verdict == "no significant difference"


def test_one_of_many_pairs_needs_a_smaller_p() -> None:
    """A difference that two variants show is not shown among five, four of which are noise."""
    values = random.standard_normal((6, 10))
    found = {str(i): dict(enumerate(row)) for i, row in enumerate(values)}
    found["better"] = dict(enumerate(values[0] - np.array([0.3] * 8 + [-0.1, -0.2])))
    (alone,) = pairs({name: found[name] for name in ("0", "better")}, True, seed=0)
    (among,) = [pair for pair in pairs(found, True, seed=0) if {pair.a, pair.b} == {"0", "better"}]
    assert alone.shown
    assert alone.p == among.p
    assert among.p_holm > 0.05
    assert not among.shown
