"""The dropped files that raw data is made of, as its materialisation records them.

Belongs here: writing them down, and what later steps read of it: which file a row came in, which files were taken
before, which columns are new. Does not belong here: deciding which are taken (`resources.sources.appending`), or
judging their rows (`resources.contracts`).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import polars as pl
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetMaterialization,
    TableMetadataValue,
    TableSchema,
)

from assets import metadata
from assets.partitions import Partitions
from catalogue import feature_code
from catalogue.definition import UseCase
from resources import contracts, sources
from resources.sources import Former, Taken, TakenFiles

FILES, SET_ASIDE = "files", "files set aside"
"""Metadata keys: the files that are in the table, and those that are not, with the reason."""
FILES_TAKEN = "files_taken"
"""The check of `raw_data` that says so."""
MOST_FILES = 10_000
"""Of more, those that are in the table are not written down: every run would write the whole list."""
EXAMPLES = 5


def spec(partitions: Partitions) -> AssetCheckSpec:
    """The check that every file is in the table."""
    return partitions.check(
        FILES_TAKEN, "raw_data", "every file of the landing folder could be read, and fits the others"
    )


def check(files: TakenFiles) -> AssetCheckResult:
    """Names the files that were set aside."""
    return _check([f"{one.reason}; it is set aside, and the other files are taken" for one in files.set_aside])


def unread(last: AssetMaterialization | None) -> AssetCheckResult:
    """The same where nothing was read now: as it was when `last` was made."""
    return _check(set_aside(last))


def _check(reasons: list[str]) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=FILES_TAKEN,
        asset_key="raw_data",
        passed=not reasons,
        severity=AssetCheckSeverity.WARN,
        description="\n".join(reasons) or "none is set aside",
    )


def recorded(files: TakenFiles) -> dict[str, Any]:
    """The metadata of raw data that is made of `files`; none where there are none."""
    few = files.taken if len(files.taken) <= MOST_FILES else ()
    taken = {FILES: {"taken": [list(one) for one in few], "added": dict(files.added)}} if few else {}
    aside = [{"file": one.name, "reason": one.reason} for one in files.set_aside]
    return {**taken, **({SET_ASIDE: metadata.records(aside)} if aside else {})}


def set_aside(made: AssetMaterialization | None) -> list[str]:
    """Why each file is not in the table that was made."""
    value = made.metadata.get(SET_ASIDE) if made else None
    return [str(row.data["reason"]) for row in value.records] if isinstance(value, TableMetadataValue) else []


def former(made: AssetMaterialization | None, use_case: UseCase) -> Former:
    """What is known of the files that were taken last."""
    taken = {one.name: one.sha256 for one in _taken(made)}
    return Former(taken, frozenset(use_case.columns.drop))


def within(made: AssetMaterialization | None, use_case: UseCase, rows: int) -> list[contracts.Delivery]:
    """The files of which a raw table of so many `rows` consists; none where that is not known, as of rows that
    `assemble` made."""
    files, taken = use_case.source.files, _taken(made)
    if files is None or feature_code.load(use_case.folder).assemble or sum(one.rows for one in taken) != rows:
        return []
    return [contracts.Delivery(one.name, one.rows, partial(_places, use_case, one)) for one in taken]


def unnamed(
    frame: pl.DataFrame, made: AssetMaterialization | None, published: AssetMaterialization | None, use_case: UseCase
) -> list[str]:
    """The columns that came with a delivery and that `use_case.yaml` does not name: those that not all files have, or
    that the published rows have not. What `assemble` makes is as its author wants it, and where a column that has a
    role is missing, one of them may be that, misspelled."""
    source = use_case.source
    if not (source.files or source.sql) or feature_code.load(use_case.folder).assemble:
        return []
    if not contracts.declared_columns(use_case).keys() <= set(frame.columns):
        return []
    before = columns(published)
    new = {*_files(made).get("added", {}), *(name for name in frame.columns if before and name not in before)}
    known = contracts.named(use_case)
    return [name for name in frame.columns if name in new and name not in known]


def columns(made: AssetMaterialization | None) -> list[str]:
    """The columns of a table that was made; none where none was."""
    schema = made.metadata.get("dagster/column_schema") if made else None
    return [column.name for column in schema.value.columns] if schema and isinstance(schema.value, TableSchema) else []


def _places(use_case: UseCase, file: Taken, rows: Sequence[int]) -> str:
    """Where rows, counted from 0, stand in a file."""
    lines = sources.lines(use_case, file, rows[:EXAMPLES])
    numbers = lines or [row + 1 for row in rows[:EXAMPLES]]
    more = f" and {len(rows) - len(numbers):,} more" if len(rows) > len(numbers) else ""
    what = "line" if lines else "row"
    return f"{what}{'s' if len(rows) > 1 else ''} {', '.join(map(str, numbers))}{more}"


def _taken(made: AssetMaterialization | None) -> list[Taken]:
    return [Taken(*one) for one in _files(made).get("taken", [])]


def _files(made: AssetMaterialization | None) -> dict[str, Any]:
    value = made.metadata.get(FILES) if made else None
    return dict(value.value) if value and isinstance(value.value, dict) else {}
