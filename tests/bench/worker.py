"""Events a second from the stream to committed rows, against COPY of the same rows into the same table.

    python -m tests.bench.worker [events]

Needs TEST_DATABASE_URL and TEST_REDIS_URL (its current database is flushed), or starts its own servers.
Prints one line for each batch size; only the ratio compares between machines.
"""

import os
import random
import sys
import threading
from datetime import datetime, timedelta
from itertools import islice
from statistics import median
from uuid import UUID

import msgspec
import psycopg
from prometheus_client import CollectorRegistry

from shared.clock import monotonic_seconds, utc_now
from shared.event import ENGAGEMENT, PAGEVIEW, Envelope, Event, encode_envelope
from shared.stream import stream_key
from tests.services import Servers, present_flavours
from worker.consume import Tools, WorkerConfig, consume
from worker.enrich import Enricher
from worker.inbox import Inbox, connect_redis
from worker.metrics import WorkerMetrics
from worker.place import Places

PARTITIONS = 8
ROUNDS = 3
BATCH_SIZES = (5_000, 20_000)
EVENTS_PER_ENTRY = 100
AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    for system in ("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7")
    for version in range(96, 132)
]
REFERRERS = [None, None, None, "https://www.google.com/", "https://news.ycombinator.com/item", "https://t.co/abc"]


def make_payloads(events: int) -> list[tuple[int, list[bytes]]]:
    """(partition, envelopes) of each entry: sites and pages by a power law, visitors of about five
    events, a fifth of them engagements, a tenth of the ids chosen by the client."""
    chance = random.Random(7)
    start = utc_now() - timedelta(hours=1)
    visitors: list[tuple[str, str, str]] = []
    entries: list[tuple[int, list[bytes]]] = []
    for number in range(0, events, EVENTS_PER_ENTRY):
        partition = number // EVENTS_PER_ENTRY % PARTITIONS
        envelopes: list[bytes] = []
        for place in range(EVENTS_PER_ENTRY):
            at = start + timedelta(seconds=3500 * (number + place) / events)
            is_new = not visitors or chance.random() < 0.2
            if is_new:
                site = f"site-{int(chance.paretovariate(1.1)) % 50}"
                visitors.append((site, f"{chance.getrandbits(128):032x}", chance.choice(AGENTS)))
            site, visitor, agent = visitors[-1] if is_new else chance.choice(visitors[-2000:])
            envelopes.append(_envelope(chance, at, (site, visitor, agent), is_new=is_new))
        entries.append((partition, envelopes))
    return entries


def _envelope(chance: random.Random, at: datetime, who: tuple[str, str, str], *, is_new: bool) -> bytes:
    site, visitor, agent = who
    page = f"/blog/{int(chance.paretovariate(0.9)) % 3000}/a-title-of-usual-length"
    is_engagement = not is_new and chance.random() < 0.25
    event = Event(
        website_id=site,
        id=UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | chance.getrandbits(62)),
        timestamp=at,
        visitor_id=visitor,
        previous_visitor_id=visitor[::-1],
        is_client_id=chance.random() < 0.1,
        event_type=ENGAGEMENT if is_engagement else PAGEVIEW,
        page=page,
        hostname="www.example.com",
        referrer=chance.choice(REFERRERS) if is_new else None,
        title=None if is_engagement else "A title of the usual length - Example",
        language="en-GB",
        screen="1920x1080",
        engaged_ms=chance.randrange(60_000) if is_engagement else None,
        properties=msgspec.Raw(b'{"plan":"pro","step":3}') if chance.random() < 0.05 else msgspec.UNSET,
    )
    network = f"203.0.{chance.randrange(256)}.0/24"
    return encode_envelope(Envelope(1, at + timedelta(milliseconds=40), network, agent, False, [event]))


def fill_stream(url: str, entries: list[tuple[int, list[bytes]]]) -> None:
    client = connect_redis(url)
    client.flushdb()
    with client.pipeline(transaction=False) as pipeline:
        for partition, envelopes in entries:
            words = [word for number, envelope in enumerate(envelopes) for word in (str(number), envelope)]
            pipeline.execute_command("XADD", stream_key(partition), "*", *words)
        pipeline.execute()


def drain(database_url: str, redis_url: str, batch_size: int) -> tuple[float, float]:
    """Seconds from the first entry read to the last acknowledged, and of them this process's CPU."""
    client = connect_redis(redis_url)
    moments: list[float] = []
    stop = threading.Event()

    def reach(name: str) -> None:
        if name == "worker.after_read" and not moments:
            moments.append(monotonic_seconds())
        elif name == "worker.after_ack":
            moments.append(monotonic_seconds())
            if not any(client.xlen(stream_key(partition)) for partition in range(PARTITIONS)):
                stop.set()

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
        enricher=Enricher(Places(lambda: (), monotonic_seconds)),
        metrics=WorkerMetrics(CollectorRegistry()),
        clock=utc_now,
        reach=reach,
    )
    times = os.times()
    consume(config, tools, stop)
    spent = os.times()
    return moments[-1] - moments[0], spent.user + spent.system - times.user - times.system


def copy_again(database_url: str, batch_size: int) -> float:
    """Seconds that COPY takes for the rows that lie in `events`, so many in each transaction."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        with connection.cursor().copy('COPY (SELECT * FROM events ORDER BY "timestamp") TO STDOUT') as source:
            lines = iter(b"".join(bytes(block) for block in source).splitlines(keepends=True))
        connection.execute("TRUNCATE events")
        chunks: list[bytes] = []
        while chunk := b"".join(islice(lines, batch_size)):
            chunks.append(chunk)
        started = monotonic_seconds()
        for chunk in chunks:
            with connection.transaction(), connection.cursor().copy("COPY events FROM STDIN") as target:
                target.write(chunk)
        return monotonic_seconds() - started


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    entries = make_payloads(events)
    with Servers(os.environ) as servers:
        redis_url = servers.redis_url()
        for flavour in present_flavours(os.environ):
            for batch_size in BATCH_SIZES:
                ratios: list[float] = []
                rates: list[tuple[int, int, float]] = []
                for _ in range(ROUNDS):
                    with servers.database(flavour).database() as url:
                        fill_stream(redis_url, entries)
                        seconds, cpu = drain(url, redis_url, batch_size)
                        with psycopg.connect(url) as connection:
                            row = connection.execute("SELECT count(*) FROM events").fetchone()
                        rows = int(row[0]) if row is not None else 0
                        baseline = copy_again(url, batch_size)
                    ratios.append((events / seconds) / (rows / baseline))
                    rates.append((int(events / seconds), int(rows / baseline), cpu / events * 1e6))
                print(
                    f"{flavour:9} {batch_size:6} a transaction: ratio {median(ratios):.2f}", ratios, rates, flush=True
                )


if __name__ == "__main__":
    main()
