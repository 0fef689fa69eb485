"""Numbers as people read them: worked out by hand."""

import pytest

from modeling.core.digits import number, together, with_interval


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (39753.2, "39,750"),
        (1_234_567, "1,235,000"),
        (9.99996, "10"),
        (0.5, "0.5"),
        (-0.78431, "−0.7843"),
        (0.0000123449, "0.00001234"),
        (-1.23449e-7, "−1.234e−07"),
        (float("inf"), "inf"),
    ],
)
def test_a_number_has_four_significant_digits_and_an_exponent_only_where_it_is_tiny(value: float, written: str):
    assert number(value) == written


def test_an_interval_has_the_decimals_of_its_largest_number_less_the_zeros_of_all():
    assert with_interval(0.78431, 0.7726, 0.79604) == "0.7843 (0.7726 to 0.7960)"
    assert with_interval(39753.2, 38001.4, 41212.9) == "39,750 (38,000 to 41,210)"
    assert with_interval(0.02, 0.01, 0.03, "+") == "+0.02 (+0.01 to +0.03)"
    assert with_interval(0.6, None, 0.7) == "0.6"


def test_a_column_is_written_with_the_decimals_that_its_scale_needs():
    assert together([0.0712, 0.0004]) == ["0.0712", "0.0004"]
    assert together([0.78431, 0.78512], scale=0.00057) == ["0.78431", "0.78512"]
