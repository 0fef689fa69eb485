"""The largest distance of near duplicates follows from how close rows ordinarily lie."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from modeling.core.leakage import within


def test_distances_of_rows_scattered_at_random_are_no_twins_and_copies_do_not_move_the_bound():
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(1500, 20))
    copies = rows[:150] + draw.normal(size=(150, 20)) * 1e-3
    for values in (rows, np.vstack([rows, copies])):
        found = within(values, "euclidean", 10.0)
        nearest = (cdist(rows, rows) + np.diag(np.full(len(rows), np.inf))).min(axis=1)
        assert 0.1 < found < 10
        assert (nearest <= found).mean() <= 0.01  # 0.35 % below Tukey's lower fence, were they normal


def test_the_fence_is_tukeys():
    line = np.cumsum(np.arange(1, 10.0))[:, None]
    # Nearest distances 2, 2, 3, 4, … 9 (a row's nearest is the one before it): quartiles by linear interpolation.
    first, third = np.quantile([2, 2, 3, 4, 5, 6, 7, 8, 9], [0.25, 0.75])
    assert within(line, "euclidean", 100.0) == pytest.approx(max(1e-5, first - 1.5 * (third - first)))


def test_no_more_than_allowed_and_rows_with_nan_do_not_count():
    values = np.vstack([np.eye(30) * 50, np.full((5, 30), np.nan)])
    assert within(values, "euclidean", 3.0) == 3.0


def test_where_copies_are_ordinary_only_equal_rows_are_twins():
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(300, 8))
    crowd = rows[0] + draw.normal(size=(300, 8)) * 0.05
    assert within(np.vstack([rows, crowd]), "euclidean", 5.0) == pytest.approx(1e-5)
