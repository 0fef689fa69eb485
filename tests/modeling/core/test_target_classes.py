"""What is said of the values of a target."""

import polars as pl
import pytest

from modeling.core.target_classes import called, found
from modeling.core.task import TargetError


def test_the_classes_of_a_target_are_shown_most_frequent_first():
    names = pl.Series([name for name, rows in zip("abcdef", range(1, 7), strict=True) for _ in range(rows)] + [None])
    assert found(names) == "6 values with their rows: 'f' (6), 'e' (5), 'd' (4), 'c' (3), 'b' (2), …"


def test_a_class_is_called_by_its_name_or_else_by_its_value():
    assert called(["0", "1", "2"], {"2": "ripe", "0": "green"}, "state") == ["green", "1", "ripe"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"0": "no", "3": "yes"}, r"classes: '3' is no value of the target 'state', which holds \['0', '1', '2'\]"),
        ({"0": "1"}, "classes: two values of the target 'state' are called '1': name both"),
    ],
)
def test_names_that_fit_no_class_or_two_are_refused(names: dict[str, str], message: str):
    with pytest.raises(TargetError, match=message):
        called(["0", "1", "2"], names, "state")
