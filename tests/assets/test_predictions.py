"""The published model answers deliveries without a target, with the contract in front, and is never trained by them."""

import os
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from dagster import AssetKey, DagsterInstance, SensorResult, build_sensor_context

from assets.predictions import EVERY_ROW
from assets.stages import data_version, latest
from modeling.artefacts.storage import load
from modeling.core.model import Model
from modeling.core.predictions import Predictions
from pipelines.freshness import stale_stages
from pipelines.model_choice import ServingChoice, choose
from pipelines.sensors import new_deliveries
from resources.serving.models import Models
from resources.store.state import VARIABLE

from ..pipelines.sandbox import KEY, Sandbox, failures, hashes, orders

PREDICT = {"files": {"path": "unlabelled/*.csv"}}
CONTRACT = [{"expect_column_values_to_be_between": {"column": "price", "min_value": 0}, "on_failure": "quarantine"}]
ELSEWHERE = {"files": {"path": "elsewhere/*.csv"}, "licence": "CC0", "citation": "made by the test"}


def unlabelled(rows: int = 12, seed: int = 7) -> pl.DataFrame:
    return orders(rows, seed).drop("returned")


def deliver(sandbox: Sandbox, frame: pl.DataFrame, name: str = "today.csv") -> Path:
    """Rows to predict, in the use case's folder for them."""
    folder = sandbox.root / KEY / "unlabelled"
    folder.mkdir(exist_ok=True)
    frame.write_csv(folder / name)
    return folder / name


@pytest.fixture
def predicting(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, whose use case names `predict`."""
    sandbox.name_in(monkeypatch)
    sandbox.place(predict=PREDICT)
    return sandbox


def made(sandbox: Sandbox) -> Predictions:
    return load(Predictions, sandbox.current("predictions"))


def serving(sandbox: Sandbox) -> Path:
    place = Models(sandbox.state).serving(KEY)
    assert place
    return place


def test_a_delivery_is_predicted_by_the_model_that_serves(predicting: Sandbox, instance: DagsterInstance):
    rows = unlabelled()
    deliver(predicting, rows)
    assert stale_stages(predicting.use_case(), instance, predicting.state) == ["predictions"]
    predicting.make(instance, KEY, "predictions")
    found = made(predicting)
    model = load(Model, serving(predicting) / "model")
    expected = model.predict(rows)
    assert found.rows["order"].to_list() == rows["order"].to_list()
    np.testing.assert_array_equal(found.rows["probability_1"], expected)
    np.testing.assert_allclose(found.rows["probability_0"] + found.rows["probability_1"], 1)
    acted = np.where(expected >= model.card.threshold, "1", "0")
    assert found.rows["decision"].to_list() == acted.tolist()
    assert set(found.rows["model_version"]) == {serving(predicting).name}
    assert set(found.rows["delivery"]) == {found.delivery}
    assert found.set_aside.is_empty()
    assert stale_stages(predicting.use_case(), instance, predicting.state) == []


@pytest.mark.slow
def test_a_target_that_is_delivered_is_not_looked_at(predicting, instance):
    deliver(predicting, unlabelled().with_columns(returned=pl.lit(None)))
    predicting.make(instance, KEY, "predictions")
    without = made(predicting).rows.drop("delivery")
    deliver(predicting, unlabelled())
    predicting.make(instance, KEY, "predictions")
    assert made(predicting).rows.drop("delivery").equals(without)


def test_rows_that_break_a_rule_have_no_prediction_but_a_reason(sandbox, instance):
    sandbox.place(predict=PREDICT, contract=CONTRACT)
    rows = unlabelled().with_columns(price=pl.when(pl.col("order") == 3).then(-5.0).otherwise("price"))
    deliver(sandbox, rows)
    result = sandbox.materialise(instance, KEY, "predictions")
    found = made(sandbox)
    assert found.rows["order"].to_list() == [0, 1, 2, *range(4, 12)]
    ((row, rule, column, value),) = found.set_aside.iter_rows()
    assert (row, column, value) == (3, "price", "-5.0") and rule.startswith("expect_column_values_to_be_between")
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == EVERY_ROW]
    assert not check.passed and check.description == "1 of 12 rows break a rule and have no prediction"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frame", "parts"),
    [
        (unlabelled().drop("price"), ["the columns ['price'] are missing"]),
        (unlabelled().drop("order"), ["the columns ['order'] are missing"]),
        (
            unlabelled().with_columns(price=pl.lit("dear")),
            ["column 'price': none of its 12 values is a number, as in training: row 1: 'dear'"],
        ),
        (
            unlabelled().with_columns(price=pl.lit(-1)),
            ["no row gets a prediction", "row 1, price: expect_column_values_to_be_between(min_value=0): -1"],
        ),
    ],
    ids=["feature missing", "identifier missing", "of another kind", "all set aside"],
)
def test_a_bad_delivery_is_refused_and_the_predictions_before_it_stay(sandbox, instance, frame, parts):
    sandbox.place(predict=PREDICT, contract=CONTRACT)
    deliver(sandbox, unlabelled())
    sandbox.make(instance, KEY, "predictions")
    before = hashes(sandbox.current("predictions"))
    deliver(sandbox, frame)
    result = sandbox.materialise(instance, KEY, "predictions")
    message = failures(result)["predictions"]
    assert all(part in message for part in parts), message
    assert hashes(sandbox.current("predictions")) == before


def test_rules_about_a_whole_table_do_not_hold_up_a_few_rows(sandbox, instance):
    sandbox.place(predict=PREDICT, contract=[{"expect_table_row_count_to_be_between": {"min_value": 200}}])
    deliver(sandbox, unlabelled(1))
    sandbox.make(instance, KEY, "predictions")
    assert made(sandbox).rows.height == 1


# --- when -------------------------------------------------------------------------------------------------------------


def test_where_nothing_serves_nothing_is_predicted_and_nothing_fails(sandbox, instance):
    key = "retail/refunds"
    sandbox.place(key, title="Will this refund be disputed?", predict={"files": {"path": "*.csv"}}, source=ELSEWHERE)
    unlabelled().write_csv(sandbox.root / key / "today.csv")
    sandbox.make(instance, key, "predictions")
    assert latest(instance, "predictions", key) is None
    (observed,) = instance.fetch_observations(AssetKey("predictions"), limit=2).records
    assert "no model of it was published yet" in str(observed.asset_observation.metadata)
    assert not asked(sandbox, instance).run_requests


def test_where_nothing_is_delivered_everything_is_up_to_date(predicting, instance):
    assert stale_stages(predicting.use_case(), instance, predicting.state) == []
    predicting.make(instance, KEY, "predictions")
    assert latest(instance, "predictions", KEY) is None


def test_a_use_case_that_predicts_nothing_is_left_alone(sandbox, instance):
    sandbox.make(instance, KEY, "predictions")
    assert latest(instance, "predictions", KEY) is None
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []


def asked(sandbox: Sandbox, instance: DagsterInstance, cursor: str | None = None) -> SensorResult:
    with patch.dict(os.environ, {VARIABLE: str(sandbox.home)}):
        result = new_deliveries.build(sandbox.catalogue(), 30)(build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(result, SensorResult)
    return result


def test_a_delivery_asks_for_predictions_only_and_once(predicting, instance):
    assert not asked(predicting, instance).run_requests
    deliver(predicting, unlabelled())
    result = asked(predicting, instance)
    assert not result.run_requests, "it was written a moment ago"
    stale_stages(predicting.use_case(), instance, predicting.state)
    result = asked(predicting, instance, result.cursor)
    assert [(one.job_name, one.partition_key) for one in result.run_requests or []] == [("prediction", KEY)]
    assert not asked(predicting, instance, result.cursor).run_requests
    predicting.make(instance, KEY, job="prediction")
    assert not asked(predicting, instance).run_requests, "even when the sensor has forgotten"


@pytest.mark.slow
def test_another_model_that_serves_predicts_anew(predicting, instance):
    deliver(predicting, unlabelled())
    predicting.make(instance, KEY, "evaluation", "published_model", "predictions")
    second = data_version(latest(instance, "predictions", KEY))
    assert not asked(predicting, instance).run_requests
    choose(ServingChoice.ROLL_BACK, KEY, "", predicting.state, instance)
    assert [one.job_name for one in asked(predicting, instance).run_requests or []] == ["prediction"]
    predicting.make(instance, KEY, job="prediction")
    assert data_version(latest(instance, "predictions", KEY)) != second
    assert made(predicting).version == serving(predicting).name


def test_a_model_made_with_other_feature_code_predicts_nothing(predicting, instance):
    deliver(predicting, unlabelled())
    (predicting.root / KEY / "features.py").write_text("def features(frame):\n    return frame\n")
    message = failures(predicting.materialise(instance, KEY, "predictions"))["predictions"]
    assert "was made with another features.py" in message and "or restore the file" in message
