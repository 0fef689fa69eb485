"""What rows, training and split contribute to a score's interval, in a world where it is known."""

import numpy as np
import pytest

from modeling.core.record import Interval
from modeling.core.spread import spread

SIMULATIONS = 2000


def normal(value: float, deviation: float) -> Interval:
    return Interval(value=value, low=value - 1.96 * deviation, high=value + 1.96 * deviation)


def covered(rows: float, seeds: float, splits: float, repeats: int) -> tuple[float, float]:
    """How often the total interval, and that of the rows alone, covers 0 in a random effects model."""
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(SIMULATIONS):
        by_seed = splits * rng.normal() + rows * rng.normal() + seeds * rng.normal(size=3)
        repeated = splits * rng.normal(size=repeats) + rows * rng.normal(size=repeats)
        alone = normal(by_seed[0], rows)
        total = spread(alone, by_seed.tolist(), [(score, rows**2) for score in repeated])
        hits.append((total.low <= 0 <= total.high, alone.low <= 0 <= alone.high))
    return tuple(np.mean(hits, axis=0))


@pytest.mark.parametrize(
    ("rows", "seeds", "splits"), [(1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (1, 0.5, 0.5), (0.3, 1, 1)]
)
def test_the_total_interval_covers_the_truth_whatever_part_is_large(rows: float, seeds: float, splits: float):
    total, alone = covered(rows, seeds, splits, repeats=5)
    assert 0.935 <= total <= 0.985
    if seeds or splits:
        assert alone < 0.9


def test_the_parts_are_the_moments_of_the_model():
    """Seeds 1, 2, 3 have variance 1. Splits 0, 4 and 8 have variance 16, of which 7 is of rows."""
    found = spread(normal(2.0, 2.0), [1.0, 2.0, 3.0], [(0.0, 6.0), (4.0, 7.0), (8.0, 8.0)])
    assert (found.rows, found.seeds, found.splits) == pytest.approx((2, 1, 3), abs=1e-3)
    assert found.shares == pytest.approx({"rows": 4 / 14, "seeds": 1 / 14, "splits": 9 / 14}, abs=1e-3)


def test_splits_that_differ_less_than_their_rows_explain_add_nothing():
    found = spread(normal(0.8, 0.1), [], [(0.8, 0.01), (0.81, 0.01)])
    assert (found.seeds, found.splits) == (None, 0)
    assert (found.low, found.high) == pytest.approx((0.8 - 0.196, 0.8 + 0.196), abs=1e-3)


def test_a_sum_is_as_sure_as_its_least_sure_part():
    """Three splits whose variance is nearly all of their rows: two degrees of freedom, not three quarters of one, whose
    quantile is thirty."""
    variance = float(np.var([0.77, 0.78, 0.79], ddof=1))
    found = spread(normal(0.776, 0.0056), [], [(score, 0.45 * variance) for score in (0.77, 0.78, 0.79)])
    total = np.hypot(found.rows, found.splits)
    assert (found.high - 0.776) / total <= 4.303 + 0.01  # Student's t, two degrees of freedom, 97.5 %


def test_a_part_that_hardly_varies_makes_nothing_unsure():
    """Seeds a thousandth apart leave the degrees of freedom to five splits: four, not the two of three seeds."""
    splits = [(score, 1.0) for score in (84.0, 86.0, 87.0, 88.0, 90.0)]
    without, with_seeds = (spread(normal(86.7, 4.9), seeds, splits) for seeds in ([], [86.7, 86.701, 86.702]))
    assert (with_seeds.low, with_seeds.high) == pytest.approx((without.low, without.high), abs=0.01)


def test_a_score_stays_within_what_it_can_be():
    found = spread(Interval(value=0.95, low=0.9, high=0.98), [0.8, 0.95, 1.0], [], 0.0, 1.0)
    assert found.low >= 0.0 and found.high == 1.0


def test_an_interval_that_leans_keeps_leaning():
    found = spread(Interval(value=0.9, low=0.7, high=0.95), [0.9, 0.9, 0.93], [])
    assert 0.9 - found.low > 2 * (found.high - 0.9)


def test_without_an_interval_of_the_rows_there_is_no_total():
    found = spread(Interval(value=0.9), [0.8, 0.9, 1.0], [])
    assert (found.rows, found.low, found.high) == (None, None, None)
    assert found.seeds == pytest.approx(0.1)
