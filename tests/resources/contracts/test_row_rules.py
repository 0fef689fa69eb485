"""Rules about single rows, judged in polars as Great Expectations judges them: rule by rule, on random tables."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalogue.definition import ContractRule
from resources.contracts import conditions, expectations, row_rules
from resources.contracts.clauses import Clause
from resources.contracts.probes import Probed

ROWS = 40
WORDS = ["a", "ab", "b", "B", "é", "a1", "٣", " a", "a\n", "", "naïve", "x" * 12, "[a]", "日本"]
MOMENTS = [datetime(2021, 3, 28, 0, 30) + timedelta(hours=hours) for hours in range(0, 60, 7)]


def table(seed: int) -> pl.DataFrame:
    """Columns of every type that a rule compares, each with values on the bounds of `RULES`; most with gaps."""
    draw = np.random.default_rng(seed)

    def some(values: list[Any], dtype: Any, gaps: float = 0.2) -> pl.Series:
        chosen = [values[place] for place in draw.integers(len(values), size=ROWS)]
        empty = draw.random(ROWS) < gaps
        return pl.Series([None if gap else value for value, gap in zip(chosen, empty, strict=True)], dtype=dtype)

    whole, fractions = [-3, 0, 1, 2, 7], [-0.5, 0.0, -0.0, 1.0, 1.5, 7.0, float("nan"), float("inf"), float("-inf")]
    return pl.DataFrame(
        {
            "whole": some(whole, pl.Int64, gaps=0),
            "gappy": some(whole, pl.Int64),
            "small": some(whole, pl.Int8),
            "large": some([2**53 + 1, 2**53, 2**62, 1, 7], pl.Int64, gaps=0),
            "large_gappy": some([2**53 + 1, 2**53, 7], pl.Int64),
            "unsigned": some([0, 7, 2**63 + 1], pl.UInt64, gaps=0),
            "fraction": some(fractions, pl.Float64),
            "single": some([0.1, 1.0, 7.0, 1.5], pl.Float32),
            "decimal": some([1, 7, 2], pl.Decimal(10, 2)),
            "word": some(WORDS, pl.String),
            "level": some(WORDS, pl.Categorical),
            "flag": some([True, False], pl.Boolean, gaps=0),
            "day": some([moment.date() for moment in MOMENTS], pl.Date),
            "moment": some(MOMENTS, pl.Datetime("us")),
            "zoned": some(MOMENTS, pl.Datetime("ms", "Europe/Berlin")),
            "empty": pl.Series([None] * ROWS, dtype=pl.Float64),
        }
    )


NUMBERS = ["whole", "gappy", "small", "large", "large_gappy", "unsigned", "fraction", "single", "decimal", "empty"]
TEXTS, TIMES = ["word", "level"], ["day", "moment", "zoned"]
BOUNDS: list[dict[str, Any]] = [
    {"min_value": 1},
    {"max_value": 7},
    {"min_value": 0, "max_value": 7},
    {"min_value": 0, "max_value": 7, "strict_min": True},
    {"min_value": 0, "max_value": 7, "strict_max": True},
    {"min_value": -0.5, "max_value": 1.5, "strict_min": True, "strict_max": True},
]
DATES: list[dict[str, Any]] = [
    {"min_value": date(2021, 3, 29)},
    {"max_value": "2021-03-29", "strict_max": True},
    {"min_value": datetime(2021, 3, 28, 7, 30, tzinfo=UTC), "max_value": datetime(2021, 3, 29, 4, 30)},
]
COMPARED = [
    ("whole", "gappy"),
    ("gappy", "small"),
    ("whole", "large"),
    ("gappy", "fraction"),
    ("fraction", "single"),
    ("day", "moment"),
    ("moment", "moment"),
]


def of_each(expectation: str, columns: list[str], *arguments: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(expectation, {"column": column, **given}) for column in columns for given in arguments]


def of_pairs(expectation: str, *arguments: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    ignored = [{}, *({"ignore_row_if": which} for which in ("either_value_is_missing", "neither"))]
    return [
        (expectation, {"column_A": one, "column_B": other, **given, **ignore})
        for one, other in COMPARED
        for given in arguments
        for ignore in ignored
    ]


REGEXES = [r"a", r"^a", r"\d", r"a$", r"^\w+$", r"(?i)B", r"a(?!1)", r"^$", r"\[a\]", r"é|日"]
RULES = [
    *of_each("column_values_to_be_null", [*NUMBERS, *TEXTS, *TIMES, "flag"], {}),
    *of_each("column_values_to_not_be_null", [*NUMBERS, *TEXTS, *TIMES, "flag"], {}),
    *of_each("column_values_to_be_between", NUMBERS, *BOUNDS),
    *of_each("column_values_to_be_between", TIMES, *DATES),
    *of_each("column_values_to_be_in_set", NUMBERS, {"value_set": [0, 1, 7]}, {"value_set": [1.0, 1.5, -3]}),
    *of_each("column_values_to_be_in_set", TEXTS, {"value_set": ["a", "é", ""]}, {"value_set": []}),
    *of_each("column_values_to_not_be_in_set", NUMBERS, {"value_set": [0, 1, 7]}, {"value_set": [1.0, 1.5, -3]}),
    *of_each("column_values_to_not_be_in_set", TEXTS, {"value_set": ["a", "é", ""]}),
    *of_each("column_value_lengths_to_be_between", TEXTS, {"min_value": 1, "max_value": 2}, {"max_value": 5}),
    *of_each("column_value_lengths_to_be_between", TEXTS, {"min_value": 1, "strict_min": True}),
    *of_each("column_value_lengths_to_equal", TEXTS, {"value": 2}),
    *of_each("column_values_to_match_regex", TEXTS, *({"regex": one} for one in REGEXES)),
    *of_each("column_values_to_not_match_regex", TEXTS, *({"regex": one} for one in REGEXES)),
    *of_each("column_values_to_match_regex_list", TEXTS, {"regex_list": ["^a", "b"]}),
    *of_each("column_values_to_match_regex_list", TEXTS, {"regex_list": ["a", r"\d"], "match_on": "all"}),
    *of_each("column_values_to_not_match_regex_list", TEXTS, {"regex_list": ["^a", "b"]}),
    *of_pairs("column_pair_values_a_to_be_greater_than_b", {}, {"or_equal": True}),
    *of_pairs("column_pair_values_to_be_equal", {}),
    *(
        ("multicolumn_sum_to_equal", {"column_list": columns, "sum_total": total, **ignore})
        for columns in (["whole", "gappy"], ["whole", "fraction", "single"])
        for total in (1, 2.5)
        for ignore in ({}, {"ignore_row_if": "any_value_is_missing"}, {"ignore_row_if": "never"})
    ),
]
LEFT_TO_GREAT_EXPECTATIONS = [
    ("column_values_to_be_between", {"column": "whole", "min_value": 1, "max_value": 7, "row_condition": "gappy > 0"}),
    ("column_values_to_be_between", {"column": "word", "min_value": 1}),
    ("column_values_to_be_in_set", {"column": "word", "value_set": ["a", 1]}),
    ("column_values_to_be_in_set", {"column": "flag", "value_set": [1]}),
    ("column_values_to_match_regex", {"column": "whole", "regex": "1"}),
    ("multicolumn_sum_to_equal", {"column_list": ["word", "whole"], "sum_total": 1}),
    *((name.removeprefix("expect_"), {"column": "word"}) for name in sorted(row_rules.WITHOUT_FORM)),
]


def rule(name: str, arguments: dict[str, Any]) -> ContractRule:
    return ContractRule(expectation=f"expect_{name}", arguments=arguments)


def great_expectations_rows(frame: pl.DataFrame, rules: list[ContractRule]) -> dict[int, list[int]]:
    """Of each rule that Great Expectations can judge, the rows that break it."""
    clauses = [Clause(one) for one in rules]
    found = expectations.judge(Probed(frame, frame, [], {}), clauses)
    return {next(at for at, one in enumerate(clauses) if one is f.clause): f.rows for f in found if f.judged}


def compare(seed: int, every: int = 1) -> None:
    frame, rules = table(seed), [rule(*one) for one in RULES[::every]]
    theirs = great_expectations_rows(frame, rules)
    mine: dict[int, list[int]] = {}
    for place, one in enumerate(rules):
        try:
            mine[place] = row_rules.broken(frame, one).arg_true().to_list()
        except row_rules.NoForm:
            continue
    different = {place for place in mine if mine[place] != theirs.get(place)}
    assert not different, [(rules[at].expectation, rules[at].arguments, mine[at], theirs.get(at)) for at in different]
    assert len(mine) > 0.9 * len(rules)
    assert {one.expectation for one in rules} == {rules[place].expectation for place in mine}


def test_rules_about_rows_break_on_the_rows_that_great_expectations_names():
    compare(0, every=12)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_every_rule_about_rows_breaks_on_the_rows_that_great_expectations_names(seed: int):
    assert {f"expect_{name}" for name, _ in RULES} == set(row_rules.FORMS)
    compare(seed)


def test_every_rule_that_a_contract_may_name_is_known_to_look_at_one_row_or_not():
    about_rows = {name for name in expectations.known() if expectations.about_rows(name)}
    mine = [row_rules.FORMS.keys(), row_rules.WITHOUT_FORM, row_rules.OF_OTHER_ROWS, conditions.CONDITIONS.keys()]
    assert about_rows - conditions.CONDITIONS.keys() == set().union(*mine) - conditions.CONDITIONS.keys()
    assert sum(map(len, mine)) == len(set().union(*mine))
    assert set(expectations.known()) - about_rows - conditions.CONDITIONS.keys() == row_rules.OF_TABLES


@pytest.mark.parametrize(("name", "arguments"), LEFT_TO_GREAT_EXPECTATIONS)
def test_what_has_no_form_in_polars_is_left_to_great_expectations(name: str, arguments: dict[str, Any]):
    with pytest.raises(row_rules.NoForm):
        row_rules.broken(table(0), rule(name, arguments))


@pytest.mark.parametrize(("mostly", "about_one"), [(1.0, True), (0.95, False)])
def test_a_rule_that_allows_a_share_is_about_the_table(mostly: float, about_one: bool):
    one = rule("column_values_to_not_be_null", {"column": "word", "mostly": mostly})
    assert row_rules.about_one_row(one) is about_one
