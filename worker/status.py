"""What a worker says of itself in `worker_status`, for the detailed health report."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg

from shared.clock import Clock
from sql.statements import read
from worker.inbox import Depth


class GeoStatus(NamedTuple):
    """Which geo database is in use, and when it was built."""

    status: str
    built_at: datetime | None


class StatusReport(NamedTuple):
    """Who reports, and what it asks."""

    worker_id: str
    clock: Clock
    geo: Callable[[], GeoStatus]


def report_status(
    connection: psycopg.Connection, report: StatusReport, partitions: Sequence[int], depths: Sequence[Depth]
) -> None:
    """Insert or replace this worker's row; rows of workers long gone are cleared away."""
    oldest = min((depth.oldest_milliseconds for depth in depths if depth.oldest_milliseconds is not None), default=None)
    geo = report.geo()
    connection.execute(
        read("writes/report_status"),
        {
            "worker_id": report.worker_id,
            "partitions": list(partitions),
            "stream_length": sum(depth.length for depth in depths),
            "pending": sum(depth.pending for depth in depths),
            "lag": sum(depth.lag for depth in depths),
            "oldest": 0.0 if oldest is None else max(0.0, report.clock().timestamp() - oldest / 1000),
            "geo_status": geo.status,
            "geo_built_at": geo.built_at,
        },
    )
    connection.execute(read("writes/clear_status"))


def withdraw_status(connection: psycopg.Connection, worker_id: str) -> None:
    """Delete this worker's row: it ends on purpose."""
    connection.execute(read("writes/withdraw_status"), {"worker_id": worker_id})
