"""Rows without a target, judged one by one.

Belongs here: which rules of a contract hold for what is predicted, and which rows break them. Does not belong here:
judging a rule (`row_rules`, `conditions`, `expectations`), or what a table to learn from must meet (`verdict`).

Each row is judged by itself, for what is predicted may be one row: rules about the table, a share that a rule allows,
and rules that compare a row with others are about what is learned from. So are rules about the split and about types:
what is predicted has the types of training.
"""

from collections.abc import Iterator

import polars as pl

from catalogue.definition import UseCase
from resources.contracts import conditions, expectations, probes, row_rules
from resources.contracts.clauses import Clause, ClauseResult, reads, rules
from resources.contracts.probes import Probed
from resources.contracts.verdict import QUARANTINE, ContractError, rule_error, set_aside

DERIVED = {"expect_values_to_be_finite", "expect_column_values_to_be_null"}
"""The derived rules about single values: none is infinite, content can be used."""


def broken_by_row(frame: pl.DataFrame, use_case: UseCase) -> pl.DataFrame:
    """A line for each rule that a row breaks, whatever its `on_failure`: `row` (from 0), `rule`, `column`, `value`.

    Rules apply as far as their columns are there: what is missing is for the model to say, which knows what it reads.

    Raises
    ------
    ContractError: a rule is itself wrong, or can't be judged on these types.
    """
    clauses = [one for one in rules(use_case, frame.schema) if _applies(one, use_case)]
    probed = probes.probed(frame, use_case, wanted=reads(clauses))
    there = [one for one in clauses if set(probed.frame.columns).issuperset(one.columns)]
    found = [*set_aside(probed, [*_judged(probed, there)], every=True)]
    return pl.concat([QUARANTINE.to_frame(), *found]).sort("row", maintain_order=True)


def _applies(clause: Clause, use_case: UseCase) -> bool:
    if clause.reads(use_case.target):
        return False
    name = clause.rule.expectation
    if clause.derived or name in conditions.CONDITIONS:
        return name in DERIVED
    if name not in row_rules.KNOWN and (error := rule_error(clause.rule)):
        raise ContractError(f"{use_case.key}: contract, {name}: {error}")
    return row_rules.about_one_row(clause.rule)


def _judged(probed: Probed, clauses: list[Clause]) -> Iterator[ClauseResult]:
    left = []
    for clause in clauses:
        if clause.rule.expectation in conditions.CONDITIONS:
            yield from conditions.judge(probed.frame, clause)
            continue
        try:
            rows = row_rules.broken(probed.frame, clause.rule).arg_true().to_list()
        except row_rules.NoForm:
            left.append(clause)
        else:
            yield ClauseResult(clause, clause.columns, not rows, probed.frame.height, rows)
    if left:
        yield from _by_great_expectations(probed, left)


def _by_great_expectations(probed: Probed, clauses: list[Clause]) -> Iterator[ClauseResult]:
    for clause in clauses:
        if error := rule_error(clause.rule):
            raise ContractError(f"contract, {clause.text}: {error}")
    for finding in expectations.judge(probed, clauses):
        if not finding.judged:
            raise ContractError(f"contract, {finding.clause.text}: {finding.message}")
        yield finding
