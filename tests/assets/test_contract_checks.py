"""What a contract found, as people see it in the Dagster UI: a check on its own partition, and the quarantine."""

from typing import Any

import polars as pl
import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    TableMetadataValue,
)

from assets.stages import BESIDE_VALIDATED_DATA
from modeling.artefacts.table import TABLE

from ..pipelines.sandbox import KEY, Sandbox, orders

OTHER = "retail/refunds"
BETWEEN = "expect_column_values_to_be_between"


def price_rule(on_failure: str) -> list[dict[str, Any]]:
    return [{BETWEEN: {"column": "price", "min_value": 0}, "on_failure": on_failure}]


def negative_prices(*rows: int) -> pl.DataFrame:
    price = orders()["price"]
    price[list(rows)] = -1.0
    return orders().with_columns(price)


def evaluations(instance: DagsterInstance, check: str, asset: str = "validated_data") -> list[AssetCheckEvaluation]:
    """All evaluations of a check, the latest first."""
    key = AssetCheckKey(AssetKey(asset), check)
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    entries = [record.event for record in history if record.event is not None]
    return [entry.dagster_event.asset_check_evaluation_data for entry in entries if entry.dagster_event]


def results(evaluation: AssetCheckEvaluation) -> list[dict[str, Any]]:
    table = evaluation.metadata["results"]
    assert isinstance(table, TableMetadataValue)
    return [dict(record.data) for record in table.records]


def test_a_blocking_failure_is_in_the_log_on_its_partition(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(frame=negative_prices(3, 8), contract=price_rule("block"))
    result = sandbox.materialise(instance, KEY, "raw_data", "validated_data", *BESIDE_VALIDATED_DATA)
    assert not result.success
    found = evaluations(instance, BETWEEN)[0]
    assert (found.partition, found.passed, found.severity) == (KEY, False, AssetCheckSeverity.ERROR)
    (rule,) = results(found)
    assert rule == {
        "column": "price",
        "rule": f"{BETWEEN}(min_value=0)",
        "on failure": "block",
        "passed": False,
        "checked": 300,
        "unexpected": 2,
        "examples": "-1.0",
    }
    assert "rows 3, 8" in (found.description or "")


def test_rules_that_hold_are_in_the_log_too(sandbox: Sandbox, instance: DagsterInstance):
    found = evaluations(instance, "expect_column_values_to_be_unique")[0]
    assert (found.partition, found.passed) == (KEY, True)
    assert results(found)[0]["column"] == "order"


def test_a_blocked_delivery_makes_no_materialisation(sandbox: Sandbox, instance: DagsterInstance):
    before = instance.get_latest_materialization_event(AssetKey("validated_data"))
    sandbox.place(frame=negative_prices(3), contract=price_rule("block"))
    sandbox.materialise(instance, KEY, "raw_data", "validated_data", *BESIDE_VALIDATED_DATA)
    after = instance.get_latest_materialization_event(AssetKey("validated_data"))
    assert before is not None
    assert after is not None
    assert after.run_id == before.run_id


def test_quarantined_rows_are_set_aside_with_rule_and_value(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(frame=negative_prices(3, 8), contract=price_rule("quarantine"))
    sandbox.make(instance, KEY, "raw_data", "validated_data", *BESIDE_VALIDATED_DATA)
    aside = pl.read_parquet(sandbox.current("quarantine") / TABLE)
    rule = f"{BETWEEN}(min_value=0)"
    assert aside.rows() == [(3, rule, "price", "-1.0"), (8, rule, "price", "-1.0")]
    kept = pl.read_parquet(sandbox.current("validated_data") / TABLE)
    assert kept["order"].to_list() == [row for row in range(300) if row not in (3, 8)]
    found = evaluations(instance, BETWEEN)[0]
    assert (found.passed, found.severity) == (False, AssetCheckSeverity.WARN)


def test_the_quarantine_is_emptied_by_a_clean_delivery(sandbox: Sandbox, instance: DagsterInstance):
    assert pl.read_parquet(sandbox.current("quarantine") / TABLE).is_empty()


@pytest.mark.parametrize("check", ["duplicates_across_roles", "look_ahead", "row_wise_features"])
def test_the_leakage_audit_is_in_the_log_on_its_partition(instance: DagsterInstance, check: str):
    (found,) = evaluations(instance, check, "features")
    assert (found.partition, found.passed) == (KEY, True)


@pytest.mark.parametrize(("bound", "passed"), [(0.6, True), (0.999, False)])
def test_gates_are_in_the_log_with_bound_and_measure(
    sandbox: Sandbox, instance: DagsterInstance, bound: float, passed: bool
):
    sandbox.place(gates={"min_metric": bound})
    sandbox.make(instance, KEY, "evaluation")
    found = evaluations(instance, "min_metric", "evaluation")[0]
    assert (found.partition, found.passed) == (KEY, passed)
    assert found.metadata["bound"].value == bound
    measured = found.metadata["measured"].value
    assert isinstance(measured, float)
    assert (measured >= bound) == passed


def test_checking_one_partition_reads_no_other(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(OTHER, orders(seed=2), title="Will this refund be disputed?")
    sandbox.make(instance, OTHER, job="data")
    for file in (sandbox.home / "artefacts").glob(f"*/{OTHER}/versions/*/**/*"):
        if file.is_file():
            file.write_bytes(b"spoiled")
    sandbox.make(instance, job="data")
    for asset, check in (("validated_data", "expect_column_values_to_be_unique"), ("features", "row_wise_features")):
        assert [found.partition for found in evaluations(instance, check, asset)] == [KEY, OTHER, KEY]
