"""The whole product under a steady load, 60 % of what it can take: how long senders wait, when an event is seen,
what it costs, and what reports take meanwhile."""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import redis

from shared.clock import monotonic_seconds
from tests.bench.cpu import backend_seconds, peak_bytes, redis_seconds
from tests.bench.gateway import load
from tests.bench.report import Figures
from tests.bench.traffic import make_bodies
from tests.flow.pipeline import Pipeline, wait_until
from tests.services import TIMESCALE, Servers, present_flavours

PATH = "/api/v1/analytics/event"
PEAK_SECONDS = 4.0
SHARE = 0.6
# More than are taken meanwhile: bodies that come again are visitors who never leave, and then every
# visitor of a website is one of whom something is new.
PEAK_BODIES = 100_000
# Sessions at the same time. Their events are seconds apart: in a second hardly anybody sends two.
OPEN_SESSIONS = 20_000
READS = 40
# The website that has most of the traffic.
_REPORT = "analytics/dashboard/site-1"
_SETTINGS = {"ENVIRONMENT": "development", "STREAM_PARTITIONS": "8", "CACHE_BYTES": "0", "LOG_LEVEL": "error"}


def measure(servers: Servers, seconds: float) -> Figures:
    """By flavour; times in milliseconds, CPU in seconds a million events."""
    figures: Figures = {}
    for flavour in present_flavours(os.environ):
        with servers.database(flavour).database() as url, tempfile.TemporaryDirectory() as logs:
            with redis.Redis.from_url(servers.redis_url()) as client:
                client.flushdb()
            pipeline = Pipeline(url, servers.redis_url(), Path(logs), _SETTINGS)
            try:
                pipeline.start_all()
                figures[flavour] = _under_load(pipeline, seconds)
            finally:
                pipeline.stop()
            figures[flavour] |= _on_disk(url, is_timescale=flavour == TIMESCALE)
    return figures


def _under_load(pipeline: Pipeline, seconds: float) -> dict[str, float]:
    flood = load(pipeline.ingest_port, PATH, make_bodies(PEAK_BODIES, OPEN_SESSIONS, seed=1), PEAK_SECONDS)
    ended = monotonic_seconds()
    pipeline.wait_consumed()
    # What was accepted and stored until all of it was stored.
    peak = flood["requests"] / (flood["requests"] / flood["per_second"] + monotonic_seconds() - ended)
    quiet = _percentiles(sorted(_read_seconds(pipeline) for _ in range(READS)))
    bodies = make_bodies(round(SHARE * peak * seconds), OPEN_SESSIONS, seed=2)
    before = _cpu(pipeline)
    reads: list[float] = []
    waits: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load, pipeline.ingest_port, PATH, bodies, seconds, SHARE * peak)
        while not loading.done():
            reads.append(_read_seconds(pipeline))
            waits.append(_seconds_to_visible(pipeline))
        steady = loading.result()
    pipeline.wait_consumed()
    assert steady["bad"] == 0, f"{steady['bad']} answers were not 202"
    spent = {name: (after - before[name]) / steady["requests"] * 1e6 for name, after in _cpu(pipeline).items()}
    visible, busy = _percentiles(sorted(waits)), _percentiles(sorted(reads))
    return {
        "peak/s": peak,
        "load/s": steady["per_second"],
        "202 p50 ms": steady["p50_ms"],
        "202 p99 ms": steady["p99_ms"],
        **{f"visible p{share} ms": 1000 * value for share, value in visible.items()},
        **{f"report p{share} ms quiet": 1000 * quiet[share] for share in (50, 95)},
        **{f"report p{share} ms": 1000 * busy[share] for share in (50, 95)},
        **{f"CPU s {name}": value for name, value in spent.items()},
        "CPU s all": sum(spent.values()),
        **{f"MB {name}": peak_bytes(process.pid) / 1e6 for name, process in pipeline.processes.items()},
    }


def _seconds_to_visible(pipeline: Pipeline) -> float:
    """From the answer to an event until the dashboard counts it."""
    website_id = uuid4().hex
    answer = pipeline.send({"website_id": website_id, "page": "/"}, path="event")
    assert answer.status == 202, answer.body
    started = monotonic_seconds()

    def is_visible() -> bool:
        report = pipeline.read(f"analytics/dashboard/{website_id}")
        return report.status == 200 and report.body["metrics"]["page_views"] == 1

    wait_until(is_visible, "the event in the dashboard", every_seconds=0.01)
    return monotonic_seconds() - started


def _read_seconds(pipeline: Pipeline) -> float:
    started = monotonic_seconds()
    report = pipeline.read(_REPORT)
    assert report.status == 200, report.body
    return monotonic_seconds() - started


def _percentiles(taken: list[float]) -> dict[int, float]:
    return {share: taken[(len(taken) - 1) * share // 100] for share in (50, 95, 99)}


def _cpu(pipeline: Pipeline) -> dict[str, float]:
    """CPU seconds so far of each service, and of both servers; a server process that has ended is not seen."""
    seconds = {name: backend_seconds(process.pid) for name, process in pipeline.processes.items()}
    with psycopg.connect(pipeline.database_url) as connection:
        pids = connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").fetchall()
    with redis.Redis.from_url(pipeline.redis_url) as client:
        seconds["Valkey"] = redis_seconds(client)
    seconds["PostgreSQL"] = sum(backend_seconds(pid) for (pid,) in pids)
    return seconds


def _on_disk(url: str, *, is_timescale: bool) -> dict[str, float]:
    """Bytes an event in `events`, with its index; compressed too where that is the flavour's."""
    with psycopg.connect(url, autocommit=True) as connection:

        def number(ask: Callable[[], "psycopg.Cursor[tuple[int]]"]) -> int:
            row = ask().fetchone()
            assert row is not None
            return int(row[0])

        count = number(lambda: connection.execute("SELECT count(*) FROM events"))
        if not is_timescale:
            tree = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('events')"
            return {"bytes an event": number(lambda: connection.execute(tree)) / count}
        size = "SELECT hypertable_size('events')"
        raw = number(lambda: connection.execute(size))
        connection.execute("SELECT compress_chunk(chunk, true) FROM show_chunks('events') chunk")
        compressed = number(lambda: connection.execute(size))
        return {"bytes an event": raw / count, "compressed": compressed / count}
