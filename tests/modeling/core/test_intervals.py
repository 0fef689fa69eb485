"""How often the intervals cover the truth: as often as they say, no less and no more."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom, norm, t

from modeling.core import intervals
from modeling.core.intervals import interval, resampled

SIMULATIONS = 5000
TOLERANCE = 0.012
"""On the share of covered simulations. Simulations share the bootstrap's weights, which costs it about 0.002."""


def theory(units: int, confidence: float = 0.95) -> float:
    """How often the middle `confidence` of bootstrapped means of `units` normal values covers their true mean.

    The bootstrap's standard error divides by `units` and knows no t-distribution, so fewer units are covered less often
    (Efron & Tibshirani 1993, section 13.3).
    """
    half_width = norm.ppf((1 + confidence) / 2) * np.sqrt((units - 1) / units)
    return float(2 * t.cdf(half_width, units - 1) - 1)


@dataclass(frozen=True)
class Case:
    """`rows` rows that are drawn as `units`: each alone, or by the `cluster` ``[rows]`` they belong to."""

    rows: int
    units: int
    cluster: np.ndarray | None = None


def covered(case: Case) -> float:
    """In which share of the simulations the interval of a mean covers 0, the true mean.

    A mean is linear in the weights, so the weights of one bootstrap serve every simulation.
    """
    of_row = [lambda weight, row=row: weight[row] for row in range(case.rows)]
    weights = resampled(of_row, case.cluster, case.rows)
    effects = np.random.default_rng(1).normal(size=(SIMULATIONS, case.units))
    values = effects if case.cluster is None else effects[:, case.cluster]
    found = [interval(0.0, draws) for draws in values @ (weights / weights.sum(axis=1, keepdims=True)).T]
    return float(np.mean([one.low <= 0 <= one.high for one in found]))


CASES = {
    "rows that stand alone": Case(400, 400),
    "rows of thirty clusters": Case(300, 30, np.repeat(np.arange(30), 10)),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_the_tolerance_raises_a_false_alarm_at_less_than_one_seed_in_two_hundred(case: Case):
    share = binom(SIMULATIONS, theory(case.units))
    low, high = ((theory(case.units) + sign * (TOLERANCE - 0.002)) * SIMULATIONS for sign in (-1, 1))
    assert share.cdf(low) + share.sf(high) < 0.005


def test_an_interval_of_95_percent_covers_the_truth_as_often_as_theory_says(case: Case):
    assert covered(case) == pytest.approx(theory(case.units), abs=TOLERANCE)


def test_theory_says_95_percent_of_many_rows_and_less_of_thirty_clusters():
    assert theory(400) == pytest.approx(0.95, abs=0.002)
    assert theory(30) == pytest.approx(0.936, abs=0.001)


@pytest.mark.parametrize("percentiles", [(5.0, 95.0), (1.25, 98.75)])
def test_intervals_of_90_and_of_97_5_percent_would_be_noticed(
    case: Case, percentiles: tuple[float, float], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(intervals, "PERCENTILES", percentiles)
    assert covered(case) != pytest.approx(theory(case.units), abs=TOLERANCE)
