"""What the next delivery must hold, by what this one holds.

Belongs here: ranges, sets, patterns, shares of missing values and the number of rows, each with slack and with what was
seen. Does not belong here: rules that follow from declared columns, which `resources.contracts` derives by itself.

A value out of range is one bad row, and is quarantined. A column that is suddenly empty, or holds other words, has
changed its meaning: that blocks the delivery.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from modeling.proposal.columns import Roles
from modeling.proposal.facts import ColumnFacts

MOST_WITH_RULES = 200
"""Features: of more, nobody reads the rules, and a contract judges them one by one."""
MOST_IN_SET = 20
FITTING = 0.95
"""Share of the values that must be in a set, or fit a pattern: a few new ones are let pass."""
SLACK = 0.5
"""Of the span that was seen: how far beyond it a number may lie."""
SHAPED = 0.99
"""Share of the values of one shape, from which on a column has a pattern."""
LONGEST_PATTERN = 40
PARTS = {"0": r"\d+", "A": "[A-ZÀ-Þ]+", "a": "[a-zß-ÿ]+"}
"""What the letters of a shape stand for."""


class ProposedClause(NamedTuple):
    """A rule as a definition writes it, and what was seen."""

    rule: dict[str, Any]
    evidence: str


def clauses(table: pl.DataFrame, target: str, *, is_classes: bool, columns: Roles) -> Iterator[ProposedClause]:
    """The rules for a table. Columns that nothing is learned from have no rules; nor have the features where they are
    more than `MOST_WITH_RULES`."""
    least = max(50, table.height // 2)
    yield ProposedClause(_rule("table_row_count_to_be_between", min_value=least), f"{table.height:,} rows")
    features = _read(table, target, columns)
    ruled = {target, *features} if len(features) <= MOST_WITH_RULES else {target}
    for facts in (ColumnFacts.of(table[name]) for name in table.columns if name in ruled):
        if facts.name == target:
            yield from _of_target(facts, is_classes)
        else:
            yield from _of_feature(facts, is_name=facts.is_text or facts.name in columns.categorical)


def doubts(table: pl.DataFrame, target: str, columns: Roles) -> Iterator[str]:
    """What the contract leaves to somebody who knows the data."""
    if (features := len(_read(table, target, columns))) > MOST_WITH_RULES:
        yield (
            f"the contract has no rule for any of {features:,} features, more than the {MOST_WITH_RULES} that "
            "are given rules: write those of the columns that matter"
        )


def _read(table: pl.DataFrame, target: str, columns: Roles) -> list[str]:
    """The columns whose values count."""
    unread = {target, *(columns.taken - {columns.time, columns.group})}
    return [name for name in table.columns if name not in unread]


def _rule(expectation: str, **arguments: Any) -> dict[str, Any]:
    """One that blocks the delivery, as rules do that say nothing else."""
    return {f"expect_{expectation}": arguments}


def _row_rule(expectation: str, **arguments: Any) -> dict[str, Any]:
    return {**_rule(expectation, **arguments), "on_failure": "quarantine"}


def _of_target(facts: ColumnFacts, is_classes: bool) -> Iterator[ProposedClause]:
    if not is_classes:
        yield from _range(facts)
        return
    classes = facts.values.drop_nulls().unique().sort().to_list()
    rule = _row_rule("column_values_to_be_in_set", column=facts.name, value_set=classes)
    yield ProposedClause(rule, "a class that was never seen can't be learned")


def _of_feature(facts: ColumnFacts, is_name: bool) -> Iterator[ProposedClause]:
    yield from _missing(facts)
    if (is_name and facts.distinct <= MOST_IN_SET) or (facts.is_whole and facts.distinct == 2):
        yield from _set(facts)
    elif facts.is_text:
        yield from _pattern(facts)
    elif not is_name and facts.values.dtype.is_numeric():
        yield from _range(facts)


def _missing(facts: ColumnFacts) -> Iterator[ProposedClause]:
    """At most half as many again may be missing, and a twentieth more."""
    share = facts.nulls / facts.rows
    least = math.floor(100 * (1 - 1.5 * share - 0.05)) / 100
    if least > 0:
        seen = f"missing in {facts.nulls:,} of {facts.rows:,} rows" if facts.nulls else "never missing"
        yield ProposedClause(_rule("column_values_to_not_be_null", column=facts.name, mostly=least), seen)


def _range(facts: ColumnFacts) -> Iterator[ProposedClause]:
    low, high = (float(str(value)) for value in (facts.values.min(), facts.values.max()))
    span = (high - low) or abs(high) or 1.0
    least = 0.0 if low >= 0 else _outward(low - SLACK * span, math.floor)
    most = 0.0 if high <= 0 else _outward(high + SLACK * span, math.ceil)
    bounds = {"min_value": _plain(least), "max_value": _plain(most)}
    rule = _row_rule("column_values_to_be_between", column=facts.name, **bounds)
    yield ProposedClause(rule, f"{low:.6g} to {high:.6g}")


def _outward(value: float, rounding: Any) -> float:
    """Two digits are enough for a bound with slack."""
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 1.0
    return rounding(value / unit) * unit


def _plain(value: float) -> int | float:
    rounded = float(f"{value:.3g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _set(facts: ColumnFacts) -> Iterator[ProposedClause]:
    values = facts.values.cast(pl.String) if facts.is_text else facts.values
    levels = values.drop_nulls().unique().sort().to_list()
    rule = _rule("column_values_to_be_in_set", column=facts.name, value_set=levels, mostly=FITTING)
    yield ProposedClause(rule, f"{facts.distinct} values")


def _pattern(facts: ColumnFacts) -> Iterator[ProposedClause]:
    """Of a column whose values have one shape, such as `AB-1234`; free text and names have many."""
    text = facts.values.cast(pl.String).drop_nulls().head(100_000)
    shape = text.str.replace_all(r"\d+", "0").str.replace_all(r"\p{Lu}+", "A").str.replace_all(r"\p{Ll}+", "a")
    common, rows = next(shape.alias("shape").value_counts(sort=True, name="rows").iter_rows())
    if rows < SHAPED * len(text) or not re.search(r"[^Aa]", common) or len(common) > LONGEST_PATTERN:
        return
    regex = "^" + "".join(PARTS.get(part) or re.escape(part) for part in common) + "$"
    rule = _rule("column_values_to_match_regex", column=facts.name, regex=regex, mostly=FITTING)
    yield ProposedClause(rule, f"of the shape {common}")
