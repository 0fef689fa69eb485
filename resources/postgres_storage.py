"""The storage of Dagster's instance in PostgreSQL, by which nobody waits for ever.

Belongs here: Dagster's own storage, with what it lacks. Does not belong here: which storage an instance has
(`pipelines.instance`).
"""

import threading
import time
from collections.abc import Mapping
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import pg_url_from_config
from psycopg2.extensions import cursor
from sqlalchemy import URL, CreateEnginePlugin, NullPool, create_engine, make_url
from sqlalchemy.dialects import plugins
from sqlalchemy.exc import OperationalError

from resources.postgresql import break_off, patient

REFUSED_SECONDS = 5.0
"""A server that refuses a connection has done so by then."""
STATEMENT_SECONDS = 600.0
"""What a statement may take; the longest, those of `sectorforge migrate`, take minutes."""
PLUGIN = "sectorforge_patience"


class PatientPostgresStorage(DagsterPostgresStorage):
    """Dagster's storage gives the driver no limit, and so waits for as long as a server says nothing."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As `dagster.yaml` says.

        Raises
        ------
        OperationalError: the server says nothing. DagsterPostgresException: it does not take the connection.
        """
        url = patient(make_url(pg_url_from_config(config_value))).update_query_dict({"plugin": PLUGIN})
        _require_answer(url)
        return cls(url.render_as_string(hide_password=False), inst_data=inst_data)


class PatientCursor(cursor):
    """Gives up a server that does not end a statement. The driver never does: of a server that is halted, or whose disk
    hangs, the system still answers its keepalives."""

    def execute(self, query: Any, vars: Any = None) -> None:
        """Raises OperationalError: it took longer than `STATEMENT_SECONDS`."""
        timer = threading.Timer(STATEMENT_SECONDS, break_off, [self.connection])
        timer.daemon = True
        timer.start()
        try:
            super().execute(query, vars)
        finally:
            timer.cancel()


class Patience(CreateEnginePlugin):
    """Brings `PatientCursor` into every engine that is made of the storage's address."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        kwargs["connect_args"] = {**kwargs.get("connect_args", {}), "cursor_factory": PatientCursor}

    def update_url(self, url: URL) -> URL:
        return url


plugins.register(PLUGIN, __name__, Patience.__name__)


def _require_answer(url: URL) -> None:
    """Dagster tries six times to connect: for a server that is starting that is right, and of no use with a silent one,
    for which it takes a minute."""
    began = time.monotonic()
    try:
        create_engine(url, poolclass=NullPool).connect().close()
    except OperationalError:
        if time.monotonic() - began > REFUSED_SECONDS:
            raise
