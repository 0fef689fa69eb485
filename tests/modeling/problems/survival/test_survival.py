"""Censored times: read without losing how they ended, estimated and scored as scikit-survival does, learned from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.intervals import scored
from modeling.core.learner import Fitting, LearnerError
from modeling.core.metrics import Score
from modeling.core.task import Metric, TargetError
from modeling.learners.censoring import AtRisk, seen, signed, times
from modeling.learners.torch.head import partial_likelihood
from modeling.problems import learners
from modeling.problems.survival.metrics import harrell, integrated_brier, uno

from ...small_data import prepared
from .tiny_survival import CONTENT, frame

metrics = pytest.importorskip("sksurv.metrics")
HORIZON = 50.0


def censored(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Whole-numbered times, so that many are equal, and risks of which many are equal too."""
    draw = np.random.default_rng(seed)
    time, event = draw.integers(1, 60, rows).astype(float), draw.random(rows) < 0.4
    return signed(time, event), (draw.integers(0, 30, rows) - time / 4).round()


def structured(target: np.ndarray) -> np.ndarray:
    from sksurv.util import Surv

    return Surv.from_arrays(seen(target), times(target))


def features(rows: pl.DataFrame | None = None, **changes: Any) -> FeatureSet:
    return prepared(frame() if rows is None else rows, **(CONTENT | changes))


def refusal(rows: pl.DataFrame, **changes: Any) -> str:
    with pytest.raises(TargetError) as caught:
        features(rows, **changes)
    return str(caught.value)


# --- scores and estimators --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_concordance_is_scikit_survivals_and_a_weight_is_a_repeated_row(seed):
    target, risk = censored(seed=seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(target))
    for times_each in (np.ones_like(weight), weight):
        rows = np.repeat(np.arange(len(target)), times_each)
        ends = structured(target[rows])
        expected = metrics.concordance_index_censored(ends["event"], ends["time"], risk[rows])[0]
        assert harrell(target, risk, times_each.astype(float)) == pytest.approx(expected, abs=1e-12)
        expected = metrics.concordance_index_ipcw(ends, ends, risk[rows], tau=HORIZON)[0]
        assert uno(HORIZON)(target, risk, times_each.astype(float)) == pytest.approx(expected, abs=1e-12)


def test_a_risk_without_a_comparable_pair_has_no_score():
    target = signed(np.array([3.0, 2.0, 1.0]), np.array([True, False, False]))
    assert np.isnan(harrell(target, np.arange(3.0), np.ones(3)))


def test_integrated_brier_score_is_scikit_survivals():
    target, risk = censored()
    moments = np.linspace(5, HORIZON, 20)
    hazard = AtRisk(target).cumulative_hazard(risk / 10).at(moments)
    survival = np.exp(-np.exp(risk / 10)[:, None] * hazard)
    ends = structured(target)
    expected = metrics.integrated_brier_score(ends, ends, survival, moments)
    assert integrated_brier(moments)(target, survival, np.ones(len(target))) == pytest.approx(expected, abs=1e-12)


def test_curves_are_scikit_survivals():
    from sksurv.linear_model.coxph import BreslowEstimator
    from sksurv.nonparametric import CensoringDistributionEstimator, kaplan_meier_estimator

    target, risk = censored()
    time, survival = kaplan_meier_estimator(seen(target), times(target))
    np.testing.assert_allclose(AtRisk(target).survival().at(time), survival)
    censoring = CensoringDistributionEstimator().fit(structured(target))
    np.testing.assert_allclose(AtRisk(target).censoring().at(time), censoring.predict_proba(time))
    breslow = BreslowEstimator().fit(risk / 10, seen(target), times(target)).cum_baseline_hazard_
    np.testing.assert_allclose(AtRisk(target).cumulative_hazard(risk / 10).at(breslow.x), breslow.y)
    assert AtRisk(target).survival().at(0) == 1


def test_the_likelihoods_derivatives_are_its_derivatives():
    """Against automatic differentiation of the same likelihood as networks use."""
    target, risk = censored(60)
    at_risk, events = AtRisk(target), seen(target).sum()
    variable = torch.tensor(risk / 10, requires_grad=True)
    loss = partial_likelihood(variable, torch.from_numpy(target))
    (first,) = torch.autograd.grad(loss, variable, create_graph=True)
    second = torch.stack(
        [torch.autograd.grad(one, variable, retain_graph=True)[0][row] for row, one in enumerate(first)]
    )
    assert at_risk.loss(risk / 10) == pytest.approx(float(loss.detach()))
    mine = at_risk.derivatives(risk / 10)
    np.testing.assert_allclose(mine[0], events * first.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(mine[1], events * second.numpy(), atol=1e-10)


# --- the task ---------------------------------------------------------------------------------------------------------


def test_time_and_event_become_one_target_and_no_feature():
    made, raw = features(), frame()
    assert made.train.table.names == ("heat", "machine")
    rows = raw[(made.train.number - 1000).tolist()]
    np.testing.assert_array_equal(times(made.train.table.target), rows["days"])
    np.testing.assert_array_equal(seen(made.train.table.target), rows["failed"] == 1)
    assert made.datasheet.target_summary["share with the event"] == raw["failed"].mean()


def test_unusable_times_and_events_are_refused_with_their_rows():
    raw = frame()
    said = refusal(raw.with_columns(days=pl.when(pl.col("id") == 7).then(-3.0).otherwise("days")))
    assert "column 'days': 1 of 600 values are below zero, at rows [1007]" in said
    assert "correct the two dates" in said
    said = refusal(raw.with_columns(failed=pl.when(pl.col("id") < 2).then(None).otherwise("failed")))
    assert "column 'failed': 2 of 600 values are missing, at rows [1000, 1001]" in said
    assert "settings: event names 'failed'; the rows have" in refusal(raw.drop("failed"))
    assert "none of 600 rows has the event" in refusal(raw.with_columns(failed=0))


@pytest.mark.parametrize(
    ("no", "yes", "settings"),
    [("no", "yes", {}), ("False", "True", {}), (1, 2, {"happened": 2}), ("alive", "dead", {"happened": "dead"})],
)
def test_the_event_may_be_written_in_any_two_words(no: Any, yes: Any, settings: dict[str, Any]):
    raw = frame()
    worded = raw.with_columns(failed=pl.when(pl.col("failed") == 1).then(pl.lit(yes)).otherwise(pl.lit(no)))
    made = features(worded, settings={"event": "failed", "horizon": 20, **settings})
    assert (made.train.table.target == features(raw).train.table.target).all()


def test_events_coded_one_and_two_are_asked_about_and_no_row_is_to_be_deleted():
    said = refusal(frame().with_columns(failed=pl.col("failed") + 1))
    assert "column 'failed' holds 2 values with their rows" in said
    assert "`happened: '2'`" in said
    assert "quarantine" not in said
    with_third = frame().with_columns(failed=pl.col("failed") + 1)
    assert "`happened` is '3', but column 'failed' holds" in refusal(
        with_third, settings={"event": "failed", "horizon": 20, "happened": 3}
    )


def test_what_failed_on_the_first_day_failed_before_all_others():
    raw = frame().with_columns(days=pl.when(pl.col("id") < 12).then(0.0).otherwise("days"))
    made = features(raw)
    rows = raw[(made.train.number - 1000).tolist()]
    first, others = times(made.train.table.target)[rows["days"] == 0], times(made.train.table.target)[rows["days"] > 0]
    assert first.max() < others.min()
    np.testing.assert_array_equal(seen(made.train.table.target), rows["failed"] == 1)
    assert made.datasheet.target_summary["times of zero, read as 0.5 of the shortest other"] == 12


# --- learners ---------------------------------------------------------------------------------------------------------

KNOBS: dict[str, dict[str, Any]] = {
    "cox": {},
    "lightgbm": {"trials": 1, "min_data_in_leaf": 10},
    "mlp": {"batch": 150, "epochs": 12, "learning_rate": 0.01},
}


def fitting(name: str, **changes: Any) -> Fitting:
    return replace(Fitting("survival", 0, compute=Compute(threads=1), parameters=KNOBS[name]), **changes)


@pytest.mark.parametrize("name", KNOBS)
def test_learns_keeps_and_trains_again_by_its_fit_summary(name: str, tmp_path: Path):
    made = features()
    test, model, again = made.open_test().table, learners.learner(name)(), learners.learner(name)()
    told = model.fit(made.train.table, made.valid.table, fitting(name))
    assert harrell(test.target, model.predict(test), np.ones(len(test))) > 0.75
    model.save(tmp_path)
    np.testing.assert_array_equal(type(model).load(tmp_path).predict(test), model.predict(test))
    nothing = made.valid.table.rows(np.array([], dtype=int))
    again.fit(made.train.table, nothing, fitting(name, parameters=told.parameters, fixed=True))
    np.testing.assert_allclose(again.predict(test), model.predict(test), atol=1e-3)


def test_training_rows_without_an_event_are_refused():
    raw = frame().with_row_index("row")
    last = raw.height * 3 // 4
    event = pl.when(pl.col("row") < last).then(0).otherwise(pl.col("failed")).alias("failed")
    role = pl.when(pl.col("row") < last).then(pl.lit("train")).when(pl.col("row") % 2 == 0).then(pl.lit("valid"))
    rows = raw.with_columns(event, role.otherwise(pl.lit("test")).alias("role")).drop("row")
    with pytest.raises(TargetError, match=r"column 'failed': none of the \d+ training rows has the event"):
        features(rows, split={"by": "column", "column": "role"})


def test_squared_error_is_refused_for_censored_times():
    made = features()
    with pytest.raises(LearnerError, match="mse has no meaning for times that are cut short"):
        learners.learner("mlp")().fit(made.train.table, made.valid.table, fitting("mlp", parameters={"loss": "mse"}))


@pytest.mark.parametrize("score", [harrell, uno(HORIZON)], ids=["Harrell", "Uno"])
def test_no_interval_of_a_concordance_leaves_what_it_can_be(score: Score):
    """Few, and all but one of them in order: the widened interval alone would end beyond 1."""
    target = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    risk = np.array([6.0, 5.0, 4.0, 3.0, 1.0, 2.0])
    metric = Metric("concordance", "C-index", True, score)
    found = scored({"concordance": metric}, target, {"model": risk}, None).intervals("model")["concordance"]
    assert found.high is None or found.high <= 1
