"""How long a PostgreSQL server is waited for.

Belongs here: what the driver is told of that, and giving up a server, for whoever connects. Does not belong here: a
source's connection (`sources.database_connection`), or the history of runs (`postgres_storage`).
"""

import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL

PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}
"""Until a server that takes a connection and says nothing, or that is gone without a word, counts as away: seconds."""


def patient(url: "URL") -> "URL":
    """An address of PostgreSQL by which nothing waits for ever; what it says itself holds."""
    return url.set(query=PATIENCE | url.query)


def break_off(connection: Any) -> None:
    """Let whatever waits for the server of a psycopg or psycopg2 `connection` fail, in another thread than this."""
    with socket.socket(fileno=os.dup(connection.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
