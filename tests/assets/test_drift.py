"""A drifted delivery on a real instance: it warns, asks for new models, or is refused and replaces nothing."""

import polars as pl
import pytest
from dagster import (
    AssetCheckSeverity,
    AssetMaterialization,
    DagsterInstance,
    MarkdownMetadataValue,
    SensorResult,
    SkipReason,
    build_sensor_context,
)

from assets.drift import FORMER_RETRAINING_REQUESTED, RETRAINING_REQUESTED, retraining_requested
from assets.stages import DRIFT, STAGES, latest
from modeling.drift.record import CHECKS, DriftComparison
from pipelines.freshness import stale_stages
from pipelines.sensors import retrain_on_drift

from ..pipelines.sandbox import KEY, Sandbox, failures, orders
from .test_contract_checks import evaluations


def later(rows: int = 150, seed: int = 7) -> pl.DataFrame:
    """Orders after the delivered ones, of the same kind."""
    return orders(rows, seed).with_columns(pl.col("order") + 70_000_000)


def dearer() -> pl.DataFrame:
    """Orders of a time in which everything costs twice as much, and what used to stay comes back."""
    return later().with_columns(price=pl.col("price") * 2, returned=1 - pl.col("returned"))


def deliver(sandbox: Sandbox, new: pl.DataFrame, on_drift: str = "warn") -> None:
    """Append `new` orders to the delivered ones."""
    sandbox.place(frame=pl.concat([orders(), new]), drift={"on_drift": on_drift})


def compared(sandbox: Sandbox) -> DriftComparison:
    """The record that readers of the drift report see."""
    return DriftComparison.model_validate_json((sandbox.current(DRIFT) / "report.json").read_text())


def requested(sandbox: Sandbox, instance: DagsterInstance) -> list[str | None]:
    """The partitions for which the sensor requests a run."""
    sensor = retrain_on_drift.build(sandbox.catalogue(), 30)
    tick = sensor(build_sensor_context(instance=instance))
    assert isinstance(tick, SensorResult | SkipReason)
    return [request.partition_key for request in tick.run_requests or []] if isinstance(tick, SensorResult) else []


def test_the_first_delivery_has_nothing_to_be_compared_with(sandbox: Sandbox, instance: DagsterInstance):
    found = compared(sandbox)
    assert (found.delivery, found.drifted) == ("no reference", False)
    for check in CHECKS:
        assert [(one.partition, one.passed) for one in evaluations(instance, check, DRIFT)] == [(KEY, True)]


@pytest.mark.slow
def test_more_of_the_same_passes_every_check_and_is_predicted_as_well(sandbox: Sandbox, instance: DagsterInstance):
    deliver(sandbox, later())
    sandbox.make(instance, KEY, job="data")
    found = compared(sandbox)
    assert (found.delivery, found.delivered, found.drifted) == ("append", 150, False)
    assert found.performance is not None and found.performance.rows == 150
    on_record, now = found.performance.on_record, found.performance.now
    assert on_record.low is not None and on_record.high is not None
    assert on_record.low < now.value < on_record.high


@pytest.mark.slow
def test_a_drifted_delivery_goes_through_with_failed_checks_and_shows_shares_but_no_rows(
    sandbox: Sandbox, instance: DagsterInstance
):
    secret = dearer().with_columns(colour=pl.concat_str(pl.lit("colour of Ms "), "order"))
    deliver(sandbox, secret)
    before = sandbox.published()
    sandbox.make(instance, KEY, job="data")
    assert sandbox.published()["features"] != before["features"]
    (found, *_) = evaluations(instance, "columns_drifted", DRIFT)
    assert (found.partition, found.passed, found.severity) == (KEY, False, AssetCheckSeverity.WARN)
    assert "price (" in (found.description or "")
    plot = found.metadata["plot"]
    assert isinstance(plot, MarkdownMetadataValue)
    assert plot.value.startswith("![plot](data:image/png;base64,")
    (fell, *_) = evaluations(instance, "performance_fell", DRIFT)
    assert not fell.passed

    assert requested(sandbox, instance) == [], "a warning asks for no models"
    made = latest(instance, DRIFT, KEY)
    assert made is not None
    told = " ".join(str(value.value) for value in made.metadata.values())
    report = "".join(path.read_text() for path in sandbox.current(DRIFT).glob("report.*"))
    assert "never seen" in report
    for place in (told, report):
        assert "Ms " not in place
        assert not any(str(order) in place for order in secret["order"])


@pytest.mark.slow
def test_a_blocked_delivery_leaves_every_published_file_as_it_was(sandbox: Sandbox, instance: DagsterInstance):
    before = sandbox.published()
    deliver(sandbox, dearer(), "block")
    result = sandbox.materialise(instance)
    assert list(failures(result)) == ["validated_data"]
    message = failures(result)["validated_data"]
    assert f"{KEY}: 150 new rows differ too much" in message
    assert "columns_drifted: 1 of 3 columns drifted: price (" in message
    assert "write `on_drift: warn`" in message
    assert sandbox.published() == before
    (found, *_) = evaluations(instance, "columns_drifted", DRIFT)
    assert (found.passed, found.severity) == (False, AssetCheckSeverity.ERROR)

    models = [name for name, stage in STAGES.items() if stage.group != "data"]
    sandbox.make(instance, KEY, "features", *models[:1])
    assert sandbox.published()["features"] == before["features"], "a later run trains on the good rows"


@pytest.mark.slow
def test_what_was_blocked_goes_through_once_the_definition_allows_it(sandbox: Sandbox, instance: DagsterInstance):
    deliver(sandbox, dearer(), "block")
    assert not sandbox.materialise(instance).success
    sandbox.place(drift={"on_drift": "warn"})
    assert "validated_data" in stale_stages(sandbox.use_case(), instance, sandbox.state)
    sandbox.make(instance)
    sandbox.place(drift={"on_drift": "block"})
    sandbox.make(instance, job="data")
    assert compared(sandbox).delivery == "nothing new", "the model has learned from these rows by now"
    assert "features" not in stale_stages(sandbox.use_case(), instance, sandbox.state)


def test_a_delivery_without_a_feature_is_still_refused_where_only_the_bounds_changed(
    sandbox: Sandbox, instance: DagsterInstance
):
    sandbox.place(frame=orders(seed=1).drop("weight"), drift={"max_column": 0.5})
    assert "orders.csv lacks the columns ['weight']" in failures(sandbox.materialise(instance))["validated_data"]


@pytest.mark.parametrize("key", [RETRAINING_REQUESTED, FORMER_RETRAINING_REQUESTED])
def test_a_comparison_made_before_the_key_was_renamed_still_requests_new_models(key: str):
    drifted, alike = (AssetMaterialization(DRIFT, metadata={key: value}) for value in (True, False))
    assert (retraining_requested(drifted), retraining_requested(alike)) == (True, False)
    assert not retraining_requested(AssetMaterialization(DRIFT))


@pytest.mark.slow
def test_drift_requests_new_models_once_and_until_they_are_judged(sandbox: Sandbox, instance: DagsterInstance):
    deliver(sandbox, later(), "retrain")
    sandbox.make(instance, KEY, job="data")
    assert requested(sandbox, instance) == [], "nothing drifted"

    deliver(sandbox, dearer(), "retrain")
    sandbox.make(instance, KEY, job="data")
    made = latest(instance, DRIFT, KEY)
    assert made is not None and retraining_requested(made)
    assert requested(sandbox, instance) == [KEY]
    sandbox.make(instance, KEY, *(asset.to_user_string() for asset in retrain_on_drift.AFTER_DATA))
    assert requested(sandbox, instance) == []


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"max_auc": 0.4}, "drift.max_auc"),
        ({"on_drift": "ignore"}, "drift.on_drift"),
        ({"max_colum": 0.4}, "did you mean 'max_column'?"),
    ],
)
def test_a_wrong_bound_is_refused_at_load(sandbox: Sandbox, bounds: dict[str, object], message: str):
    folder = sandbox.place(drift=bounds)
    (fault,) = sandbox.catalogue().errors
    assert str(fault).startswith(f"{folder / 'use_case.yaml'}:")
    assert message in str(fault)
