"""The connection to a database, and what its errors mean.

Belongs here: the address, one read-only transaction, and which errors mean that the database does not answer.
Does not belong here: what is selected (`database`), or the types of its rows (`database_types`).

The address lies in an environment variable and holds a password. No error here has a cause, because event logs keep the
words of causes, and SQLAlchemy's and the drivers' own words are passed on without what is secret.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from catalogue import extras
from catalogue.definition import Sql
from resources.errors import UnreachableError
from resources.sources.errors import SourceError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.exc import SQLAlchemyError

PATIENCE = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
"""Seconds until a PostgreSQL server that says nothing counts as away, unless its address says otherwise."""
EXAMPLE = "postgresql://user:password@host:5432/database"
SECRET = re.compile("pass|secret|token|key", re.IGNORECASE)
"""In the names of an address's parameters."""


class DatabaseAway(UnreachableError):
    """The database does not answer, or can't be reached from here, just now."""


@contextmanager
def connected(sql: Sql) -> Iterator["Connection"]:
    """A connection in one read-only transaction, which sees one state of a PostgreSQL or SQLite database. Elsewhere
    every statement sees one, and the transaction is rolled back.

    Raises DatabaseAway, SourceError: for all that SQLAlchemy raises.
    """
    from sqlalchemy.exc import SQLAlchemyError

    url = address(sql.url)
    try:
        with _engine(sql.url, url).connect() as connection:
            _begin(connection)
            yield connection
    except SQLAlchemyError as error:
        reason = _without_secrets(str(getattr(error, "orig", error)).strip().partition("\n")[0], url)
        if _is_transient(error):
            raise DatabaseAway(f"{sql.url}: the database does not answer ({reason})") from None
        raise SourceError(f"{sql.url}: the database refuses {described(sql)} ({reason}): correct it") from None


def address(variable: str) -> "URL":
    """The SQLAlchemy address that an environment variable holds.

    Raises DatabaseAway: it is not set. Raises SourceError: it holds no address.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    written = os.environ.get(variable)
    if not written:
        raise DatabaseAway(f"the environment variable {variable} is not set: put the address there, like {EXAMPLE}")
    try:
        return make_url(written)
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
    """Whether the database is away, rather than the statement wrong. SQLite calls both operational."""
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


def described(sql: Sql) -> str:
    """The table or the query, for a message."""
    return f"the table {sql.table}" if sql.table else "the query"
