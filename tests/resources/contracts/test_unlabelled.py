"""The contract in front of rows without a target: what one row can break, and nothing about the target or the whole."""

from typing import Any

import polars as pl
import pytest

from catalogue.definition import UseCase
from resources import contracts
from resources.contracts import ContractError, ContractViolation, Verdict

ROWS = pl.DataFrame({"id": [1, 2, 3, 4], "heat": [70.0, 80.0, 900.0, 60.0], "note": ["fine", "…", "worn", "new"]})
HOT = {"column": "heat", "min_value": 0, "max_value": 200}


def judged(rows: pl.DataFrame, *rules: dict[str, Any], **columns: Any) -> Verdict:
    source = {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "-"}
    content = {"title": "?", "task": "binary_classification", "source": source, "target": "broken"}
    columns = {"identifier": ["id"], "drop": ["repaired"], **columns}
    use_case = UseCase.model_validate(content | {"contract": list(rules), "columns": columns})
    return contracts.validate_unlabelled(rows, use_case)


def test_rows_that_break_a_rule_are_set_aside_however_few_there_are():
    verdict = judged(ROWS, {"expect_column_values_to_be_between": HOT, "on_failure": "quarantine"})
    verdict.raise_if_blocked()
    assert verdict.accepted["id"].to_list() == [1, 2, 4]
    assert verdict.quarantine["row"].to_list() == [2] and verdict.quarantine["value"].to_list() == ["900.0"]


@pytest.mark.parametrize(
    "rule",
    [
        {"expect_table_row_count_to_be_between": {"min_value": 1000}},
        {"expect_column_mean_to_be_between": {"column": "heat", "max_value": 1}},
        {"expect_column_values_to_not_be_null": {"column": "broken"}},
        {"expect_column_values_to_not_be_null": {"column": "repaired"}},
        {"expect_column_values_to_be_between": {**HOT, "row_condition": 'broken=="1"', "condition_parser": "pandas"}},
        {"expect_column_to_exist": {"column": "broken"}},
        {"expect_table_columns_to_match_set": {"column_set": ["id", "heat", "note", "broken"]}},
    ],
    ids=lambda rule: next(iter(rule)),
)
def test_rules_about_the_whole_the_target_or_what_comes_with_it_do_not_apply(rule):
    judged(ROWS, rule).raise_if_blocked()


def test_a_blocking_rule_about_rows_refuses_them_all():
    with pytest.raises(ContractViolation, match=r"heat: .*1 of 4 break it; for example 900.0; rows 2"):
        judged(ROWS, {"expect_column_values_to_be_between": HOT}).raise_if_blocked()


def test_identifiers_must_be_there_and_unique():
    with pytest.raises(ContractViolation, match="id: expect_column_to_exist"):
        judged(ROWS.drop("id")).raise_if_blocked()
    with pytest.raises(ContractViolation, match="id: expect_column_values_to_be_unique"):
        judged(ROWS.with_columns(id=pl.lit(1))).raise_if_blocked()


def test_content_is_measured_as_in_training():
    verdict = judged(ROWS, text=["note"])
    assert verdict.quarantine["row"].to_list() == [1]
    assert verdict.quarantine["column"].to_list() == ["note.fault"]


def test_where_most_rows_are_set_aside_the_refusal_says_by_which_rule():
    with pytest.raises(ContractViolation, match=r"(?s)heat: expect_column_values_to_be_between.*quarantine_share"):
        judged(ROWS[2:3], {"expect_column_values_to_be_between": HOT, "on_failure": "quarantine"}).raise_if_blocked()


def test_a_rule_that_is_wrong_itself_is_refused():
    with pytest.raises(ContractError, match="there is no such rule"):
        judged(ROWS, {"expect_nothing": {}})
