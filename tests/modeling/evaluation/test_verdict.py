"""What follows from gates and lifts, and what is said that could sink it."""

from typing import Any

import pytest

from modeling.core.record import Evaluation, Interval, Lift, Promise, Spread
from modeling.evaluation.verdict import MOST_FACTS, verdict

from ..evaluation_records import binary, gate


def _lift(low: float, high: float, over: str = "logistic") -> Lift:
    return Lift(value=(low + high) / 2, low=low, high=high, over=over, decisive=low > 0 or high < 0)


def _sound(**changes: Any) -> Evaluation:
    """A champion decisively better than the simple model, calibrated, with seeds close together."""
    made = binary(lift_over_simple=_lift(0.01, 0.03), **changes)
    made.calibration.slope = Interval(value=1.0, low=0.9, high=1.1)
    made.decision.promises = {}
    return made


@pytest.mark.parametrize(
    ("changes", "outcome", "said"),
    [
        ({}, "published", "decisively better than logistic: ROC AUC +0.02 (+0.01 to +0.03)"),
        ({"lift_over_simple": _lift(-0.01, 0.03)}, "gain not shown", "not shown that ensemble beats logistic"),
        ({"simple": None, "lift_over_simple": None}, "published", "no simple model beside it"),
        ({"gates": [gate("no_leakage", 0, 1, "rows in two roles", passed=False)]}, "held back", "rows in two roles"),
    ],
)
def test_the_outcome_follows_from_gates_and_the_gain_over_the_simple_model(changes, outcome, said):
    made = _sound()
    for name, value in changes.items():
        setattr(made, name, value)
    found = verdict(made, "ROC AUC")
    assert found.outcome == outcome and said in found.reason


def test_a_gain_that_another_seed_or_split_could_undo_is_not_shown():
    made = _sound()
    made.spreads = {"lift_over_simple": Spread(rows=0.005, seeds=0.01, splits=0.01, low=-0.02, high=0.06)}
    assert verdict(made, "ROC AUC").outcome == "gain not shown"


@pytest.mark.parametrize(("champion", "outcome"), [("trivial", "held back"), ("logistic", "published")])
def test_the_simple_model_may_serve_and_the_trivial_one_is_no_model(champion: str, outcome: str):
    made = _sound()
    made.champion.learner, made.lift_over_simple = champion, _lift(0.0, 0.0)
    assert verdict(made, "ROC AUC").outcome == outcome


def test_a_trivial_champion_may_be_behind_by_less_than_is_shown():
    made = _sound()
    made.champion.learner, made.champion.best = "trivial", "lightgbm"
    assert verdict(made, "ROC AUC").reason.startswith("Nothing tried was shown to be better than trivial")


def test_nothing_is_said_against_what_is_sound():
    assert verdict(_sound(), "ROC AUC").facts == []


def test_a_threshold_that_does_not_keep_what_it_promised_is_said():
    made = _sound()
    change = Interval(value=-0.06, low=-0.09, high=-0.03)
    made.decision.promises = {"recall": Promise(validation=Interval(value=0.71), change=change, moved=True)}
    assert verdict(made, "ROC AUC").facts == ["At the threshold the recall moved by −0.06 from 0.71 on validation."]


def test_a_small_move_at_the_threshold_is_not_called_zero():
    made = _sound()
    change = Interval(value=0.00042, low=0.0001, high=0.0007)
    made.decision.promises = {"specificity": Promise(validation=Interval(value=0.9991), change=change, moved=True)}
    assert "moved by +0.00042 from 0.9991" in verdict(made, "ROC AUC").facts[0]


def test_what_could_sink_it_is_said_with_its_numbers_and_the_gravest_first():
    made = _sound(groups=7, test_accesses=4)
    made.calibration.slope = Interval(value=0.6, low=0.5, high=0.7)
    made.champion.seeds = {0: 0.70, 1: 0.78, 2: 0.79}
    facts = verdict(made, "ROC AUC").facts
    assert len(facts) == MOST_FACTS
    assert facts[0].startswith("The test holds 7 groups only")
    assert facts[1] == "Its probabilities promise too much: the calibration slope is 0.6 (0.5 to 0.7), and 1 is right."
    assert facts[2] == "Trained with other seeds, ROC AUC on the test is 0.70 to 0.79."
    made.groups = None
    assert "opened 4 times" in verdict(made, "ROC AUC").facts[-1]


def test_what_people_saw_of_the_test_is_said():
    seen = ["The gate was set with test scores in view."]
    assert verdict(_sound(seen_of_test=seen), "ROC AUC").facts == seen


def test_a_record_of_before_there_were_verdicts_is_read():
    content = binary().model_dump(mode="json")
    del content["verdict"], content["spreads"], content["repeated"]
    for published, outcome in ((True, "published"), (False, "held back")):
        read = Evaluation.model_validate(content | {"published": published})
        assert (read.verdict.outcome, read.repeated, read.spreads) == (outcome, None, {})
