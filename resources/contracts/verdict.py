"""What follows from judging a table: results, accepted rows, quarantine, or a refusal.

Belongs here: running a contract's clauses and putting their findings together. Does not belong here: the clauses
(`clauses`), judging one (`expectations`, `conditions`), or writing anything down (`assets`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from catalogue.definition import ContractRule, UseCase
from modeling.core.record import ContractResult
from resources.contracts import conditions, expectations, probes
from resources.contracts.clauses import Clause, ClauseResult, as_text, nearest, reads, rules
from resources.contracts.deliveries import MAX_QUARANTINE, Delivery, bad, places
from resources.contracts.probes import Probed
from resources.errors import PermanentError

EXAMPLES, EXAMPLE_LENGTH = 5, 80
QUARANTINE_SHARE = "quarantine_share"
"""The name of the rule about the quarantine itself."""
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
    by_number: rows are named by their numbers, not by the files in which people find them.
    """

    use_case: str
    results: list[ContractResult]
    accepted: pl.DataFrame
    quarantine: pl.DataFrame
    by_number: bool = True

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
            counted = "; rows are counted from 0" if self.by_number else ""
            raise ContractViolation(
                f"{self.use_case}: the table breaks its contract:\n"
                + "\n".join(_line(result) for result in broken)
                + f"\nCorrect the delivery, or what use_case.yaml declares{counted}."
            )

    def _blocking(self) -> list[ContractResult]:
        """The broken rules that block; all broken ones where too many rows are set aside, for they say why."""
        broken = [result for result in self.results if not result.passed]
        if any(result.expectation == QUARANTINE_SHARE for result in broken):
            return broken
        return [result for result in broken if result.on_failure == "block"]


def check_rules(use_case: UseCase) -> list[str]:
    """What is wrong with the rules written in the YAML, as far as can be seen without data; empty if nothing is."""
    errors = ((position, rule, rule_error(rule)) for position, rule in enumerate(use_case.contract, start=1))
    return [f"contract, rule {position}, {rule.expectation}: {error}" for position, rule, error in errors if error]


def validate(frame: pl.DataFrame, use_case: UseCase, deliveries: Sequence[Delivery] = ()) -> Verdict:
    """Judge the raw table by every rule of the contract. Broken rules are in the verdict, not raised.

    deliveries: of which the table consists, in the order of its rows; none where that is not known. The share that is
    set aside is judged of each, for a bad one may be a small part of the table.

    Raises
    ------
    ContractError: a rule of the YAML is itself wrong.
    """
    _refuse_wrong_rules(use_case)
    return _verdict(frame, use_case, rules(use_case, frame.schema), deliveries)


def _refuse_wrong_rules(use_case: UseCase) -> None:
    if errors := check_rules(use_case):
        raise ContractError("\n".join(f"{use_case.key}: {error}" for error in errors))


def _verdict(
    frame: pl.DataFrame, use_case: UseCase, clauses: list[Clause], deliveries: Sequence[Delivery] = ()
) -> Verdict:
    probed = probes.probed(frame, use_case, wanted=reads(clauses))
    order = {id(clause): place for place, clause in enumerate(clauses)}
    findings = sorted(_findings(probed, clauses), key=lambda finding: order[id(finding.clause)])
    aside = pl.concat([QUARANTINE.to_frame(), *set_aside(probed, findings)])
    quarantine = aside.sort("row", maintain_order=True)
    rows = quarantine["row"].unique()
    accepted = frame.filter(~pl.int_range(pl.len()).is_in(rows.implode())) if len(rows) else frame
    share = _share(rows.to_list(), frame.height, deliveries)
    results = [*(_result(probed, finding, deliveries) for finding in findings), share]
    return Verdict(use_case.key, results, accepted, quarantine, by_number=not deliveries)


def _findings(probed: Probed, clauses: list[Clause]) -> list[ClauseResult]:
    """What each rule finds. Rules that block see only the rows that no other sets aside: those are what is learned
    from. Where none is left they see all, to say what is wrong."""
    findings = list(_judged(probed, clauses))
    aside = {row for finding in findings if _quarantines(finding) for row in finding.rows}
    if not 0 < len(aside) < probed.raw.height:
        return findings
    kept = np.setdiff1d(np.arange(probed.raw.height), np.fromiter(aside, dtype=np.int64))
    left = replace(probed, raw=probed.raw[kept], frame=probed.frame[kept])
    blocking = [clause for clause in clauses if clause.rule.on_failure == "block"]
    again = [replace(finding, rows=kept[finding.rows].tolist()) for finding in _judged(left, blocking)]
    return [*(finding for finding in findings if finding.clause.rule.on_failure != "block"), *again]


def _quarantines(finding: ClauseResult) -> bool:
    return finding.clause.rule.on_failure == "quarantine"


def rule_error(rule: ContractRule) -> str | None:
    """What is wrong with a rule of the YAML, as far as can be seen without data."""
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


def _result(probed: Probed, finding: ClauseResult, deliveries: Sequence[Delivery]) -> ContractResult:
    clause = finding.clause
    first = dict.fromkeys(_examples(probed, finding))
    rows = places(finding.rows, deliveries) if finding.rows else ""
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
    """Values that break the rule; measured ones with their row and name, for the source can't be searched for them."""
    found = _named_values(probed, finding.columns, finding.rows[:100])
    values = ["null" if value is None else value for value in found]
    if set(finding.columns).isdisjoint(probed.measured):
        return values
    return [f"row {row}: {value}" for row, value in zip(finding.rows, values, strict=False)]


def _named_values(probed: Probed, columns: list[str], rows: list[int]) -> list[str | None]:
    """As `_values`; what was measured says of which row, such as the file of an image."""
    values = _values(probed.frame, columns, rows)
    if not probed.identifier or set(columns).isdisjoint(probed.measured):
        return values
    names = _values(probed.raw, probed.identifier, rows)
    return [f"{value} ({name})" for value, name in zip(values, names, strict=True)]


def set_aside(probed: Probed, findings: Iterable[ClauseResult], *, every: bool = False) -> Iterator[pl.DataFrame]:
    """Of each broken rule that sets rows aside, as `QUARANTINE` says; `every`: of those that would block, too."""
    for finding in findings:
        if finding.rows and (every or _quarantines(finding)):
            column = finding.columns[0] if len(finding.columns) == 1 else None
            values = _named_values(probed, finding.columns, finding.rows)
            same = pl.lit(finding.clause.text).alias("rule"), pl.lit(column, pl.String).alias("column")
            rows = pl.DataFrame({"row": finding.rows, "value": values}, schema_overrides=QUARANTINE)
            yield rows.with_columns(*same).select(QUARANTINE.names())


def _values(frame: pl.DataFrame, columns: list[str], rows: list[int]) -> list[str | None]:
    """What stands there: a value as text, or `A=1, B=2` of several columns."""
    if not rows:
        return []
    found = frame[columns][rows]
    if len(columns) == 1:
        return [None if value is None else as_text(value) for (value,) in found.iter_rows()]
    return [", ".join(f"{name}={as_text(value)}" for name, value in row.items()) for row in found.iter_rows(named=True)]


def _short(text: str) -> str:
    return text if len(text) <= EXAMPLE_LENGTH else f"{text[: EXAMPLE_LENGTH - 1]}…"


def _share(aside: list[int], rows: int, deliveries: Sequence[Delivery]) -> ContractResult:
    """The rule about the quarantine itself, of the table and of each delivery in it."""
    found = bad(aside, deliveries)
    passed = len(aside) <= MAX_QUARANTINE * rows and found is None
    of_it = f"{found[1]:,} of the {found[0].rows:,} rows of {found[0].name} are set aside. " if found else ""
    return ContractResult(
        expectation=QUARANTINE_SHARE,
        column=None,
        rule=f"{QUARANTINE_SHARE}(max_value={MAX_QUARANTINE})",
        on_failure="block",
        passed=passed,
        checked=rows,
        unexpected=len(aside),
        message="" if passed else f"{of_it}So many bad rows are a bad delivery, or a wrong rule",
        derived=True,
    )


def _line(result: ContractResult) -> str:
    counts = f"{result.unexpected:,} of {result.checked:,} break it" if result.unexpected else ""
    examples = f"for example {', '.join(result.examples)}" if result.examples else ""
    found = "; ".join(part for part in (counts, examples, result.message) if part)
    return f"- {result.column or 'table'}: {result.rule}: {found}"
