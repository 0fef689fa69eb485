"""Databases: the rows of a table or of a query.

Belongs here: what is selected through SQLAlchemy, and fetching only what is new. Does not belong here: the connection
and its errors (`database_connection`), the types of columns (`database_types`), what a use case may name
(`catalogue.definition`), or where the rows fetched before lie (`assets.raw_data`).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import polars.selectors as cs

from catalogue.definition import Sql
from resources.sources.database_connection import address, connected, described
from resources.sources.database_types import declared, table_of, with_largest
from resources.sources.errors import SourceError
from resources.sources.stacking import fitted

if TYPE_CHECKING:
    from sqlalchemy import Connection, FromClause, Select

LOOK_SECONDS, READ_SECONDS = 20.0, 3600.0
"""How long looking whether rows changed, and reading them, may take."""
BATCH_ROWS = 50_000
"""How many rows are Python's objects at one time, which take many times the room of a table's."""


def place(sql: Sql) -> str:
    """Which database the environment variable leads to: kind, host, port and name, no user and nothing secret.

    Raises DatabaseAway: the variable is not set. Raises SourceError: it holds no address.
    """
    url = address(sql.url)
    return f"{url.get_backend_name()}://{url.host or ''}:{url.port or ''}/{url.database or ''}"


def fingerprint(sql: Sql) -> str:
    """What changes when rows do. Where a column shows changes, as `look`; else a digest of all rows, in whatever order
    they come, which reads but does not keep them.

    Raises DatabaseAway, SourceError: as `read`.
    """
    if sql.change_column:
        return look(sql, ())
    with connected(sql, READ_SECONDS) as connection:
        rows = _rows(sql)
        result = connection.execute(_all(rows), execution_options={"yield_per": BATCH_ROWS})
        total = sum(_number(tuple(row)) for batch in result.partitions() for row in batch)
        return f"{list(result.keys())} {total:x}"


def look(sql: Sql, identifier: Sequence[str], *, patient: bool = False) -> str:
    """What shows changes without the rows: how many there are, and of the column that shows changes, or else of each
    column of the `identifier`, how many values and the largest. A row that changed in place is seen by the former only.
    Of an identifier that is not in the database, as one that `assemble` makes, nothing is measured.

    patient: whether it may take as long as reading.

    Raises DatabaseAway, SourceError: as `read`; it takes longer than `LOOK_SECONDS`.
    """
    import sqlalchemy as sa

    with connected(sql, READ_SECONDS if patient else LOOK_SECONDS) as connection:
        measured = {sql.change_column: True} if sql.change_column else _measured(connection, sql, identifier)
        rows = _rows(sql, list(measured))
        measures = [
            of(rows.c[name])
            for name, has_largest in measured.items()
            for of in ((sa.func.count, sa.func.max) if has_largest else (sa.func.count,))
        ]
        return repr(tuple(connection.execute(sa.select(sa.func.count(), *measures).select_from(rows)).one()))


def _measured(connection: "Connection", sql: Sql, identifier: Sequence[str]) -> dict[str, bool]:
    """The columns of the `identifier` that are in the database, and whether it knows the largest value of each."""
    import sqlalchemy as sa

    result = connection.execute(_all(_rows(sql)).where(sa.false()))
    assert result.cursor, "a SELECT has a cursor until its last row"
    there = with_largest(result.cursor.description)
    return {name: there[name] for name in identifier if name in there}


def read(
    sql: Sql, identifier: Sequence[str], held: pl.DataFrame | None, progress: Callable[[str], None]
) -> pl.DataFrame:
    """The rows as one table, in the order of the `identifier`'s columns and then of all others: what a database
    delivers has none.

    Integers, decimals, moments with and without a zone (in UTC), text, bytes and booleans keep their types; a UUID
    becomes text. Of an incremental source, only what is not `held` is fetched; the result is that of fetching all, but
    for rows that were deleted in the database, or changed without their column growing.

    Raises DatabaseAway: the variable is not set, the driver is not installed, the database does not answer or breaks
    off. Raises SourceError: it refuses the statement, delivers no row, or a column that fits no table.
    """
    with connected(sql, READ_SECONDS) as connection:
        table = None if held is None else _continued(connection, sql, identifier, held, progress)
        if table is None:
            table = _fetched(connection, _all(_rows(sql)), sql.url)
            progress(f"{sql.url}: {table.height:,} rows fetched")
    if table.is_empty():
        raise SourceError(f"{sql.url}: {described(sql)} delivers no row")
    if sql.incremental:
        _check_incremental(sql, sql.incremental.column, identifier, table.schema)
    return table.sort([cs.by_name(name) for name in sorted(table.columns, key=lambda name: name not in identifier)])


def _continued(
    connection: "Connection", sql: Sql, identifier: Sequence[str], held: pl.DataFrame, progress: Callable[[str], None]
) -> pl.DataFrame | None:
    """The rows held and those beyond them. None, with the reason reported, where that is not what fetching all gives.

    Rows whose value is the largest held, or null, are fetched again, because others may have come with the same. Rows
    that a longer transaction committed with smaller values are found by counting.
    """
    import sqlalchemy as sa

    assert sql.incremental, "only an incremental source is continued"
    name = sql.incremental.column
    rows = _rows(sql, [name])
    column, largest = rows.c[name], held[name].max()
    if largest is None:
        return None
    fetched = _fetched(connection, _all(rows).where(sa.or_(column >= largest, column.is_(None))), sql.url)
    below = held.filter(held[name] < largest)
    try:
        both = fitted({"what is held": below, sql.url: fetched})
    except SourceError as error:
        progress(f"{error}: fetching all rows anew")
        return None
    kept, new = both.head(below.height), both.tail(fetched.height)
    if identifier:
        kept = kept.join(new, on=list(identifier), how="anti", maintain_order="left")
    late = connection.execute(sa.select(sa.func.count()).select_from(rows).where(column < largest)).scalar_one()
    if late > kept.height:
        progress(f"{sql.url}: {late - kept.height:,} rows came late, with smaller {name!r}: fetching all rows anew")
        return None
    progress(f"{sql.url}: {fetched.height:,} rows fetched, {kept.height:,} kept")
    return pl.concat([kept, new])


def _check_incremental(sql: Sql, column: str, identifier: Sequence[str], schema: pl.Schema) -> None:
    missing = [name for name in (column, *identifier) if name not in schema]
    if missing:
        raise SourceError(f"{sql.url}: {described(sql)} has no column {missing[0]!r}; it has {list(schema)}")
    dtype = schema[column]
    if not (dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Null):
        raise SourceError(
            f"{sql.url}: the incremental column {column!r} is {dtype}, of which databases and Python have different "
            "orders: name one of numbers, dates or moments, or cast it in a query"
        )


def _rows(sql: Sql, names: Sequence[str] = ()) -> "FromClause":
    """What to select from; it knows the columns of these names."""
    import sqlalchemy as sa

    columns = [sa.column(name) for name in names]
    if sql.table:
        schema, _, name = sql.table.rpartition(".")
        return sa.table(name, *columns, schema=schema or None)
    query = f"{sql.query}".strip().removesuffix(";").replace(":", r"\:")  # a bare colon would begin a parameter
    return sa.text(f"{query}\n").columns(*columns).subquery("delivered")


def _all(rows: "FromClause") -> "Select":
    import sqlalchemy as sa

    return sa.select(sa.text("*")).select_from(rows)


def _fetched(connection: "Connection", statement: "Select", where: str) -> pl.DataFrame:
    result = connection.execute(statement, execution_options={"yield_per": BATCH_ROWS})
    assert result.cursor, "a SELECT has a cursor until its last row"
    types = declared(result.cursor.description, where)
    batches = {
        f"{where}: batch {number} of {BATCH_ROWS:,} rows": table_of(rows, types, where)
        for number, rows in enumerate(result.partitions(), start=1)
    }
    return (
        fitted(batches) if batches else pl.DataFrame(schema={name: dtype or pl.Null for name, dtype in types.items()})
    )


def _number(row: tuple[Any, ...]) -> int:
    """The digest of a row as a number, so that the sum of all does not depend on their order."""
    return int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest())
