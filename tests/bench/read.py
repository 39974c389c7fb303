"""`make bench-read`: how long reports take, uncached, and against the same question asked of raw events.

`python -m tests.bench.read DATABASE_URL [EVENTS]` fills an empty, migrated database with 30 days of ten websites
(the biggest has 60 %) and asks about the biggest as of its newest event, through the whole application but
without a network. A line is one report and range: median and 95th percentile in milliseconds without a cache, the
median as a ratio to page views, distinct visitors and distinct sessions of the same range from `events`, and the
median of answers that were kept. Judges nothing.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import psycopg

from tests.bench.filling import EASY_FUNNEL_ID, FUNNEL_ID, WEBSITES, fill
from tests.queryapi.rig import Api, running, settings_for
from tests.services import Servers, present_flavours

EVENTS = 10_000_000
RANGES = (1, 7, 30)
BIGGEST = WEBSITES[0]
# Each report is asked this often at most, and no longer than this.
ROUNDS = 15
LONGEST_SECONDS = 20.0
_FILTERS = "&country=DE&browser=Firefox"
# Path below /api/v1/, and what is asked beside the days.
REPORTS = {
    "dashboard": (f"analytics/dashboard/{BIGGEST}", ""),
    "series": (f"analytics/timeseries/{BIGGEST}/daily", ""),
    "pages": (f"analytics/dashboard/{BIGGEST}/pages", ""),
    "countries": (f"analytics/geo/{BIGGEST}/countries", ""),
    "sources": (f"analytics/dashboard/{BIGGEST}/sources", ""),
    "filtered": (f"analytics/dashboard/{BIGGEST}", _FILTERS),
    "filtered pages": (f"analytics/dashboard/{BIGGEST}/pages", _FILTERS),
    "filtered countries": (f"analytics/geo/{BIGGEST}/countries", "&browser=Firefox"),
    "by page": (f"analytics/dashboard/{BIGGEST}", "&page=/page/5"),
    "funnel": (f"funnels/{FUNNEL_ID}/performance", ""),
    "easy funnel": (f"funnels/{EASY_FUNNEL_ID}/performance", ""),
    "realtime": (f"analytics/{BIGGEST}/realtime", None),
}
_NAIVE = """
    SELECT count(*) FILTER (WHERE event_type = 'pageview'), count(DISTINCT visitor_id), count(DISTINCT session_id)
    FROM events
    WHERE website_id = %s AND "timestamp" >= %s AND "timestamp" < %s AND NOT is_bot
"""


async def measure(api: Api, keeping: Api, database: str, newest: datetime) -> None:
    """One line for each range and report."""
    print("days", "report", "median ms", "p95 ms", "of raw", "cached ms", sep="\t")
    midnight = newest.replace(hour=0, minute=0, second=0, microsecond=0)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for days in RANGES:
            since, until = midnight - timedelta(days=days - 1), midnight + timedelta(days=1)

            async def naive(since: datetime = since, until: datetime = until) -> None:
                await (await connection.execute(_NAIVE, (BIGGEST, since, until))).fetchall()

            raw = statistics.median(await _times(naive, 3))
            print(days, "raw", f"{1000 * raw:.0f}", "", "", sep="\t", flush=True)
            for name, (path, more) in REPORTS.items():
                query = "" if more is None else f"days={days}{more}"

                async def ask(api: Api = api, path: str = path, query: str = query) -> None:
                    reply = await api.get(f"/api/v1/{path}", query)
                    assert reply.status == 200, reply.payload

                taken = sorted(await _times(ask, ROUNDS))
                median, p95 = statistics.median(taken), taken[round(0.95 * (len(taken) - 1))]
                cached = statistics.median(await _times(partial(ask, keeping), ROUNDS))
                cells = (f"{1000 * median:.1f}", f"{1000 * p95:.1f}", f"{median / raw:.3f}", f"{1000 * cached:.1f}")
                print(days, name, *cells, sep="\t", flush=True)


async def _times(act: Callable[[], Awaitable[None]], rounds: int) -> list[float]:
    """Seconds of each round; the first warms up and is not counted, unless it was the only one in time."""
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) <= rounds and time.perf_counter() - began < LONGEST_SECONDS:
        started = time.perf_counter()
        await act()
        taken.append(time.perf_counter() - started)
    return taken[1:] or taken


async def bench(database: str, events: int) -> None:
    """Fill where there are no events yet, then measure."""
    with psycopg.connect(database) as connection:
        is_empty = connection.execute("SELECT NOT EXISTS (SELECT FROM events)").fetchone() == (True,)
    if is_empty:
        started = time.perf_counter()
        fill(database, events)
        print(f"filled with {events} events in {time.perf_counter() - started:.0f} s")
    with psycopg.connect(database) as connection:
        row = connection.execute('SELECT max("timestamp") FROM events').fetchone()
        assert row is not None
        newest: datetime = row[0]
    forgetful, keeping = (settings_for(database, STATEMENT_TIMEOUT="60s", CACHE_BYTES=size) for size in ("0", "64MiB"))
    async with running(forgetful, lambda: newest) as api, running(keeping, lambda: newest) as cached:
        await measure(api, cached, database, newest)


def main() -> None:
    """The database named, or one of each flavour that is there."""
    if len(sys.argv) > 1:
        asyncio.run(bench(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else EVENTS))
        return
    with Servers(os.environ) as servers:
        for flavour in present_flavours(os.environ):
            with servers.database(flavour).database() as url:
                print(f"# {flavour}")
                asyncio.run(bench(url, int(os.environ.get("EVENTS", EVENTS))))


if __name__ == "__main__":
    main()
