"""What follows from judging a table: results, accepted rows, quarantine, or a refusal.

Belongs here: running a contract's clauses and putting their findings together. Does not belong here: the clauses
(`clauses`), judging one (`expectations`, `conditions`), or writing anything down (`assets`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from catalogue.definition import ContractRule, UseCase
from modeling.core.record import ContractResult
from resources.contracts import conditions, expectations, probes
from resources.contracts.clauses import Clause, ClauseResult, as_text, nearest, rules, words
from resources.contracts.probes import Probed
from resources.errors import PermanentError

EXAMPLES, EXAMPLE_LENGTH = 5, 80
QUARANTINE_SHARE = "quarantine_share"
"""The name of the rule about the quarantine itself."""
MAX_QUARANTINE = 0.5
"""Largest share of the rows that may be set aside before the whole table is refused."""
QUARANTINE = pl.Schema({"row": pl.Int64, "rule": pl.String, "column": pl.String, "value": pl.String})


class ContractError(PermanentError):
    """A rule of the contract is itself wrong."""


class ContractViolation(PermanentError):
    """A table breaks rules that must hold before anything is made from it."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of a contract.

    Attributes
    ----------
    use_case: its key.
    results: one for each rule; a rule about many columns that is broken has one for each column that breaks it.
    accepted: the rows that pass every quarantine rule, in their order, with the schema of the raw table.
    quarantine: a line for each rule a row breaks: `row` (its number in the raw table, from 0), `rule`, `column`
        (null where several are compared; a probe, where that is judged), `value` as text.
    """

    use_case: str
    results: list[ContractResult]
    accepted: pl.DataFrame
    quarantine: pl.DataFrame

    @property
    def passed(self) -> bool:
        """No blocking rule is broken."""
        return not self._blocking()

    def raise_if_blocked(self) -> None:
        """Refuse the table.

        Raises
        ------
        ContractViolation: a blocking rule is broken; the message names each with column, counts, examples and rows.
        """
        if broken := self._blocking():
            raise ContractViolation(
                f"{self.use_case}: the table breaks its contract:\n"
                + "\n".join(_line(result) for result in broken)
                + "\nCorrect the delivery, or what use_case.yaml declares; rows are counted from 0."
            )

    def _blocking(self) -> list[ContractResult]:
        """The broken rules that block; all broken ones where too many rows are set aside, for they say why."""
        broken = [result for result in self.results if not result.passed]
        if any(result.expectation == QUARANTINE_SHARE for result in broken):
            return broken
        return [result for result in broken if result.on_failure == "block"]


def check_rules(use_case: UseCase) -> list[str]:
    """What is wrong with the rules written in the YAML, as far as can be seen without data; empty if nothing is."""
    errors = ((position, rule, _rule_error(rule)) for position, rule in enumerate(use_case.contract, start=1))
    return [f"contract, rule {position}, {rule.expectation}: {error}" for position, rule, error in errors if error]


def validate(frame: pl.DataFrame, use_case: UseCase) -> Verdict:
    """Judge the raw table by every rule of the contract. Broken rules are in the verdict, not raised.

    Raises
    ------
    ContractError: a rule of the YAML is itself wrong.
    """
    _refuse_wrong_rules(use_case)
    return _verdict(frame, use_case, rules(use_case, frame.schema))


def validate_unlabelled(frame: pl.DataFrame, use_case: UseCase) -> Verdict:
    """Judge rows without a target: by the rules about single rows and about the types of columns, as far as their
    columns are there. Rules about the table as a whole are about what is learned from; what is predicted may be one
    row. The identifiers must be there; that other columns are missing is for the model to say, which knows what it
    reads.

    Raises
    ------
    ContractError: a rule of the YAML is itself wrong.
    """
    _refuse_wrong_rules(use_case)
    applicable = [clause for clause in rules(use_case, frame.schema) if _holds_without_target(clause, use_case)]
    offered = probes.probed(frame, use_case, wanted=lambda name: False).offered.values()
    names = {*frame.columns, *(probe for probes_of_it in offered for probe in probes_of_it)}
    return _verdict(frame, use_case, [one for one in applicable if one.about_names or names.issuperset(one.columns)])


def _holds_without_target(clause: Clause, use_case: UseCase) -> bool:
    name = clause.rule.expectation
    if clause.about_names:
        return name == "expect_column_to_exist" and clause.columns[0] in use_case.columns.identifier
    if clause.reads(use_case.target):
        return False
    return name in conditions.OF_VALUES or (name not in conditions.CONDITIONS and expectations.about_rows(name))


def _refuse_wrong_rules(use_case: UseCase) -> None:
    if errors := check_rules(use_case):
        raise ContractError("\n".join(f"{use_case.key}: {error}" for error in errors))


def _verdict(frame: pl.DataFrame, use_case: UseCase, clauses: list[Clause]) -> Verdict:
    probed = probes.probed(frame, use_case, wanted=lambda name: any(clause.reads(name) for clause in clauses))
    findings = sorted(_judged(probed, clauses), key=lambda finding: clauses.index(finding.clause))
    aside = pl.concat([QUARANTINE.to_frame(), *_set_aside(probed.frame, findings)])
    quarantine = aside.sort("row", maintain_order=True)
    rows = quarantine["row"].unique()
    accepted = frame.filter(~pl.int_range(pl.len()).is_in(rows.implode())) if len(rows) else frame
    results = [*(_result(probed, finding) for finding in findings), _share(len(rows), frame.height)]
    return Verdict(use_case.key, results, accepted, quarantine)


def _rule_error(rule: ContractRule) -> str | None:
    if rule.expectation in conditions.CONDITIONS:
        return conditions.rule_error(rule)
    if rule.expectation in expectations.known():
        return expectations.rule_error(rule)
    names = [*conditions.CONDITIONS, *expectations.known()]
    return f"there is no such rule for tables{nearest(rule.expectation, names)}"


def _judged(probed: Probed, clauses: list[Clause]) -> Iterator[ClauseResult]:
    of_expectations = []
    for clause in clauses:
        absent = [] if clause.about_names else [name for name in clause.columns if name not in probed.frame.columns]
        if absent:
            yield ClauseResult(
                clause, absent, False, probed.raw.height, message=_unknown(absent[0], probed), judged=False
            )
        elif clause.rule.expectation in conditions.CONDITIONS:
            yield from conditions.judge(probed.frame, clause)
        else:
            of_expectations.append(clause)
    yield from expectations.judge(probed, of_expectations)


def _unknown(name: str, probed: Probed) -> str:
    probes_of_it = probed.offered.get(name.rpartition(".")[0], [])
    listed = f"; there are the probes {', '.join(probes_of_it)}" if probes_of_it else ""
    return f"the table has no column {name!r}{listed}{nearest(name, [*probed.raw.columns, *probes_of_it])}"


def _result(probed: Probed, finding: ClauseResult) -> ContractResult:
    clause = finding.clause
    first = dict.fromkeys(_examples(probed, finding))
    rows = f"rows {words(finding.rows)}" if finding.rows else ""
    advice = "" if finding.passed else clause.advice
    return ContractResult(
        expectation=clause.rule.expectation,
        column=finding.columns[0] if len(finding.columns) == 1 else None,
        rule=clause.text,
        on_failure=clause.rule.on_failure if finding.judged else "block",
        passed=finding.passed,
        checked=finding.checked,
        unexpected=len(finding.rows),
        examples=[_short(example) for example in list(first)[:EXAMPLES]],
        message=". ".join(part.rstrip(".") for part in (finding.message, rows, advice) if part),
        derived=clause.derived,
    )


def _examples(probed: Probed, finding: ClauseResult) -> list[str]:
    """Values that break the rule; measured ones with their row, for the source can't be searched for them."""
    found = _values(probed.frame, finding.columns, finding.rows[:100])
    values = ["null" if value is None else value for value in found]
    if set(finding.columns).isdisjoint(probed.measured):
        return values
    return [f"row {row}: {value}" for row, value in zip(finding.rows, values, strict=False)]


def _set_aside(frame: pl.DataFrame, findings: list[ClauseResult]) -> Iterator[pl.DataFrame]:
    for finding in findings:
        if finding.rows and finding.clause.rule.on_failure == "quarantine":
            column = finding.columns[0] if len(finding.columns) == 1 else None
            values = _values(frame, finding.columns, finding.rows)
            same = pl.lit(finding.clause.text).alias("rule"), pl.lit(column, pl.String).alias("column")
            rows = pl.DataFrame({"row": finding.rows, "value": values}, schema_overrides=QUARANTINE)
            yield rows.with_columns(*same).select(QUARANTINE.names())


def _values(frame: pl.DataFrame, columns: list[str], rows: list[int]) -> list[str | None]:
    """What stands there: a value as text, or `A=1, B=2` of several columns."""
    if not rows:
        return []
    found = frame.select(columns)[rows]
    if len(columns) == 1:
        return [None if value is None else as_text(value) for (value,) in found.iter_rows()]
    return [", ".join(f"{name}={as_text(value)}" for name, value in row.items()) for row in found.iter_rows(named=True)]


def _short(text: str) -> str:
    return text if len(text) <= EXAMPLE_LENGTH else f"{text[: EXAMPLE_LENGTH - 1]}…"


def _share(quarantined: int, rows: int) -> ContractResult:
    """The rule about the quarantine itself."""
    passed = quarantined <= MAX_QUARANTINE * rows
    return ContractResult(
        expectation=QUARANTINE_SHARE,
        column=None,
        rule=f"{QUARANTINE_SHARE}(max_value={MAX_QUARANTINE})",
        on_failure="block",
        passed=passed,
        checked=rows,
        unexpected=quarantined,
        message="" if passed else "So many bad rows are a bad delivery, or a wrong rule",
        derived=True,
    )


def _line(result: ContractResult) -> str:
    counts = f"{result.unexpected:,} of {result.checked:,} break it" if result.unexpected else ""
    examples = f"for example {', '.join(result.examples)}" if result.examples else ""
    found = "; ".join(part for part in (counts, examples, result.message) if part)
    return f"- {result.column or 'table'}: {result.rule}: {found}"
