"""What a record says it does not show."""

import pytest

from modeling.core.record import Lift
from modeling.evaluation.limits import limits

from ..evaluation_records import binary
from ..small_data import use_case


@pytest.mark.parametrize(("accesses", "warned"), [(0, False), (1, False), (2, True)])
def test_only_a_test_that_was_opened_again_is_warned_of(accesses: int, warned: bool):
    warnings = [limit for limit in limits(use_case(), binary(test_accesses=accesses)) if "sealed test" in limit]
    assert len(warnings) == warned
    assert not warned or "opened once or more before" in warnings[0]


def test_an_interval_of_few_clusters_that_excludes_zero_is_not_said_to_include_it():
    few = "9 independent clusters: fewer than 10 are too few to decide"
    lift = Lift(value=0.2, low=0.1, high=0.3, over="trivial", decisive=False, clusters=9, note=few)
    said = [limit for limit in limits(use_case(), binary(lift=lift)) if "over trivial" in limit]
    assert said == [
        f"The lift over trivial is not decisive, although its 95 % interval, 0.1 to 0.3, excludes zero: {few}."
    ]
