"""What a benchmark found: figures by case and name, as a table and with the versions of everything they rest on."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

import psycopg
import redis

Figures = dict[str, dict[str, float]]

_LIBRARIES = ("starlette", "uvicorn", "uvloop", "httptools", "msgspec", "psycopg", "redis", "hiredis")


def print_table(title: str, figures: Mapping[str, Mapping[str, float]]) -> None:
    """A line a figure, a column a case; the other way round where the cases are more."""
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    cells = {name: {case: row[name] for case, row in figures.items() if name in row} for name in names}
    lines = cells if len(names) > len(figures) else figures
    columns = list(dict.fromkeys(column for row in lines.values() for column in row))
    first = max(map(len, lines), default=0)
    print(f"\n{title}")
    print(" " * first, *columns, sep="  ")
    for name, row in lines.items():
        values = (f"{row[column]:.4g}".rjust(len(column)) if column in row else " " * len(column) for column in columns)
        print(name.ljust(first), *values, sep="  ", flush=True)


def versions(redis_url: str, database_url: str) -> dict[str, str]:
    """Of the machine, the servers and the libraries that are on the hot paths."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT current_setting('server_version')").fetchone()
    with redis.Redis.from_url(redis_url) as client:
        server = client.info("server")
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": str(row[0]) if row is not None else "unknown",
        "redis": f"{server.get('server_name', 'redis')} {server.get('valkey_version', server['redis_version'])}",
        **{name: version(name) for name in _LIBRARIES},
    }
