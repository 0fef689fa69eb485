"""The largest distance of near duplicates follows from how close rows ordinarily lie."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from modeling.core.leakage import within


def test_copies_are_within_and_rows_scattered_at_random_are_not():
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(1500, 40))
    nearest = (cdist(rows, rows) + np.diag(np.full(len(rows), np.inf))).min(axis=1)
    for copies in (0, 1, 5):
        values = np.vstack([rows, *(rows + draw.normal(size=rows.shape) * 0.01 for _ in range(copies))])
        found = within(values, "euclidean", 100.0)
        assert found > 0.3  # A copy lies 0.01 · √80 = 0.09 from another.
        assert (nearest <= found).mean() <= 0.05


def test_the_fence_is_tukeys():
    line = np.array([[0.0], [100.0], [102.0]])
    # Of three rows the further one counts: distances 102, 100, 102; quartiles 101 and 102.
    assert within(line, "euclidean", 200.0) == pytest.approx(101 - 3 * 1)


def test_no_more_than_allowed_and_rows_with_nan_do_not_count():
    values = np.vstack([np.eye(30) * 50, np.full((5, 30), np.nan)])
    assert within(values, "euclidean", 3.0) == 3.0


def test_where_copies_are_ordinary_only_equal_rows_are_twins():
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(300, 8))
    crowd = rows[0] + draw.normal(size=(300, 8)) * 0.05
    assert within(np.vstack([rows, crowd]), "euclidean", 5.0) == pytest.approx(1e-5)
