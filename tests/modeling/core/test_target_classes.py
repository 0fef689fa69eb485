"""What is said of the values of a target."""

import polars as pl

from modeling.core.target_classes import found


def test_the_classes_of_a_target_are_shown_most_frequent_first():
    names = pl.Series([name for name, rows in zip("abcdef", range(1, 7), strict=True) for _ in range(rows)] + [None])
    assert found(names) == "6 values with their rows: 'f' (6), 'e' (5), 'd' (4), 'c' (3), 'b' (2), …"
