"""Databases: the rows of a table or of a query.

Belongs here: asking through SQLAlchemy, in one read-only transaction; keeping the types; fetching only what is new;
telling a database that is away from one that refuses. Does not belong here: what a use case may ask for
(`catalogue.definition`), or where the rows fetched before lie (`assets.raw_data`).

The address of a database lies in an environment variable and holds a password. No error here has a cause, because event
logs keep the words of causes, and SQLAlchemy's and the drivers' own words are passed on without what is secret.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import polars as pl

from catalogue import extras
from catalogue.definition import Sql
from resources.errors import UnreachableError
from resources.sources.errors import SourceError
from resources.sources.stacking import fitted

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine, FromClause, Select
    from sqlalchemy.exc import SQLAlchemyError

BATCH_ROWS = 50_000
"""How many rows are Python's objects at one time, which take many times the room of a table's."""
PATIENCE = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
"""Seconds until a PostgreSQL server that says nothing counts as away, unless its address says otherwise."""
EXAMPLE = "postgresql://user:password@host:5432/database"
SECRET = re.compile("pass|secret|token|key", re.IGNORECASE)
"""In the names of an address's parameters."""
TYPES = {
    "bool": pl.Boolean(),
    "int2": pl.Int16(),
    "int4": pl.Int32(),
    "int8": pl.Int64(),
    "float4": pl.Float32(),
    "float8": pl.Float64(),
    "text": pl.String(),
    "varchar": pl.String(),
    "bpchar": pl.String(),
    "uuid": pl.String(),
    "bytea": pl.Binary(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
    "interval": pl.Duration("us"),
}
"""By PostgreSQL's names. Other databases' drivers name no types that could be relied on: their values tell."""


class DatabaseAway(UnreachableError):
    """The database does not answer, or can't be asked from here, just now."""


def place(sql: Sql) -> str:
    """Which database the environment variable leads to: kind, host, port and name, no user and nothing secret.

    Raises DatabaseAway: the variable is not set. Raises SourceError: it holds no address.
    """
    url = _url(sql.url)
    return f"{url.get_backend_name()}://{url.host or ''}:{url.port or ''}/{url.database or ''}"


def look(sql: Sql) -> str:
    """What changes when rows do. Of an incremental source, the counts of rows and of values in its column, and the
    largest; else a digest of all rows, in whatever order they come, which reads but does not keep them.

    Raises DatabaseAway, SourceError: as `read`.
    """
    import sqlalchemy as sa

    with _asked(sql) as connection:
        rows = _rows(sql)
        if sql.incremental:
            column = rows.c[sql.incremental.column]
            seen = sa.select(sa.func.count(), sa.func.count(column), sa.func.max(column)).select_from(rows)
            return repr(tuple(connection.execute(seen).one()))
        result = connection.execute(_all(rows), execution_options={"yield_per": BATCH_ROWS})
        total = sum(_number(tuple(row)) for batch in result.partitions() for row in batch)
        return f"{list(result.keys())} {total:x}"


def read(
    sql: Sql, identifier: Sequence[str], held: pl.DataFrame | None, progress: Callable[[str], None]
) -> pl.DataFrame:
    """The rows as one table, in the order of the `identifier`'s columns and then of all others: what a database
    delivers has none.

    Integers, decimals, moments with and without a zone (in UTC), text, bytes and booleans keep their types; a UUID
    becomes text. Of an incremental source, only what is not `held` is fetched; the result is that of fetching all, but
    for rows that were deleted in the database, or changed without their column growing.

    Raises DatabaseAway: the variable is not set, the driver is not installed, the database does not answer or breaks
    off. Raises SourceError: it refuses what is asked, delivers no row, or a column that fits no table.
    """
    with _asked(sql) as connection:
        table = None if held is None else _continued(connection, sql, identifier, held, progress)
        if table is None:
            table = _fetched(connection, _all(_rows(sql)), sql.url)
            progress(f"{sql.url}: {table.height:,} rows fetched")
    if table.is_empty():
        raise SourceError(f"{sql.url}: {_what(sql)} delivers no row")
    if sql.incremental:
        _check_incremental(sql, sql.incremental.column, identifier, table.schema)
    return table.sort(sorted(table.columns, key=lambda name: name not in identifier))


# --- only what is new -------------------------------------------------------------------------------------------------


def _continued(
    connection: "Connection", sql: Sql, identifier: Sequence[str], held: pl.DataFrame, progress: Callable[[str], None]
) -> pl.DataFrame | None:
    """The rows held and those beyond them. None, with the reason told, where that is not what fetching all gives.

    Rows whose value is the largest held, or null, are fetched again, because others may have come with the same. Rows
    that a longer transaction committed with smaller values are found by counting.
    """
    import sqlalchemy as sa

    assert sql.incremental, "only an incremental source is continued"
    rows, name = _rows(sql), sql.incremental.column
    column, largest = rows.c[name], held[name].max()
    if largest is None:
        return None
    fetched = _fetched(connection, _all(rows).where(sa.or_(column >= largest, column.is_(None))), sql.url)
    below = held.filter(pl.col(name) < largest)
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
        raise SourceError(f"{sql.url}: {_what(sql)} has no column {missing[0]!r}; it has {list(schema)}")
    dtype = schema[column]
    if not (dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Null):
        raise SourceError(
            f"{sql.url}: the incremental column {column!r} is {dtype}, of which databases and Python have different "
            "orders: name one of numbers, dates or moments, or cast it in a query"
        )


# --- asking -----------------------------------------------------------------------------------------------------------


@contextmanager
def _asked(sql: Sql) -> Iterator["Connection"]:
    """A connection in one read-only transaction, which sees one state of a PostgreSQL or SQLite database. Elsewhere
    every statement sees one, and the transaction is rolled back.

    Raises DatabaseAway, SourceError: for all that SQLAlchemy raises.
    """
    from sqlalchemy.exc import SQLAlchemyError

    url = _url(sql.url)
    try:
        with _engine(sql.url, url).connect() as connection:
            _begin(connection)
            yield connection
    except SQLAlchemyError as error:
        reason = _without_secrets(str(getattr(error, "orig", error)).strip().partition("\n")[0], url)
        if _is_transient(error):
            raise DatabaseAway(f"{sql.url}: the database does not answer ({reason})") from None
        raise SourceError(f"{sql.url}: the database refuses {_what(sql)} ({reason}): correct it") from None


def _url(variable: str) -> "URL":
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    address = os.environ.get(variable)
    if not address:
        raise DatabaseAway(f"the environment variable {variable} is not set: put the address there, like {EXAMPLE}")
    try:
        return make_url(address)
    except (ArgumentError, ValueError):
        raise SourceError(f"the environment variable {variable} holds no SQLAlchemy URL, like {EXAMPLE}") from None


def _engine(variable: str, url: "URL") -> "Engine":
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import NoSuchModuleError

    try:
        return create_engine(_cautious(url), poolclass=NullPool, hide_parameters=True)
    except (ImportError, NoSuchModuleError):
        ours = url.drivername in ("postgresql", "postgresql+psycopg")
        remedy = extras.install_command(["sql"]) if ours else "install the package that brings it, or correct the name"
        raise DatabaseAway(f"{variable}: the driver of {url.drivername} is not installed: {remedy}") from None


def _cautious(url: "URL") -> "URL":
    """The address, so that a silent server is given up, and no file is made or changed."""
    if url.get_backend_name() == "postgresql":
        return url.set(query=PATIENCE | url.query)
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith("file:"):
        return url.set(database=f"file:{quote(url.database)}", query={**url.query, "mode": "ro", "uri": "true"})
    return url


def _begin(connection: "Connection") -> None:
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")


def _is_transient(error: "SQLAlchemyError") -> bool:
    """Whether the database is away, rather than asked for what it does not have. SQLite calls both operational."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    if not isinstance(error, DBAPIError):
        return False
    refused = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return error.connection_invalidated or (isinstance(error, OperationalError) and not refused)


def _without_secrets(text: str, url: "URL") -> str:
    values = [url.password, *(value for name, value in url.query.items() if SECRET.search(name))]
    for secret in (str(value) for value in values if value):
        for written in (secret, quote(secret), quote_plus(secret)):
            text = text.replace(written, "…")
    return text


def _what(sql: Sql) -> str:
    return f"the table {sql.table}" if sql.table else "the query"


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(sql: Sql) -> "FromClause":
    """What to select from; it knows its incremental column."""
    import sqlalchemy as sa

    columns = [sa.column(sql.incremental.column)] if sql.incremental else []
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
    types = _declared(result.cursor.description, where)
    batches = {
        f"{where}: batch {number} of {BATCH_ROWS:,} rows": _table(rows, types, where)
        for number, rows in enumerate(result.partitions(), start=1)
    }
    return (
        fitted(batches) if batches else pl.DataFrame(schema={name: dtype or pl.Null for name, dtype in types.items()})
    )


def _declared(description: Sequence[Any], where: str) -> dict[str, pl.DataType | None]:
    """The type of every column by its name, None where the values must tell."""
    types: dict[str, pl.DataType | None] = {}
    for column in description:
        name, kind = column[0], getattr(column, "type_display", "")
        if name in types:
            raise SourceError(f"{where}: the query has two columns {name!r}: name one of them otherwise, with `as`")
        if kind.endswith("[]"):
            raise SourceError(f"{where}: column {name!r} holds arrays, which no feature can be: unnest or cast it")
        types[name] = _decimal(column) if kind.startswith("numeric(") else TYPES.get(kind.partition("(")[0])
    return types


def _decimal(column: Any) -> pl.DataType | None:
    fits = column.precision <= 38 and 0 <= column.scale <= column.precision
    return pl.Decimal(column.precision, column.scale) if fits else None


def _table(rows: Sequence[Sequence[Any]], types: dict[str, pl.DataType | None], where: str) -> pl.DataFrame:
    columns = zip(types.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([_series(name, dtype, values, where) for (name, dtype), values in columns])


def _series(name: str, dtype: pl.DataType | None, values: Sequence[Any], where: str) -> pl.Series:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, UUID):
        values = [value and str(value) for value in values]
    if isinstance(first, Decimal) and not all(value is None or value.is_finite() for value in values):
        raise SourceError(f"{where}: the decimals of column {name!r} are not all finite: cast it to a float")
    try:
        series = pl.Series(name, values, dtype=dtype)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        series = pl.Series(name, values, strict=False)  # SQLite's numbers may be integers and floats
        if not series.dtype.is_numeric():
            raise SourceError(f"{where}: column {name!r} holds values of several types: cast it to one") from None
    if series.dtype.is_nested() or series.dtype == pl.Object:
        raise SourceError(f"{where}: column {name!r} holds {type(first).__name__}, which no feature can be: cast it")
    return series


def _number(row: tuple[Any, ...]) -> int:
    """The digest of a row as a number, so that the sum of all does not depend on their order."""
    return int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest())
