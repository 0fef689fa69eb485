"""Gates are met by the unfavourable end of an interval, exactly; a gate that a useless model meets is none."""

from typing import Any

import pytest

from catalogue.definition import Gates
from modeling.core.record import Evaluation, Gate, Interval, Lift, Spread
from modeling.evaluation.gates import gates

from ..evaluation_records import binary, candidate, regression

NEXT = 1e-9


def _gate(name: str, evaluation: Evaluation, **bounds: Any) -> Gate:
    (found,) = [gate for gate in gates(Gates(**bounds), evaluation, "ROC AUC") if gate.name == name]
    return found


def _scoring(low: float, value: float, high: float, **changes: Any) -> Evaluation:
    made = binary(**{"spreads": {}, **changes})
    made.champion.test[made.metric] = Interval(value=value, low=low, high=high)
    return made


def _lift(low: float, value: float, high: float, over: str) -> Lift:
    return Lift(value=value, low=low, high=high, over=over, decisive=low > 0 or high < 0)


def test_the_lower_end_of_the_metric_must_reach_its_bound():
    made = _scoring(0.70, 0.75, 0.80)
    assert _gate("min_metric", made, min_metric=0.70).passed
    missed = _gate("min_metric", made, min_metric=0.70 + NEXT)
    assert not missed.passed and (missed.measured, missed.low, missed.high) == (0.75, 0.70, 0.80)
    assert missed.message == "ROC AUC on the sealed test is 0.75 (0.70 to 0.80); at least 0.7 is asked of the lower end"


def test_where_less_is_better_the_upper_end_must():
    made = regression()
    made.champion.test["rmse"] = Interval(value=1.0, low=0.9, high=1.1)
    assert _gate("min_metric", made, min_metric=1.1).passed
    assert not _gate("min_metric", made, min_metric=1.1 - NEXT).passed


def test_the_interval_that_carries_seeds_and_splits_counts():
    wide = Spread(rows=0.02, seeds=0.01, splits=0.02, low=0.66, high=0.84)
    made = _scoring(0.70, 0.75, 0.80, spreads={"score": wide})
    assert _gate("min_metric", made, min_metric=0.66).passed
    assert not _gate("min_metric", made, min_metric=0.68).passed


@pytest.mark.parametrize(("low", "bound", "passed"), [(0.0, 0.0, False), (NEXT, 0.0, True), (0.02, 0.02, True)])
def test_a_lift_must_be_strictly_above_a_bound_of_zero(low: float, bound: float, passed: bool):
    made = binary(spreads={}, lift=_lift(low, 0.1, 0.2, "trivial"), lift_over_simple=_lift(low, 0.1, 0.2, "logistic"))
    assert _gate("min_lift_over_baseline", made, min_lift_over_baseline=bound).passed is passed
    assert _gate("min_lift_over_simple", made, min_lift_over_simple=bound).passed is passed


def test_the_simple_model_need_not_beat_itself_and_none_is_no_pass():
    made = binary(lift_over_simple=_lift(0, 0, 0, "logistic"))
    made.champion.learner = "logistic"
    assert _gate("min_lift_over_simple", made, min_lift_over_simple=0.01).passed
    assert "gain_over_simple" not in [gate.name for gate in gates(Gates(), made, "ROC AUC")]
    alone = binary(simple=None, lift_over_simple=None)
    unmeasured = _gate("min_lift_over_simple", alone, min_lift_over_simple=0.01)
    assert not unmeasured.passed and "could not be measured" in unmeasured.message


def test_a_bound_that_the_trivial_model_meets_is_met_by_nobody():
    made = _scoring(0.70, 0.75, 0.80)
    made.baseline.test["roc_auc"] = Interval(value=0.5)
    refused = _gate("min_metric", made, min_metric=0.5)
    assert not refused.passed
    assert "trivial, which learns nothing, meets this bound with 0.5: set `gates: min_metric`" in refused.message


def test_a_calibration_bound_that_predicting_no_event_meets_is_met_by_nobody():
    made = binary(target_summary={"0": 0.99, "1": 0.01})
    made.calibration.error = Interval(value=0.002, low=0.001, high=0.004)
    refused = _gate("max_calibration_error", made, max_calibration_error=0.01)
    assert not refused.passed and "errs by 0.01 and meets this bound" in refused.message
    assert _gate("max_calibration_error", made, max_calibration_error=0.004).passed
    assert not _gate("max_calibration_error", made, max_calibration_error=0.004 - NEXT).passed


def test_what_has_no_interval_is_not_met():
    made = binary(spreads={})
    made.champion.test["roc_auc"] = Interval(value=0.9)
    missed = _gate("min_metric", made, min_metric=0.7)
    assert not missed.passed and "is 0.9 without an interval" in missed.message
    assert not _gate("max_slice_gap", binary(largest_slice_gap=None), max_slice_gap=0.5).passed


@pytest.mark.parametrize(
    ("low", "high", "passed", "said"),
    [
        (-0.05, -0.01, False, ": worse"),
        (-0.05, 0.01, True, "not shown to be better or worse"),
        (0.01, 0.05, True, ": shown to be better"),
    ],
)
def test_only_what_is_worse_than_the_simple_model_is_held(low, high, passed, said):
    made = binary(lift_over_simple=_lift(low, (low + high) / 2, high, "logistic"))
    found = _gate("gain_over_simple", made)
    assert found.passed is passed and found.message.endswith(said)
    assert (found.low, found.high) == (low, high)


def test_too_few_clusters_to_be_called_better_are_enough_to_be_held_as_worse():
    lift = _lift(-0.05, -0.03, -0.01, "logistic").model_copy(update={"decisive": False, "clusters": 5})
    assert not _gate("gain_over_simple", binary(lift_over_simple=lift)).passed


def test_a_gain_without_an_interval_is_not_met():
    lift = Lift(value=0.1, over="logistic", decisive=False)
    assert not _gate("gain_over_simple", binary(lift_over_simple=lift)).passed


def test_what_another_seed_or_split_could_undo_is_not_called_better():
    spread = Spread(rows=0.01, seeds=0.02, splits=0.02, low=-0.02, high=0.08)
    made = binary(lift_over_simple=_lift(0.01, 0.03, 0.05, "logistic"), spreads={"lift_over_simple": spread})
    assert _gate("gain_over_simple", made).message.endswith("not shown to be better or worse")


def test_a_clock_that_cut_any_candidate_holds_publication_back():
    cut = candidate("mlp", "deep", "roc_auc", 0.7, cut="12 of 40 epochs")
    found = _gate("work_complete", binary(candidates=[cut]))
    assert not found.passed and found.measured == 1
    assert "mlp: 12 of 40 epochs" in found.message and "`time_limit`" in found.message
    assert _gate("work_complete", binary()).passed
