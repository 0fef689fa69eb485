"""What assets attach to their materialisations for people in the Dagster UI.

Belongs here: turning tables, plots and records into Dagster metadata. Raw rows are never shown.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from dagster import (
    AssetKey,
    AssetMaterialization,
    MetadataValue,
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableMetadataValue,
    TableRecord,
    TableSchema,
    TableSchemaMetadataValue,
)

from modeling.core.record import with_texts
from resources.secrets import without_secrets
from resources.store.state import CURRENT, UNPARTITIONED

REMARKS = "remarks"
"""Metadata key: what a step left out or changed, a sentence each; the terminal and the report say it too."""
ROWS = "dagster/partition_row_count"
COLUMNS = "dagster/column_schema"
REPORTS = "/reports"
"""Where the UI's own server serves reports (`pipelines.web.reports`); addresses in metadata begin with it, so they hold
on whichever host and port the UI is reached."""
REPORT_FILE = "report.html"
UP = "../../.."
"""From the folder of an unpartitioned asset's or an industry's report to that of all."""
UP_FROM_USE_CASE = f"{UP}/.."
"""The same from that of a use case's report, whose partition is two folders."""


def table(frame: pl.DataFrame) -> dict[str, Any]:
    """Row count and column schema of a partition."""
    columns = [
        TableColumn(name, str(dtype), description=f"{frame[name].null_count():,} of {frame.height:,} empty")
        for name, dtype in frame.schema.items()
    ]
    return {
        ROWS: frame.height,
        COLUMNS: TableSchema(columns),
    }


def lineage(asset: str, origins: Mapping[str, str]) -> dict[str, Any]:
    """Which column of `asset` each column was made of, where that is one."""
    deps = {name: [TableColumnDep(AssetKey(asset), column)] for name, column in origins.items()}
    return {"dagster/column_lineage": TableColumnLineage(deps)}


def link(asset: str, partition: str | None = None, up: str = UP) -> str:
    """The path of a report, from the folder of one that is not of a use case; from that of one that is, with
    `up=UP_FROM_USE_CASE`."""
    return f"{up}/{asset}/{partition or UNPARTITIONED}/{CURRENT}/{REPORT_FILE}"


def url(asset: str, partition: str | None = None) -> MetadataValue:
    """The address of a report."""
    return MetadataValue.url(link(asset, partition).replace(UP, REPORTS, 1))


def with_urls(markdown: str) -> str:
    """A report's Markdown, whose links lead somewhere in the UI too."""
    return markdown.replace(f"]({UP}/", f"]({REPORTS}/")


def picture(png: bytes) -> MetadataValue:
    """A plot, shown inside the UI."""
    return MetadataValue.md(f"![plot](data:image/png;base64,{base64.b64encode(png).decode()})")


def records(rows: Sequence[Mapping[str, Any]]) -> MetadataValue:
    """A small table; `rows` share their keys. Whatever a library said is in it without secrets of the environment."""
    if not rows:
        return MetadataValue.text("none")
    shown = with_texts([{key: _cell(value) for key, value in row.items()} for row in rows], without_secrets)
    cells = [TableRecord(row) for row in shown]
    return MetadataValue.table(cells, TableSchema([TableColumn(name) for name in rows[0]]))


def sentences(said: Sequence[str]) -> MetadataValue:
    """A list of sentences."""
    return records([{"remark": sentence} for sentence in said])


def sentences_of(made: AssetMaterialization | None, key: str) -> list[str]:
    """The list that a materialisation has under `key`; empty where it has none."""
    value = made.metadata.get(key) if made else None
    return [str(row.data["remark"]) for row in value.records] if isinstance(value, TableMetadataValue) else []


def columns_of(made: AssetMaterialization | None) -> list[str]:
    """The columns of a partition as its materialisation recorded them; empty where it did not."""
    value = made.metadata.get(COLUMNS) if made else None
    return [column.name for column in value.schema.columns] if isinstance(value, TableSchemaMetadataValue) else []


def rounded(value: float) -> float:
    """To four significant digits: the UI shows every digit that there is."""
    return float(f"{value:.4g}")


def _cell(value: Any) -> str | int | float | bool | None:
    if isinstance(value, float):
        return rounded(value)
    return value if isinstance(value, str | int | bool) or value is None else str(value)
