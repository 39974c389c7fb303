"""The connection that writes, and whose end is the end of a worker's ownership."""

from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from shared.planning import PLANNING

# No statement of a worker takes this long in health; a write that does is tried again.
STATEMENT_TIMEOUT_SECONDS = 30
# How long either end believes in a peer that says nothing on the network (RELIABILITY C27).
NETWORK_TIMEOUT_MILLISECONDS = 10_000
_SERVER_OPTIONS = PLANNING | {
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
    "lock_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": str(NETWORK_TIMEOUT_MILLISECONDS),
    "TimeZone": "UTC",
    "default_transaction_isolation": "read committed",
}


class UnsafeServerError(Exception):
    """The server can lose what it has committed; the message names the setting."""


def opened_with(url: str, settings: Mapping[str, str]) -> str:
    """The `options` of a connection: what the URL asks for, then these server settings, which win over it."""
    given = conninfo_to_dict(url).get("options") or ""
    ours = (f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in settings.items())
    return " ".join([str(given), *ours]).strip()


def connect_database(url: str, worker_id: str) -> psycopg.Connection:
    """The writing connection, in autocommit. Raises psycopg.Error or UnsafeServerError."""
    connection = psycopg.connect(
        url,
        autocommit=True,
        options=opened_with(url, _SERVER_OPTIONS),
        application_name=f"analytics-worker {worker_id}",
        connect_timeout=10,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=NETWORK_TIMEOUT_MILLISECONDS,
    )
    try:
        for name in ("fsync", "full_page_writes"):
            row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            if row != ("on",):
                raise UnsafeServerError(f"{name}: off on the database server, must be on")
    except BaseException:
        connection.close()
        raise
    return connection
