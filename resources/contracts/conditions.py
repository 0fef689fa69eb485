"""The rules that polars judges: types, infinite values and levels.

Great Expectations has no words for the last two, and its type rules see the types of pandas, not of the source.

Belongs here: one function a rule. Does not belong here: the rules Great Expectations judges (`expectations`).
"""

from collections.abc import Callable, Iterator
from inspect import signature

import polars as pl
import polars.selectors as cs

from catalogue.definition import ContractRule
from resources.contracts.clauses import TYPES, Clause, ClauseResult, nearest

MIN_LEVELS, SHARE_OF_LEVELS = 1000, 0.1
"""A text column may have this many levels, or this share of the rows where that is more."""

Broken = Iterator[tuple[str, list[int], str]]
"""Of each column that breaks the rule: name, numbers of the rows that do, what was found."""


def _types(frame: pl.DataFrame, column_list: list[str], type_list: list[str]) -> Broken:
    schema = frame.schema
    for column in column_list:
        if schema[column].base_type().__name__ not in type_list:
            yield column, [], f"the type is {schema[column]}"


def _of_type(frame: pl.DataFrame, column: str, type_: str) -> Broken:
    return _types(frame, [column], [type_])


def _in_type_list(frame: pl.DataFrame, column: str, type_list: list[str]) -> Broken:
    return _types(frame, [column], type_list)


def _finite(frame: pl.DataFrame, column_list: list[str]) -> Broken:
    infinite = frame.select(cs.by_name(*column_list)).select(cs.float().is_infinite())
    for column in infinite:
        if column.any():
            yield column.name, column.arg_true().to_list(), ""


def _few_levels(frame: pl.DataFrame, column_list: list[str]) -> Broken:
    most = max(MIN_LEVELS, int(SHARE_OF_LEVELS * frame.height))
    for column in frame.select(cs.by_name(*column_list).n_unique()):
        if column.item() > most:
            yield column.name, [], f"{column.item():,} levels in {frame.height:,} rows, more than {most:,}"


CONDITIONS: dict[str, Callable[..., Broken]] = {
    "expect_column_type_to_be": _of_type,
    "expect_column_values_to_be_of_type": _of_type,
    "expect_column_values_to_be_in_type_list": _in_type_list,
    "expect_columns_to_be_in_type_list": _types,
    "expect_values_to_be_finite": _finite,
    "expect_levels_to_be_few": _few_levels,
}
ABOUT_ROWS = {"expect_values_to_be_finite"}
OF_VALUES = CONDITIONS.keys() - {"expect_levels_to_be_few"}
"""Rules that a single value can break."""


def judge(frame: pl.DataFrame, clause: Clause) -> list[ClauseResult]:
    """One finding for each column that breaks the rule, or a single one that it holds."""
    broken = list(CONDITIONS[clause.rule.expectation](frame, **clause.rule.arguments))
    if not broken:
        return [ClauseResult(clause, clause.columns, True, frame.height)]
    return [ClauseResult(clause, [column], False, frame.height, rows, message) for column, rows, message in broken]


def rule_error(rule: ContractRule) -> str | None:
    """What is wrong with the rule itself, as far as can be seen without data."""
    try:
        bound = signature(CONDITIONS[rule.expectation]).bind(None, **rule.arguments)
    except TypeError as error:
        return str(error)
    named = bound.arguments.get("type_list", [bound.arguments.get("type_", "String")])
    if unknown := [name for name in named if name not in TYPES]:
        return f"{unknown[0]!r} is no polars type{nearest(unknown[0], TYPES)}"
    if rule.on_failure == "quarantine" and rule.expectation not in ABOUT_ROWS:
        return "it is not about single rows, so nothing can be quarantined; use `on_failure: block`"
    return None
