"""What a record says it does not show."""

import pytest

from modeling.evaluation.limits import limits

from ..evaluation_records import binary
from ..small_data import use_case


@pytest.mark.parametrize(("accesses", "warned"), [(0, False), (1, False), (2, True)])
def test_only_a_test_that_was_opened_again_is_warned_of(accesses: int, warned: bool):
    warnings = [limit for limit in limits(use_case(), binary(test_accesses=accesses)) if "sealed test" in limit]
    assert len(warnings) == warned
    assert not warned or "opened at least 1 times before" in warnings[0]
