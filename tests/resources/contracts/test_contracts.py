"""Contracts on real tables, judged by the real Great Expectations."""

import socket
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from resources.contracts import ContractError, Delivery, check_rules, rules, validate
from resources.contracts.clauses import words

from .contract_tables import ROWS, broken, planted, refusal, table, use_case, written


def test_a_good_table_passes_and_stays_as_it_is():
    frame = table(age=planted(30, {}))
    verdict = validate(frame, use_case({"expect_column_values_to_be_between": {"column": "age", "min_value": 0}}))
    verdict.raise_if_blocked()
    assert verdict.passed
    assert_frame_equal(verdict.accepted, frame)
    assert verdict.quarantine.schema == {"row": pl.Int64, "rule": pl.String, "column": pl.String, "value": pl.String}
    assert verdict.quarantine.is_empty()


DAY, ZONED = date(2024, 5, 1), datetime(2024, 5, 1, tzinfo=UTC)
BETWEEN, IN_SET = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"


@pytest.mark.parametrize(
    ("expectation", "arguments", "values", "examples"),
    [
        (BETWEEN, {"min_value": 0, "max_value": 9}, planted(5, {3: -1, 7: 10}), {3: "-1", 7: "10"}),
        (BETWEEN, {"max_value": 9}, planted(5, {3: 12, 5: None}), {3: "12"}),
        (BETWEEN, {"max_value": 9}, planted(5, {3: 2**60 + 1, 5: None}), {3: "1152921504606846977"}),
        (BETWEEN, {"max_value": 9}, planted(5, {3: 12, 5: None}, pl.Int8), {3: "12"}),
        (BETWEEN, {"max_value": 9}, planted(5, {3: 12, 5: None}, pl.Decimal(10, 2)), {3: "12.00"}),
        (BETWEEN, {"max_value": 0.5}, planted(0.25, {3: 0.75, 5: float("nan"), 6: None}), {3: "0.75"}),
        (BETWEEN, {"min_value": "2024-01-01"}, planted(DAY, {4: date(1970, 1, 1), 5: None}), {4: "1970-01-01"}),
        (BETWEEN, {"max_value": DAY}, planted(DAY, {4: date(9999, 12, 31)}), {4: "9999-12-31"}),
        (BETWEEN, {"max_value": DAY}, planted(ZONED, {4: ZONED + timedelta(1)}), {4: "2024-05-02 00:00:00+00:00"}),
        (BETWEEN, {"max_value": ZONED}, planted(ZONED, {4: ZONED + timedelta(1)}), {4: "2024-05-02 00:00:00+00:00"}),
        (IN_SET, {"value_set": ["a", "b"]}, planted("a", {0: "c", 9: None}), {0: "c"}),
        (IN_SET, {"value_set": ["a"]}, planted("a", {0: "c"}, pl.Categorical), {0: "c"}),
        (IN_SET, {"value_set": [True]}, planted(True, {8: False, 9: None}), {8: "False"}),
        (IN_SET, {"value_set": [DAY]}, planted(DAY, {8: date(2024, 5, 2)}), {8: "2024-05-02"}),
        ("expect_column_values_to_not_be_in_set", {"value_set": [99]}, planted(5, {2: 99}), {2: "99"}),
        ("expect_column_values_to_not_be_null", {}, planted(1.5, {1: None, 2: float("nan")}), {1: "null", 2: "nan"}),
        ("expect_column_values_to_not_be_null", {}, planted("a", {1: None}), {1: "null"}),
        ("expect_column_values_to_be_null", {}, planted(None, {1: "x"}, pl.String), {1: "x"}),
        ("expect_column_values_to_match_regex", {"regex": "^[a-z]+$"}, planted("ok", {5: "N0"}), {5: "N0"}),
        ("expect_column_value_lengths_to_equal", {"value": 2}, planted("ok", {5: "bad"}), {5: "bad"}),
        (
            "expect_column_values_to_match_strftime_format",
            {"strftime_format": "%Y"},
            planted("2024", {6: "x"}),
            {6: "x"},
        ),
        ("expect_column_values_to_be_json_parseable", {}, planted("{}", {6: "{"}), {6: "{"}),
        ("expect_column_values_to_be_unique", {}, pl.Series([*range(ROWS - 1), 0]), {0: "0", ROWS - 1: "0"}),
        (
            "expect_column_value_z_scores_to_be_less_than",
            {"threshold": 5, "double_sided": True},
            planted(1.0, {7: 90.0}),
            {7: "90.0"},
        ),
        ("expect_values_to_be_finite", {"column_list": ["x"]}, planted(1.0, {7: float("-inf"), 8: None}), {7: "-inf"}),
    ],
)
def test_a_quarantine_rule_finds_exactly_the_planted_rows(
    expectation: str, arguments: dict[str, Any], values: pl.Series, examples: dict[int, str]
):
    frame = table(x=values)
    column = {} if "column_list" in arguments else {"column": "x"}
    rule = {expectation: column | arguments, "on_failure": "quarantine"}
    verdict = validate(frame, use_case(rule, columns={"categorical": ["x"]}))

    result = written(verdict)
    assert (result.passed, result.unexpected, result.column) == (False, len(examples), "x")
    assert result.examples == list(dict.fromkeys(examples.values()))
    assert verdict.quarantine["row"].to_list() == list(examples)
    assert verdict.quarantine["value"].fill_null("null").to_list() == list(examples.values())
    assert set(verdict.quarantine["rule"]) == {result.rule}
    assert set(verdict.quarantine["column"]) == {"x"}
    kept = [row for row in range(ROWS) if row not in examples]
    assert_frame_equal(verdict.accepted, frame[kept])


@pytest.mark.parametrize(
    ("expectation", "arguments", "values", "rows"),
    [
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "visits", "column_B": "x"},
            planted(-1, {2: 9}),
            "rows 2",
        ),
        (
            "expect_column_pair_values_to_be_equal",
            {"column_A": "visits", "column_B": "x", "ignore_row_if": "either_value_is_missing"},
            pl.Series([None, 5, *range(2, ROWS)]),
            "rows 1",
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": ["visits", "x"]}, planted(0, {}), ""),
        (
            "expect_multicolumn_sum_to_equal",
            {"column_list": ["visits", "x"], "sum_total": 0},
            pl.Series([-row for row in range(ROWS - 1)] + [3]),
            f"rows {ROWS - 1}",
        ),
    ],
)
def test_rules_about_several_columns(expectation: str, arguments: dict[str, Any], values: pl.Series, rows: str):
    result = written(validate(table(x=values), use_case({expectation: arguments})))
    assert (result.passed, result.column, result.message) == (not rows, None, rows)


@pytest.mark.parametrize(
    ("expectation", "arguments", "message"),
    [
        ("expect_column_max_to_be_between", {"column": "visits", "max_value": 9}, f"observed: {ROWS - 1}"),
        ("expect_column_max_to_be_between", {"column": "gaps", "max_value": 2}, "observed: 3"),
        ("expect_column_mean_to_be_between", {"column": "visits", "max_value": 9}, "observed: 29.5"),
        (
            "expect_column_quantile_values_to_be_between",
            {"column": "visits", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]}},
            "observed: quantiles: 0.5; values: 30",
        ),
        ("expect_column_distinct_values_to_be_in_set", {"column": "gaps", "value_set": [2]}, "not expected: 3"),
        ("expect_column_unique_value_count_to_be_between", {"column": "visits", "max_value": 9}, f"observed: {ROWS}"),
        ("expect_table_row_count_to_equal", {"value": 7}, f"observed: {ROWS}"),
        ("expect_table_column_count_to_equal", {"value": 7}, "observed: 3"),
        ("expect_table_columns_to_match_set", {"column_set": ["visits"]}, "observed: bought, gaps, visits"),
        ("expect_column_to_exist", {"column": "Visits"}, "the table has the columns: bought, visits, gaps"),
        ("expect_column_values_to_be_of_type", {"column": "visits", "type_": "String"}, "the type is Int64"),
    ],
)
def test_rules_about_a_whole_column_or_the_table(expectation: str, arguments: dict[str, Any], message: str):
    frame = table(gaps=planted(3, {1: 2, 5: None}))
    verdict = validate(frame, use_case({expectation: arguments}))
    assert not written(verdict).passed
    assert written(verdict).message == message
    assert message in refusal(verdict)


def test_a_row_condition_reads_a_column_that_no_rule_names():
    later = {"type": "comparison", "column": {"name": "visits"}, "operator": ">", "parameter": 40}
    arguments = {"column": "x", "max_value": 1, "row_condition": later}
    frame = table(x=planted(0, {3: 5, 50: 5}))
    verdict = validate(frame, use_case({BETWEEN: arguments, "on_failure": "quarantine"}))
    assert verdict.quarantine["row"].to_list() == [50]


def test_mostly_lets_a_few_rows_pass():
    rule = {IN_SET: {"column": "x", "value_set": ["a"], "mostly": 0.9}}
    verdict = validate(table(x=planted("a", {3: "b"})), use_case(rule))
    assert verdict.passed
    assert written(verdict).unexpected == 1


def test_quarantine_keeps_every_broken_rule_of_a_row_and_leaves_types_alone():
    frame = table(
        small=planted(5, {1: None, 3: 70}, pl.Int16),
        flag=planted(True, {2: None}),
        kind=planted("a", {3: "z"}, pl.Enum(["a", "z"])),
        ratio=planted(0.5, {4: float("nan")}, pl.Float32),
    )
    contract = use_case(
        {BETWEEN: {"column": "small", "max_value": 9}, "on_failure": "quarantine"},
        {IN_SET: {"column": "kind", "value_set": ["a"]}, "on_failure": "quarantine"},
    )
    verdict = validate(frame, contract)
    assert verdict.quarantine.rows() == [
        (3, f"{BETWEEN}(max_value=9)", "small", "70"),
        (3, f"{IN_SET}(value_set=[a])", "kind", "z"),
    ]
    expected = frame.filter(pl.int_range(pl.len()) != 3)
    assert verdict.accepted.schema == frame.schema
    assert verdict.accepted.write_ipc(None).getvalue() == expected.write_ipc(None).getvalue()
    assert verdict.passed


def test_rows_without_a_target_go_to_quarantine():
    frame = table(bought=pl.Series([None, 1] + [0, 1] * (ROWS // 2 - 1)))
    verdict = validate(frame, use_case())
    assert verdict.quarantine.rows() == [(0, "expect_column_values_to_not_be_null()", "bought", None)]
    assert verdict.accepted["bought"].to_list() == frame["bought"].to_list()[1:]
    assert verdict.passed


def test_a_quarantine_of_most_rows_refuses_the_table():
    rule = {BETWEEN: {"column": "visits", "max_value": 9}, "on_failure": "quarantine"}
    verdict = validate(table(), use_case(rule))
    assert "table: quarantine_share(max_value=0.5): 50 of 60 break it; So many bad rows" in refusal(verdict)


def test_a_missing_declared_column_is_named_with_its_role_and_the_nearest_name():
    verdict = validate(table(), use_case(columns={"identifier": ["Visits"], "drop": ["gone"]}))
    message = refusal(verdict)
    assert message.startswith("shop/again: the table breaks its contract:")
    assert "- Visits: expect_column_to_exist()" in message
    assert "It is declared as columns.identifier in use_case.yaml; did you mean 'visits'?" in message
    assert "- gone: expect_column_to_exist()" in message


def test_a_missing_target_is_one_broken_rule():
    assert list(broken(validate(table().drop("bought"), use_case()))) == ["expect_column_to_exist"]


def test_a_written_rule_on_a_missing_column_blocks_even_when_it_would_quarantine():
    rule = {BETWEEN: {"column": "visit", "max_value": 9}, "on_failure": "quarantine"}
    verdict = validate(table(), use_case(rule))
    assert written(verdict).on_failure == "block"
    assert "- visit: expect_column_values_to_be_between(max_value=9): the table has no column 'visit'" in refusal(
        verdict
    )
    assert "did you mean 'visits'?" in refusal(verdict)


def test_text_where_numbers_are_expected_blocks_even_when_it_would_quarantine():
    rule = {BETWEEN: {"column": "visits", "max_value": 9}, "on_failure": "quarantine"}
    verdict = validate(table(visits=planted("7", {})), use_case(rule))
    assert "- visits: expect_column_values_to_be_between(max_value=9): it can't be judged" in refusal(verdict)
    assert "(visits: String)" in refusal(verdict)


def test_duplicate_identifiers_are_named_with_their_rows():
    verdict = validate(table(id=pl.Series([*range(ROWS - 1), 4])), use_case(columns={"identifier": ["id"]}))
    assert "- id: expect_column_values_to_be_unique(): 2 of 60 break it; for example 4; rows 4, 59" in refusal(verdict)


def test_identifiers_are_unique_together():
    halves = table(person=pl.Series([0, 1] * (ROWS // 2)), day=pl.Series(sorted([*range(ROWS // 2)] * 2)))
    contract = use_case(columns={"identifier": ["person", "day"]})
    assert validate(halves, contract).passed
    repeated = pl.concat([halves[:-1], halves[:1]])
    assert "2 of 60 break it; for example person=0, day=0; rows 0, 59" in refusal(validate(repeated, contract))


@pytest.mark.parametrize(
    ("task", "target", "expected"),
    [
        ("binary_classification", planted(None, {}, pl.Int64), "The target is empty in every row"),
        ("regression", planted(None, {}, pl.Float64), "The target is empty in every row"),
        ("binary_classification", planted(1, {}), "observed: 1. With one class there is nothing to learn"),
        ("binary_classification", planted("no", {1: "yes", 2: "perhaps"}), "observed: 3. With one class"),
        ("multiclass_classification", planted("a", {}), "observed: 1. With one class there is nothing to learn"),
        ("regression", planted("12", {}), "the type is String. The target is a number"),
        ("regression", planted(1.0, {5: float("inf")}), "1 of 60 break it; for example inf; rows 5"),
    ],
)
def test_a_target_the_task_cannot_use(task: str, target: pl.Series, expected: str):
    message = refusal(validate(table(bought=target), use_case(task=task)))
    assert "- bought: " in message
    assert expected in message


def test_too_few_rows():
    message = refusal(validate(table().head(20), use_case()))
    assert "- table: expect_table_row_count_to_be_between(min_value=50): observed: 20. Fewer rows" in message


def test_too_few_users_to_judge_a_recommendation_are_said_with_how_many_are_needed():
    columns = {"group": "user", "time": "day"}
    for users, passed in ((4, False), (5, True)):
        frame = table(user=pl.Series([f"u{row % users}" for row in range(ROWS)]), day=planted(DAY, {}))
        verdict = validate(frame, use_case(task="recommendation", columns=columns, split={"by": "time"}))
        assert verdict.passed == passed
        if not passed:
            assert "observed: 4" in refusal(verdict) and "fewer than 5 users" in refusal(verdict)


def test_an_empty_table_is_refused_not_a_crash():
    assert "observed: 0" in refusal(validate(table().clear(), use_case()))
    assert "- bought: expect_column_to_exist()" in refusal(validate(pl.DataFrame(), use_case()))


def test_infinite_features_are_named_by_column_and_row():
    frame = table(a=planted(1.0, {3: float("inf")}), b=planted(1.0, {9: float("-inf")}, pl.Float32))
    message = refusal(validate(frame, use_case()))
    assert "- a: expect_values_to_be_finite(column_list=[a, b]): 1 of 60 break it; for example inf; rows 3" in message
    assert "- b: expect_values_to_be_finite(column_list=[a, b]): 1 of 60 break it; for example -inf; rows 9" in message
    assert "declare the column under columns.drop" in message


def test_text_of_ten_thousand_levels():
    many = pl.DataFrame({"bought": [0, 1] * 5000, "note": [f"note {row}" for row in range(10_000)]})
    message = refusal(validate(many, use_case()))
    assert "- note: expect_levels_to_be_few(column_list=[note])" in message
    assert "10,000 levels in 10,000 rows, more than 1,000. Declare it" in message
    assert "under columns.categorical, columns.identifier or columns.drop" in message
    for role in ("categorical", "identifier", "drop"):
        assert validate(many, use_case(columns={role: ["note"]})).passed


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (planted([1], {}), "List(Int64)"),
        (planted({"a": 1}, {}), "Struct({'a': Int64})"),
        (planted(b"x", {}), "Binary"),
        (planted(timedelta(1), {}), "Duration(time_unit='us')"),
    ],
)
def test_types_that_are_no_features(values: pl.Series, kind: str):
    frame = table(odd=values)
    message = refusal(validate(frame, use_case()))
    assert f"the type is {kind}. Declare it under columns.drop" in message
    assert validate(frame, use_case(columns={"drop": ["odd"]})).passed


def test_a_split_needs_its_column_in_every_row():
    by_time = use_case(columns={"time": "day"}, split={"by": "time"})
    verdict = validate(table(day=planted(DAY, {6: None})), by_time)
    assert verdict.passed
    assert verdict.quarantine.rows() == [(6, "expect_column_values_to_not_be_null()", "day", None)]

    by_column = use_case(split={"by": "column", "column": "role"})
    message = refusal(validate(table(role=planted("train", {6: "held out"})), by_column))
    broken = "- role: expect_column_values_to_be_in_set(value_set=[train, tune, valid, test]): 1 of 60 break it"
    assert broken in message
    assert "for example held out; rows 6" in message


def test_examples_are_few_and_short():
    frame = table(x=pl.Series([f"{row:03}{'x' * 200}" for row in range(ROWS)]))
    result = written(validate(frame, use_case({IN_SET: {"column": "x", "value_set": ["a"]}})))
    assert result.unexpected == ROWS
    assert len(result.examples) == 5
    assert result.examples[0] == f"000{'x' * 76}…"
    assert result.message == "rows 0, 1, 2, 3, 4 and 55 more"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"expect_column_values_to_be_betwen": {"column": "a"}},
            "there is no such rule for tables; did you mean 'expect_column_values_to_be_between'?",
        ),
        ({BETWEEN: {"column": "a", "max_value": 2, "maximum": 1}}, "maximum: extra fields not permitted"),
        ({BETWEEN: {"max_value": 2}}, "column: field required"),
        ({BETWEEN: {"column": "a"}}, "min_value and max_value cannot both be None"),
        ({BETWEEN: {"column": "a", "max_value": {"$PARAMETER": "limit"}}}, "suite parameters have no source here"),
        (
            {"expect_column_mean_to_be_between": {"column": "a", "max_value": 2}, "on_failure": "quarantine"},
            "it is not about single rows, so nothing can be quarantined; use `on_failure: block`",
        ),
        ({"expect_table_row_count_to_equal": {"value": 2}, "on_failure": "quarantine"}, "it is not about single rows"),
        ({BETWEEN: {"column": "a", "max_value": 2, "mostly": 0.9}, "on_failure": "quarantine"}, "leave `mostly` out"),
        (
            {"expect_column_values_to_match_like_pattern": {"column": "a", "like_pattern": "x%"}},
            "there is no such rule for tables; did you mean 'expect_column_values_to_match_regex'?",
        ),
        (
            {"expect_column_values_to_be_of_type": {"column": "a", "type_": "int64"}},
            "'int64' is no polars type; did you mean 'Int64'?",
        ),
        ({"expect_column_values_to_be_of_type": {"column": "a"}}, "missing a required argument: 'type_'"),
        (
            {
                "expect_column_values_to_be_in_type_list": {"column": "a", "type_list": ["Int64"]},
                "on_failure": "quarantine",
            },
            "it is not about single rows",
        ),
    ],
)
def test_a_rule_that_is_itself_wrong(rule: dict[str, Any], message: str):
    good = {BETWEEN: {"column": "visits", "min_value": 0}}
    contract = use_case(good, rule)
    [fault] = check_rules(contract)
    assert fault.startswith(f"contract, rule 2, {contract.contract[1].expectation}: ")
    assert message in fault
    with pytest.raises(ContractError, match=r"^shop/again: contract, rule 2, expect_"):
        validate(table(), contract)


def test_good_rules_have_no_errors():
    quarantine = {BETWEEN: {"column": "a", "max_value": DAY}, "on_failure": "quarantine"}
    assert check_rules(use_case(quarantine, {"expect_table_row_count_to_equal": {"value": 2}})) == []


def test_rules_are_derived_from_what_is_declared():
    frame = table(id=range(ROWS), text=planted("a", {}), ratio=planted(0.5, {}))
    clauses = rules(
        use_case({BETWEEN: {"column": "visits", "min_value": 0}}, columns={"identifier": ["id"]}), frame.schema
    )
    assert [(clause.rule.expectation, clause.rule.on_failure, clause.columns) for clause in clauses] == [
        ("expect_table_row_count_to_be_between", "block", []),
        ("expect_column_to_exist", "block", ["bought"]),
        ("expect_column_to_exist", "block", ["id"]),
        ("expect_column_values_to_be_unique", "block", ["id"]),
        ("expect_column_proportion_of_non_null_values_to_be_between", "block", ["bought"]),
        ("expect_column_values_to_not_be_null", "quarantine", ["bought"]),
        ("expect_column_unique_value_count_to_be_between", "block", ["bought"]),
        ("expect_columns_to_be_in_type_list", "block", ["visits", "text", "ratio"]),
        ("expect_values_to_be_finite", "block", ["ratio"]),
        ("expect_levels_to_be_few", "block", ["text"]),
        (BETWEEN, "block", ["visits"]),
    ]
    assert [clause.derived for clause in clauses] == [True] * 10 + [False]


def test_nothing_leaves_the_machine(monkeypatch: pytest.MonkeyPatch):
    calls = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **_: calls.append(arguments))
    validate(table(), use_case({BETWEEN: {"column": "visits", "max_value": 9}}))
    assert calls == []


def test_validating_prints_nothing(capfd: pytest.CaptureFixture[str]):
    validate(table(), use_case({BETWEEN: {"column": "visits", "max_value": 9}}))
    assert capfd.readouterr() == ("", "")


def test_importing_contracts_imports_nothing_heavy():
    heavy = {"great_expectations", "pandas", "PIL", "rdkit", "sklearn", "torch"}
    code = f"import sys, resources.contracts; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


# --- deliveries -------------------------------------------------------------------------------------------------------

PRICED = {BETWEEN: {"column": "price", "max_value": 100}, "on_failure": "quarantine"}


def appended(*prices: int) -> pl.DataFrame:
    """A table of 60 good rows of `old.csv`, and below them those of `new.csv`."""
    price = [5] * ROWS + list(prices)
    return pl.DataFrame({"price": price, "bought": [row % 2 for row in range(len(price))]})


def of_files(new: int) -> list[Delivery]:
    def lines(rows: list[int]) -> str:
        return f"lines {words([row + 2 for row in rows])}"

    return [Delivery("old.csv", ROWS, lines), Delivery("new.csv", new, lines)]


def test_a_bad_delivery_is_refused_though_it_is_a_small_part_of_the_table():
    frame = appended(5, *range(500, 520))
    assert validate(frame, use_case(PRICED)).passed
    message = refusal(validate(frame, use_case(PRICED), of_files(21)))
    assert "20 of the 21 rows of new.csv are set aside. So many bad rows are a bad delivery" in message
    assert "for example 500, 501, 502, 503, 504; new.csv, lines 3, 4, 5, 6, 7 and 15 more" in message
    assert "old.csv" not in message and "counted from 0" not in message


def test_a_bad_row_or_two_in_a_small_delivery_are_set_aside():
    verdict = validate(appended(500, 600), use_case(PRICED), of_files(2))
    assert verdict.passed
    assert verdict.quarantine["row"].to_list() == [60, 61]


@pytest.mark.parametrize("derived", ["one class", "repeated identifier"])
def test_a_row_that_the_contract_sets_aside_breaks_no_rule_about_the_table(derived: str):
    """Of a third class the rule about two classes is not asked, nor of a repeated identifier that about unique ones."""
    faults: dict[str, Any] = {"bought": planted(0, dict.fromkeys(range(1, ROWS, 2), 1) | {7: 2})}
    rule = {IN_SET: {"column": "bought", "value_set": [0, 1]}, "on_failure": "quarantine"}
    if derived == "repeated identifier":
        faults = {"visits": pl.Series([*range(ROWS - 1), 0]), "price": planted(5, {ROWS - 1: 500})}
        rule = PRICED
    verdict = validate(table(**faults), use_case(rule, columns={"identifier": ["visits"]}))
    verdict.raise_if_blocked()
    assert verdict.accepted.height == ROWS - 1


def test_rows_that_break_a_blocking_rule_keep_their_numbers_when_others_are_set_aside():
    frame = table(price=planted(5, {2: 500}), age=planted(30, {0: -1, 9: -1}))
    blocking = {BETWEEN: {"column": "age", "min_value": 0}}
    message = refusal(validate(frame, use_case(PRICED, blocking)))
    assert (
        "age: expect_column_values_to_be_between(min_value=0): 2 of 59 break it; for example -1; rows 0, 9" in message
    )
