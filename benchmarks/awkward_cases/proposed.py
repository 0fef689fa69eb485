"""What `sectorforge new` makes of a file, held against what a person says of it.

Belongs here: what can be expected, and comparing. Does not belong here: the expectations (`expected_of_new`), or what
runs (`runs`).
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.onboarding import Onboarded, OnboardingError, onboard
from pipelines.vocabulary import read_catalogue
from resources.sources.reading import read_table

KEY = "cases/case"


@dataclass(frozen=True)
class Verdict:
    """What came out of a file, and what of it is not as a person says; nothing where all is right."""

    case: str
    file: str
    outcome: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class New:
    """What a person says of a file.

    Attributes
    ----------
    cells: column -> row, from 0 -> value. left_out: columns that are no features. says: what remarks and doubts must
    contain. silent_on: what they must not. refused: what the refusal must contain; no refusal is right where empty.
    """

    target: str
    rows: int = 400
    task: str = ""
    identifier: str = ""
    time: str = ""
    positive: Any = None
    cells: Mapping[str, Mapping[int, Any]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    silent_on: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def judged(case: str, file: Path, expected: New) -> Verdict:
    """`new` is run on the file, in a catalogue of its own."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = onboard(KEY, file, expected.target, read_catalogue(Path(folder)), title="A case")
        except OnboardingError as error:
            return _refused(case, file.name, expected, str(error).replace(f"{file}: ", ""))
        wrong = _wrong(made, _table(made, file), expected)
    use_case = made.use_case
    outcome = f"{made.rows:,} rows, {use_case.task}, split by {use_case.split.by}"
    return Verdict(case, file.name, outcome, tuple(wrong))


def lacking(words: tuple[str, ...], said: str) -> list[str]:
    """What is not said."""
    return [f"not said: {word}" for word in words if word not in said]


def _refused(case: str, file: str, expected: New, said: str) -> Verdict:
    wrong = lacking(expected.refused, said) if expected.refused else ["should not be refused"]
    return Verdict(case, file, f"refused: {said}", tuple(wrong))


def _table(made: Onboarded, file: Path) -> pl.DataFrame:
    files = made.use_case.source.files
    assert files, "`new` writes no other source"
    return read_table(file.read_bytes(), file.name, files, file.name, pinned=False).table


def _wrong(made: Onboarded, table: pl.DataFrame, expected: New) -> Iterator[str]:
    use_case, columns = made.use_case, made.use_case.columns
    said = "\n".join([*made.remarks, *made.doubts])
    if expected.refused:
        yield "should be refused"
    facts = {
        "rows": (made.rows, expected.rows),
        "task": (use_case.task, expected.task or use_case.task),
        "identifier": (columns.identifier, [expected.identifier] if expected.identifier else columns.identifier),
        "time": (columns.time, expected.time or columns.time),
        "event": (use_case.positive, expected.positive or use_case.positive),
    }
    yield from (f"{name}: {found!r}, not {right!r}" for name, (found, right) in facts.items() if found != right)
    for name, cells in expected.cells.items():
        yield from (
            _differs(table, name, row, value) for row, value in cells.items() if _cell(table, name, row) != value
        )
    yield from (f"{name!r} is not left out" for name in expected.left_out if name not in columns.drop)
    yield from lacking(expected.says, said)
    yield from (f"said: {word}" for word in expected.silent_on if word in said)


def _cell(table: pl.DataFrame, name: str, row: int) -> Any:
    return table[name][row] if name in table.columns else KeyError


def _differs(table: pl.DataFrame, name: str, row: int, value: Any) -> str:
    found = _cell(table, name, row)
    if found is KeyError:
        return f"no column {name!r}"
    return f"{name!r} in row {row} is {found!r}, not {value!r}"
