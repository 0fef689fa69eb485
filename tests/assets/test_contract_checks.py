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
    TableColumnLineageMetadataValue,
    TableMetadataValue,
)

from assets.stages import BESIDE_VALIDATED_DATA, latest
from modeling.artefacts.table import TABLE

from ..pipelines.sandbox import DELIVERY, KEY, Sandbox, orders

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


def rows(evaluation: AssetCheckEvaluation, table_of: str) -> list[dict[str, Any]]:
    table = evaluation.metadata[table_of]
    assert isinstance(table, TableMetadataValue)
    return [dict(record.data) for record in table.records]


def test_a_blocking_failure_is_in_the_log_on_its_partition(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(frame=negative_prices(3, 8), contract=price_rule("block"))
    result = sandbox.materialise(instance, KEY, "raw_data", "validated_data", *BESIDE_VALIDATED_DATA)
    assert not result.success
    found = evaluations(instance, "contract")[0]
    assert (found.partition, found.passed, found.severity) == (KEY, False, AssetCheckSeverity.ERROR)
    broken, *others = rows(found, "rules")
    assert all(one["met"] for one in others)
    assert broken == {
        "column": "price",
        "rule": f"{BETWEEN}(min_value=0)",
        "on failure": "block",
        "met": False,
        "checked": 300,
        "unexpected": 2,
        "examples": "-1.0",
    }
    assert "orders.csv, lines 5, 10" in (found.description or "")


def test_rules_that_hold_are_in_the_log_too(sandbox: Sandbox, instance: DagsterInstance):
    found = evaluations(instance, "contract")[0]
    assert (found.partition, found.passed) == (KEY, True)
    assert any(
        (one["column"], one["met"]) == ("order", True) and "unique" in one["rule"] for one in rows(found, "rules")
    )


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
    found = evaluations(instance, "contract")[0]
    assert (found.passed, found.severity) == (False, AssetCheckSeverity.WARN)


def test_the_quarantine_is_emptied_by_a_clean_delivery(sandbox: Sandbox, instance: DagsterInstance):
    assert pl.read_parquet(sandbox.current("quarantine") / TABLE).is_empty()


def test_the_leakage_audit_is_in_the_log_on_its_partition(instance: DagsterInstance):
    (found,) = evaluations(instance, "leakage_audit", "features")
    assert (found.partition, found.passed) == (KEY, True)
    assert {"duplicates_across_roles", "look_ahead", "row_wise_features"} <= {
        one["point"] for one in rows(found, "points")
    }


@pytest.mark.parametrize(("bound", "passed"), [(0.6, True), (0.999, False)])
def test_gates_are_in_the_log_with_bound_and_measure(
    sandbox: Sandbox, instance: DagsterInstance, bound: float, passed: bool
):
    sandbox.place(gates={"min_metric": bound})
    sandbox.make(instance, KEY, "evaluation")
    found = evaluations(instance, "gates", "evaluation")[0]
    assert (found.partition, found.passed) == (KEY, passed)
    gate = next(one for one in rows(found, "gates") if one["name"] == "min_metric")
    assert (gate["bound"], gate["passed"]) == (bound, passed)
    assert (gate["low"] >= bound) == passed


def test_a_materialisation_says_where_it_lies_what_of_it_was_made_and_where_to_read_on(instance: DagsterInstance):
    made = {name: latest(instance, name, KEY) for name in ("features", "evaluation")}
    features, evaluation = ({**one.metadata} if one else {} for one in made.values())
    lineage = features["dagster/column_lineage"]
    assert isinstance(lineage, TableColumnLineageMetadataValue)
    (origin,) = lineage.value.deps_by_column["price"]
    assert (origin.asset_key, origin.column_name) == (AssetKey("validated_data"), "price")
    assert features["dagster/partition_row_count"].value == 300
    assert str(features["dagster/uri"].value).startswith("file:///")
    assert evaluation["report"].value == f"/reports/evaluation_report/{KEY}/current/report.html"
    assert len(str(evaluation["roc_auc"].value)) <= len("0.1234")


def test_one_unreadable_file_turns_no_check_of_another_use_case_red(sandbox: Sandbox, instance: DagsterInstance):
    """A check that a failed run had planned counts as failed: there are few, and only on the partition of that run."""
    sandbox.place(OTHER, title="Will this refund be disputed?")
    (sandbox.root / OTHER / DELIVERY).write_bytes(bytes(1000))
    assert not sandbox.materialise(instance, OTHER, job="data").success
    records = {
        check: instance.event_log_storage.get_asset_check_execution_history(check, limit=2)
        for check in sandbox.definitions().resolve_asset_graph().asset_check_keys
        if check.asset_key.path[-1] in {"validated_data", "features"}
    }
    planned = {check.name: [one.partition for one in found] for check, found in records.items()}
    assert planned == {name: [OTHER, KEY] for name in ("contract", "columns_as_before", "leakage_audit")}
    assert all(one.status.value == "SUCCEEDED" for found in records.values() for one in found if one.partition == KEY)


@pytest.mark.slow
def test_checking_one_partition_reads_no_other(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(OTHER, orders(seed=2), title="Will this refund be disputed?")
    sandbox.make(instance, OTHER, job="data")
    for file in (sandbox.home / "artefacts").glob(f"*/{OTHER}/versions/*/**/*"):
        if file.is_file():
            file.write_bytes(b"spoiled")
    sandbox.make(instance, job="data")
    for asset, check in (("validated_data", "contract"), ("features", "leakage_audit")):
        assert [found.partition for found in evaluations(instance, check, asset)] == [KEY, OTHER, KEY]
