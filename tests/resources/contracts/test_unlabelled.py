"""The contract in front of rows without a target: what one row can break, and nothing about the target or the whole."""

from typing import Any

import polars as pl
import pytest

from catalogue.definition import UseCase
from resources import contracts
from resources.contracts import ContractError

ROWS = pl.DataFrame({"id": [1, 2, 3, 4], "heat": [70.0, 80.0, 900.0, 60.0], "note": ["fine", "…", "worn", "new"]})
HOT = {"column": "heat", "min_value": 0, "max_value": 200}


def judged(rows: pl.DataFrame, *rules: dict[str, Any], **columns: Any) -> pl.DataFrame:
    """The lines of all rows that break a rule."""
    source = {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "-"}
    content = {"title": "?", "task": "binary_classification", "source": source, "target": "broken"}
    columns = {"identifier": ["id"], "drop": ["repaired"], **columns}
    use_case = UseCase.model_validate(content | {"contract": list(rules), "columns": columns})
    return contracts.broken_by_row(rows, use_case)


@pytest.mark.parametrize("on_failure", ["quarantine", "block"])
@pytest.mark.parametrize("rows", [ROWS, ROWS[2:3]], ids=["some rows", "one row"])
def test_a_row_that_breaks_a_rule_is_named_and_no_other(rows: pl.DataFrame, on_failure: str):
    broken = judged(rows, {"expect_column_values_to_be_between": HOT, "on_failure": on_failure})
    rule = "expect_column_values_to_be_between(min_value=0, max_value=200)"
    assert broken.rows() == [(rows["id"].index_of(3), rule, "heat", "900.0")]


@pytest.mark.parametrize(
    "rule",
    [
        {"expect_table_row_count_to_be_between": {"min_value": 1000}},
        {"expect_column_mean_to_be_between": {"column": "heat", "max_value": 1}},
        {"expect_column_values_to_be_between": {**HOT, "mostly": 0.95}},
        {"expect_column_values_to_be_unique": {"column": "note"}},
        {"expect_column_values_to_be_increasing": {"column": "id"}},
        {"expect_column_values_to_not_be_null": {"column": "broken"}},
        {"expect_column_values_to_not_be_null": {"column": "repaired"}},
        {"expect_column_values_to_be_between": {**HOT, "row_condition": 'broken=="1"', "condition_parser": "pandas"}},
        {"expect_column_to_exist": {"column": "broken"}},
        {"expect_table_columns_to_match_set": {"column_set": ["id", "heat", "note", "broken"]}},
    ],
    ids=lambda rule: next(iter(rule)),
)
def test_rules_about_the_whole_the_target_or_what_comes_with_it_do_not_apply(rule):
    rows = pl.concat([ROWS.reverse(), ROWS]).with_columns(note=pl.lit("the same"))
    assert judged(rows, rule).is_empty()


def test_a_rule_that_great_expectations_judges_sets_rows_aside_too():
    rule = {"expect_column_values_to_match_strftime_format": {"column": "note", "strftime_format": "%Y"}}
    assert judged(ROWS.with_columns(note=pl.Series(["2021", "x", None, "2022"])), rule)["row"].to_list() == [1]


def test_no_value_may_be_infinite():
    assert judged(ROWS.with_columns(heat=pl.Series([1.0, float("inf"), None, 2.0])))["row"].to_list() == [1]


def test_content_is_measured_as_in_training():
    broken = judged(ROWS, text=["note"])
    assert broken["row"].to_list() == [1]
    assert broken["column"].to_list() == ["note.fault"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"expect_nothing": {}}, "there is no such rule"),
        ({"expect_column_values_to_be_between": {"column": "heat"}}, "min_value and max_value cannot both be None"),
    ],
)
def test_a_rule_that_is_wrong_itself_is_refused(rule, said: str):
    with pytest.raises(ContractError, match=said):
        judged(ROWS, rule)
