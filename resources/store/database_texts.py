"""Texts in databases of ours that are changed after they were written.

Belongs here: going through every text of a database, and leaving no trace of the former ones in an SQLite file. Does
not belong here: what is changed (`identifiers`), or in which databases (`pipelines.forget`).
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

AT_ONCE = 1000
"""Rows in memory at one time."""


def change_texts(connection: sa.Connection, change: Callable[[str, sa.RowMapping], str]) -> int:
    """Replace every text outside primary keys by what `change` makes of it and of the row's short columns; returns how
    many rows differ. Tables without a primary key stay as they are: Dagster and MLflow keep no texts in such."""
    schema = sa.MetaData()
    schema.reflect(connection)
    return sum(_change_table(connection, table, change) for table in schema.sorted_tables if table.primary_key.columns)


def _change_table(connection: sa.Connection, table: sa.Table, change: Callable[[str, sa.RowMapping], str]) -> int:
    key = sa.tuple_(*table.primary_key.columns)
    texts = [column.name for column in table.columns if isinstance(column.type, sa.String) and not column.primary_key]
    keys = [tuple(row) for row in connection.execute(sa.select(*table.primary_key.columns))]
    count = 0
    for first in range(0, len(keys) if texts else 0, AT_ONCE):
        chosen = keys[first : first + AT_ONCE]
        for row in connection.execute(sa.select(table).where(key.in_(chosen))).mappings().all():
            former = {name: row[name] for name in texts if isinstance(row[name], str)}
            differing = {name: new for name, text in former.items() if (new := change(text, row)) != text}
            if differing:
                this = [column == row[column.name] for column in table.primary_key.columns]
                connection.execute(table.update().where(*this).values(**differing))
                count += 1
    return count


def vacuum(database: Path) -> bool:
    """Write an SQLite database anew without its empty pages, in which former rows still stand; False where somebody
    else is using it."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        try:
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not busy
