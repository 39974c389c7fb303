"""Events a second from the stream to committed rows, against COPY of the same rows into the same table.

GEO_DB names a geo database. Worker and ceilings take turns. The worker has met the user agents before, as one
that has run for a while has. Only ratios and CPU times compare between machines; on a busy one, only the CPU times.
"""

import os
import threading
import time
from datetime import timedelta
from statistics import median
from typing import NamedTuple

import psycopg
import redis
from prometheus_client import CollectorRegistry

from shared.clock import monotonic_seconds, utc_now
from shared.stream import stream_key
from tests.bench.copying import Ceilings
from tests.bench.cpu import backend_seconds, redis_seconds
from tests.bench.report import Figures
from tests.bench.traffic import make_entries
from tests.services import Servers, present_flavours
from worker.consume import Tools, WorkerConfig, consume
from worker.enrich import Enricher
from worker.inbox import Inbox, connect_redis
from worker.metrics import WorkerMetrics
from worker.place import Places, geo_paths

PARTITIONS = 8
ROUNDS = 3
BATCH_SIZES = (5_000, 20_000)
FORMS = {"text": "\\copy", "binary": "binary COPY", "rows": "write_row"}
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'analytics-worker bench'"

Entries = list[tuple[int, list[bytes]]]


class Drained(NamedTuple):
    """Seconds from the first entry read to the last acknowledged; of CPU from beginning to end."""

    seconds: float
    python: float
    postgres: float
    valkey: float


def fill_stream(url: str, entries: Entries) -> None:
    client = connect_redis(url)
    client.flushdb()
    add_to_stream(client, entries)


def add_to_stream(client: redis.Redis, entries: Entries) -> None:
    with client.pipeline(transaction=False) as pipeline:
        for partition, envelopes in entries:
            words = [word for number, envelope in enumerate(envelopes) for word in (str(number), envelope)]
            pipeline.execute_command("XADD", stream_key(partition), "*", *words)
        pipeline.execute()


def drain(database_url: str, redis_url: str, batch_size: int, enricher: Enricher) -> Drained:
    """Let one worker take everything out of the stream."""
    client = connect_redis(redis_url)
    moments: list[float] = []
    spent: list[float] = []
    stop = threading.Event()

    def reach(name: str) -> None:
        if name == "worker.after_read" and not moments:
            moments.append(monotonic_seconds())
            spent.append(time.process_time())
        elif name == "worker.after_ack":
            moments.append(monotonic_seconds())
            if not any(client.xlen(stream_key(partition)) for partition in range(PARTITIONS)):
                spent.append(time.process_time())
                stop.set()
                with psycopg.connect(database_url) as connection:
                    pids = connection.execute(_BACKENDS).fetchall()
                spent.append(sum(backend_seconds(pid) for (pid,) in pids))

    config = WorkerConfig(
        worker_id="bench",
        database_url=database_url,
        partitions=PARTITIONS,
        batch_size=batch_size,
        batch_timeout_seconds=0.2,
        allow_unregistered_sites=True,
        store_user_agent=False,
    )
    tools = Tools(
        inbox=Inbox(connect_redis(redis_url)),
        enricher=enricher,
        metrics=WorkerMetrics(CollectorRegistry()),
        clock=utc_now,
        reach=reach,
    )
    valkey = redis_seconds(client)
    consume(config, tools, stop)
    return Drained(moments[-1] - moments[0], spent[1] - spent[0], spent[2], redis_seconds(client) - valkey)


def check(database_url: str, events: int) -> None:
    """Raises AssertionError unless every event became a row."""
    with psycopg.connect(database_url) as connection:
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM dead_letter),"
            " (SELECT sum(events)::int FROM ingest_counts WHERE outcome = 'stored')"
        ).fetchone()
    assert counts == (events, 0, events), f"{events} events became {counts}"


def measure(servers: Servers, events: int) -> Figures:
    """Ratios to each form of COPY, and microseconds of CPU an event, by flavour and size of the transaction."""
    entries = make_entries(events, PARTITIONS, utc_now() - timedelta(hours=1), timedelta(minutes=50))
    geo = tuple(filter(None, os.environ.get("GEO_DB", "").split(",")))
    enricher = Enricher(Places(geo_paths(geo, "nowhere"), monotonic_seconds))
    figures: Figures = {}
    for flavour in present_flavours(os.environ):
        for batch_size in BATCH_SIZES:
            rounds: list[dict[str, float]] = []
            for _ in range(ROUNDS):
                with servers.database(flavour).database() as url:
                    rounds.append(_measure_once(url, servers.redis_url(), entries, batch_size, enricher))
            figures[f"{flavour}, {batch_size} a transaction"] = {
                name: median(of[name] for of in rounds) for name in rounds[0]
            }
    return figures


def _measure_once(url: str, redis_url: str, entries: Entries, batch_size: int, enricher: Enricher) -> dict[str, float]:
    events = sum(len(envelopes) for _, envelopes in entries)
    fill_stream(redis_url, entries)
    drained = drain(url, redis_url, batch_size, enricher)
    check(url, events)
    ceilings = Ceilings(url, batch_size)
    copied = {form: ceilings.measure(form) for form in FORMS}
    ceilings.close()
    cpu = {"worker": drained.python, "PostgreSQL": drained.postgres, "Valkey": drained.valkey}
    cpu |= {"all": sum(cpu.values()), "COPY alone": copied["binary"].backend_cpu}
    return {
        "events/s": events / drained.seconds,
        **{f"of {FORMS[form]}": copied[form].seconds / drained.seconds for form in FORMS},
        **{f"us CPU {name}": seconds / events * 1e6 for name, seconds in cpu.items()},
    }
