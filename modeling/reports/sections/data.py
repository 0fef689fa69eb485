"""Sections on the rows: where they come from, what they promise, how they were split.

Belongs here: data, contract, split and leakage audit. Does not belong here: anything a model did with the rows.
"""

from collections.abc import Mapping
from itertools import groupby

from catalogue.definition import ColumnDescription
from modeling.core.record import ContractResult, Evaluation, LeakageFinding
from modeling.reports.document import Block, Bullets, Cell, Columns, FactList, Paragraph, Section, Status, TableBlock
from modeling.reports.judgements import evidence_badge, passed
from modeling.reports.wording import NOT_MEASURED, count, listing, number, share

MOST_LEFT_OUT = 50
"""Columns that are listed; `evaluation.json` and the UI have all."""


def data(evaluation: Evaluation, dictionary: Mapping[str, ColumnDescription]) -> Section:
    """Source, licence and version of the data, its features and its target."""
    rows = evaluation.rows
    facts = FactList(
        {
            "Evidence": evidence_badge(evaluation),
            "Raw rows": count(rows.raw),
            "Quarantined rows": f"{count(rows.quarantined)} ({share(rows.quarantined, rows.raw)})",
            "Features": count(len(evaluation.features)),
            "Licence": evaluation.licence,
            "Source": evaluation.citation,
            "Data version": evaluation.data_version,
        }
    )
    return Section(
        id="data",
        title="The data",
        reading="What the models learned from, who may use it, and what is to be predicted.",
        term="The data version is the digest of the raw snapshot's content: the same digest means the same bytes.",
        blocks=[
            facts,
            _target(evaluation),
            Paragraph(f"Features: {_features(evaluation)}."),
            *_described(dictionary),
            *_remarks(evaluation),
        ],
    )


def _described(dictionary: Mapping[str, ColumnDescription]) -> list[Block]:
    """The data dictionary; nothing where a use case has none."""
    rows: list[list[Cell]] = [[name, one.means, one.unit or "–"] for name, one in dictionary.items()]
    columns: Columns = {"Column": "text", "Means": "text", "Unit": "text"}
    return [TableBlock("What the columns mean", columns, rows)] if rows else []


def _remarks(evaluation: Evaluation) -> list[Block]:
    """Columns that are not used, and what reading the files left out or changed."""
    blocks: list[Block] = []
    if evaluation.left_out:
        rows: list[list[Cell]] = [[name, why] for name, why in evaluation.left_out.items()]
        title = f"Columns left out: {count(len(rows))}"
        title += f", of which the first {MOST_LEFT_OUT}" if len(rows) > MOST_LEFT_OUT else ""
        blocks.append(TableBlock(title, {"Column": "text", "Why": "text"}, rows[:MOST_LEFT_OUT]))
    if evaluation.remarks:
        blocks += [Paragraph("To know of the data as they were read:"), Bullets(evaluation.remarks)]
    return blocks


def _features(evaluation: Evaluation) -> str:
    """In words where they are made of the columns read, else those columns."""
    columns = ", ".join(evaluation.features)
    if evaluation.described is None or not evaluation.described.features:
        return columns or NOT_MEASURED
    return f"{evaluation.described.features} (columns read: {columns or 'none'})"


def _target(evaluation: Evaluation) -> TableBlock:
    title = f"Target: {evaluation.described.target if evaluation.described else evaluation.target}"
    if not evaluation.classes:
        rows = [[name, number(value)] for name, value in evaluation.target_summary.items()]
        return TableBlock(title, {"Over all rows": "text", "Value": "number"}, rows)
    names = evaluation.class_names
    rows = [
        [f"{names[value]} ({value})" if value in names else value, share(part, 1)]
        for value, part in evaluation.target_summary.items()
    ]
    return TableBlock(title, {"Class": "text", "Share of all rows": "number"}, rows)


def contract(evaluation: Evaluation) -> Section:
    """What every rule of the contract found, broken ones first."""
    results = sorted(evaluation.contract, key=_urgency)
    columns: Columns = {
        "Rule": "text",
        "Column": "text",
        "If broken": "text",
        "Checked": "number",
        "Broken": "number",
        "Result": "text",
        "Examples": "text",
    }
    rows = [_contract_row(list(same)) for _, same in groupby(results, key=_alike)]
    messages = [f"{result.rule}: {result.message}" for result in results if result.message]
    return Section(
        id="contract",
        title="The contract the data must meet",
        reading="Promises checked before anything was trained. A broken one either stops the delivery (block) or sets "
        "the rows that break it aside (quarantine).",
        term="Great Expectations suite. Derived rules come from the declared columns; those that passed alike share a "
        "row.",
        blocks=[
            TableBlock("Rules: broken ones first, then those written for this use case", columns, rows)
            if rows
            else Paragraph(f"Rules: {NOT_MEASURED}."),
            *([Bullets(messages)] if messages else []),
        ],
    )


def _urgency(result: ContractResult) -> tuple[bool, bool, bool, str, str, int]:
    return (result.passed, not result.unexpected, result.derived, *_kind(result))


def _kind(result: ContractResult) -> tuple[str, str, int]:
    return result.rule, result.on_failure, result.checked


def _alike(result: ContractResult) -> object:
    """Equal for derived rules that found nothing and differ in the column only."""
    quiet = result.derived and result.passed and not result.unexpected
    return _kind(result) if quiet else id(result)


def _contract_row(alike: list[ContractResult]) -> list[Cell]:
    first = alike[0]
    names = [result.column for result in alike if result.column is not None]
    return [
        first.rule + (" (derived)" if first.derived else ""),
        (f"{len(names)} columns: " if len(names) > 1 else "") + ", ".join(names),
        first.on_failure,
        count(first.checked),
        count(first.unexpected),
        _contract_status(first),
        listing(first.examples),
    ]


def _contract_status(result: ContractResult) -> Status:
    if not result.passed and result.on_failure == "quarantine":
        return Status("✗ quarantined", "caution")
    return passed(result.passed)


def split(evaluation: Evaluation) -> Section:
    """How many rows each role has, and how they were chosen."""
    rows = evaluation.rows
    used = rows.train + rows.tune + rows.valid + rows.test
    tuned = {"tuning: hyperparameters, and when to stop": rows.tune} if rows.tune else {}
    choice = "the choice of the champion, its threshold and calibration"
    roles = {
        "training: the models learn from these": rows.train,
        **tuned,
        f"validation: {choice if tuned else 'tuning, and the choice of the champion'}": rows.valid,
        "sealed test: the judgement": rows.test,
    }
    table = TableBlock(
        "Rows by role",
        {"Role": "text", "Rows": "number", "Share": "number"},
        [[role, count(rows), share(rows, used)] for role, rows in roles.items()],
    )
    settings: dict[str, Cell] = {
        f"Split {name.replace('_', ' ')}": str(value) for name, value in evaluation.split.items() if value is not None
    }
    if evaluation.groups is not None:
        settings["Groups in the test"] = count(evaluation.groups)
    return Section(
        id="split",
        title="Split and leakage audit",
        reading="No model saw the test rows before it was judged on them. The audit looks for ways in which the answer "
        "could have slipped into the training rows all the same.",
        term="Where rows belong together (a patient, a unit, a day) the bootstrap draws whole groups.",
        blocks=[FactList(settings), table, *_audit(evaluation.leakage)],
    )


def _audit(findings: list[LeakageFinding]) -> list[Block]:
    if not findings:
        return [Paragraph(f"Leakage audit: {NOT_MEASURED}.")]
    columns: Columns = {"Leakage audit": "text", "Result": "text", "Finding": "text", "Examples": "text"}
    rows = [
        [finding.name.replace("_", " "), _finding_status(finding), finding.message, listing(finding.examples)]
        for finding in sorted(findings, key=lambda finding: finding.passed)
    ]
    return [TableBlock("What the leakage audit found", columns, rows)]


def _finding_status(finding: LeakageFinding) -> Status:
    if not finding.passed and finding.severity == "warning":
        return Status("! warning", "caution")
    return passed(finding.passed)
