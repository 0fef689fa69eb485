"""What a fit took is measured around it, and a fit that fails says why."""

import json
from dataclasses import asdict

import pytest

from modeling.core.learner import Fitting, LearnerError

from ..small_data import fitted, prepared


def test_a_fit_costs_time_memory_and_predicts_at_a_speed(tmp_path):
    candidate = fitted("logistic", prepared(), Fitting("binary", classes=2, scratch=tmp_path))
    cost = candidate.cost
    assert cost.seconds > 0
    assert 50 < cost.peak_memory_mb < 100_000, "the resident memory of a Python process with scikit-learn, in MB"
    assert cost.predictions_per_second > 0
    assert json.loads(json.dumps(asdict(cost))) == asdict(cost)
    assert (candidate.name, candidate.family, candidate.compute.device) == ("logistic", "baseline", "cpu")


def test_a_fit_that_fails_says_why():
    with pytest.raises(LearnerError, match="this learner predicts regression, not binary"):
        fitted("ridge", prepared(), Fitting("binary", classes=2))
