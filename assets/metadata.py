"""What assets attach to their materialisations for people in the Dagster UI.

Belongs here: turning tables, plots and records into Dagster metadata. Raw rows are never shown.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from dagster import MetadataValue, TableColumn, TableRecord, TableSchema


def table(frame: pl.DataFrame) -> dict[str, Any]:
    """Row count and column schema."""
    columns = [
        TableColumn(name, str(dtype), description=f"{frame[name].null_count():,} of {frame.height:,} empty")
        for name, dtype in frame.schema.items()
    ]
    return {
        "dagster/row_count": frame.height,
        "dagster/column_schema": TableSchema(columns),
    }


def picture(png: bytes) -> MetadataValue:
    """A plot, shown inside the UI."""
    return MetadataValue.md(f"![plot](data:image/png;base64,{base64.b64encode(png).decode()})")


def records(rows: Sequence[Mapping[str, Any]]) -> MetadataValue:
    """A small table; `rows` share their keys."""
    if not rows:
        return MetadataValue.text("none")
    cells = [TableRecord({key: _cell(value) for key, value in row.items()}) for row in rows]
    return MetadataValue.table(cells, TableSchema([TableColumn(name) for name in rows[0]]))


def _cell(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
