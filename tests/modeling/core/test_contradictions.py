"""Rows that are alike and labelled differently are named."""

import numpy as np
import polars as pl

from modeling.core.contradictions import contradictions
from modeling.core.leakage import Keys


def said(keys: list[str | None], labels: list[int]) -> list[str]:
    return list(contradictions(Keys(pl.Series(keys), "the name"), pl.Series(labels), np.arange(1, len(keys) + 1)))


def test_rows_that_contradict_each_other_are_counted_and_a_pair_of_each_is_named():
    (sentence,) = said(["a", "b", "a", "c", "b", "a"], [1, 0, 0, 1, 1, 1])
    assert "5 rows have other labels" in sentence
    assert "row 1 '1' and row 3 '0'; row 2 '0' and row 5 '1';" in sentence


def test_equal_rows_of_one_label_and_rows_without_a_key_do_not_contradict():
    assert not said(["a", "a", None, None], [1, 1, 0, 1])
