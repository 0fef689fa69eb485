"""How many units a gate needs, against published sizes and a simulation."""

import numpy as np
import pytest
from scipy.stats import norm

from modeling.core.power import units_needed


@pytest.mark.parametrize(
    ("relevant", "power", "units"), [(0.5, 0.8, 32), (0.2, 0.8, 197), (0.5, 0.9, 43), (0.8, 0.8, 13)]
)
def test_sizes_are_those_of_a_z_test_of_one_mean(relevant: float, power: float, units: int):
    """Of Cohen's d, two-sided 5 %: (1.95996 + 0.84162)² / d² = 7.8489 / d², with 1.28155 for a power of 90 %."""
    assert units_needed(relevant, 1.0, power) == units


def test_as_many_units_show_the_difference_in_four_tests_of_five():
    units = units_needed(0.3, 4.0)
    means = np.random.default_rng(0).normal(0.3, 2.0, size=(20_000, units)).mean(axis=1)
    assert np.mean(means - norm.ppf(0.975) * 2 / np.sqrt(units) > 0) == pytest.approx(0.8, abs=0.01)


def test_no_difference_needs_no_number_but_an_answer():
    with pytest.raises(ValueError, match="must be above 0"):
        units_needed(0.0, 1.0)
