"""The connection to a database, and what its errors mean.

Belongs here: the address, one read-only transaction, and which errors mean that the database does not answer.
Does not belong here: what is selected (`database`), or the types of its rows (`database_types`).

The address lies in an environment variable and holds a password. Errors say what SQLAlchemy and the driver say;
`resources.secrets` takes out what is secret.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from catalogue import extras
from catalogue.definition import Sql
from resources.errors import UnreachableError
from resources.postgresql import break_off, patient
from resources.sources.errors import SourceError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.exc import SQLAlchemyError

LOCK_SECONDS = 10.0
"""How long a PostgreSQL server lets us wait for a table that others hold."""
GRACE_SECONDS = 5.0
QUERY_CANCELED = "57014"
"""What PostgreSQL calls a statement that took too long (its documentation, appendix A)."""
EXAMPLE = "postgresql://user:password@host:5432/database"


class DatabaseAway(UnreachableError):
    """The database does not answer, or can't be reached from here, just now."""


@contextmanager
def connected(sql: Sql, seconds: float) -> Iterator["Connection"]:
    """A connection in one read-only transaction, which sees one state of a PostgreSQL or SQLite database. Elsewhere
    every statement sees one, and the transaction is rolled back.

    seconds: what the block may take from the moment there is a connection; a PostgreSQL or SQLite database that has not
    answered by then is given up, also one that is silent. Statements of the former end on the server too.

    Raises DatabaseAway, SourceError: for all that SQLAlchemy raises.
    """
    from sqlalchemy.exc import SQLAlchemyError

    url = address(sql.url)
    _check_file(sql.url, url)
    given_up = threading.Event()
    try:
        with _engine(sql.url, url).connect() as connection, _for_at_most(seconds, connection, given_up):
            _begin(connection, seconds)
            yield connection
    except SQLAlchemyError as error:
        if given_up.is_set():
            raise DatabaseAway(
                f"{sql.url}: the database did not answer for {seconds:.0f} s, and was given up"
            ) from None
        if getattr(error.__dict__.get("orig"), "sqlstate", None) == QUERY_CANCELED:
            raise SourceError(
                f"{sql.url}: {described(sql)} takes more than {seconds:.0f} s: narrow it, or give the column that "
                "shows changes an index"
            ) from None
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
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


def _check_file(variable: str, url: "URL") -> None:
    """A pipe or a device would be waited for, or read without an end."""
    path = Path(url.database or "")
    if url.get_backend_name() == "sqlite" and path.exists() and not path.is_file():
        raise SourceError(f"{variable}: {path} is no file, so no SQLite database: correct the address")


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
        return patient(url)
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith("file:"):
        return url.set(database=f"file:{quote(url.database)}", query={**url.query, "mode": "ro", "uri": "true"})
    return url


def _begin(connection: "Connection", seconds: float) -> None:
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        for name, limit in (("statement_timeout", seconds), ("lock_timeout", LOCK_SECONDS)):
            connection.exec_driver_sql(f"set local {name} = {limit * 1000:.0f}")
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")


@contextmanager
def _for_at_most(seconds: float, connection: "Connection", given_up: threading.Event) -> Iterator[None]:
    """Break a connection off that is still there after some seconds beyond those in which the server itself ends a
    statement, and note so: a server that is halted, or gone without a word, ends nothing."""
    driver: Any = connection.connection.driver_connection

    def give_up() -> None:
        given_up.set()
        if connection.dialect.name == "sqlite":
            driver.interrupt()
        elif hasattr(driver, "fileno"):
            break_off(driver)

    timer = threading.Timer(seconds + GRACE_SECONDS, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_transient(error: "SQLAlchemyError") -> bool:
    """Whether the database is away, rather than the statement wrong. SQLite calls both operational."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    if not isinstance(error, DBAPIError):
        return False
    refused = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return error.connection_invalidated or (isinstance(error, OperationalError) and not refused)


def described(sql: Sql) -> str:
    """The table or the query, for a message."""
    return f"the table {sql.table}" if sql.table else "the query"
