"""Reads against the same question asked of raw events: `python -m tests.bench.read DATABASE_URL [EVENTS]`.

Fills an empty, migrated database with 30 days of ten websites (the biggest has 60 %), refreshes the
rollups, then asks over HTTP's own path but without a network: medians of five, in milliseconds.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import psycopg

from shared.clock import utc_now
from tests.queryapi.rig import Api, running, settings_for

BIGGEST = "bench-0"
ROUNDS = 5
REPORTS = {
    "dashboard": f"dashboard/{BIGGEST}",
    "series": f"timeseries/{BIGGEST}/daily",
    "pages": f"dashboard/{BIGGEST}/pages",
    "countries": f"geo/{BIGGEST}/countries",
    "filtered": f"dashboard/{BIGGEST}",
}
FILTERS = {"filtered": "&country=DE&browser=Firefox"}
_FILL = """
    INSERT INTO events ("timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival,
        engaged_ms, rules_version, interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id, event_type, page,
        hostname, source, channel, country, region, city, continent, browser, os, device, screen, language)
    SELECT started + step * INTERVAL '70 seconds', started, started, hashint8extended(visitor, 1),
        hashint8extended(session, 2), session * 8 + step, CASE WHEN step %% 3 = 2 THEN 20000 END, 1, true,
        visitor %% 50 = 0, false, gen_random_uuid(), website, md5(visitor::text), md5(session::text),
        CASE step %% 3 WHEN 2 THEN 'engagement' ELSE 'pageview' END,
        '/page/' || (power(random(), 4) * 2000)::integer, 'example.org',
        (ARRAY[NULL, 'Google', 'Bing', 'Facebook', 'news.example'])[1 + visitor %% 5],
        (ARRAY['Direct', 'Organic Search', 'Organic Search', 'Social', 'Referral'])[1 + visitor %% 5],
        (ARRAY['DE', 'US', 'FR', 'GB', 'IN', 'BR', 'JP', NULL])[1 + visitor %% 8], 'X-' || visitor %% 90,
        'City ' || visitor %% 900, 'EU', (ARRAY['Chrome', 'Safari', 'Firefox', 'Edge'])[1 + visitor %% 4],
        (ARRAY['Windows', 'Android', 'iOS'])[1 + visitor %% 3], (ARRAY['desktop', 'mobile'])[1 + visitor %% 2],
        '1920x1080', 'en'
    FROM (
        SELECT session, (random() * %(sessions)s * 0.7)::bigint AS visitor,
            date_trunc('day', now()) - make_interval(secs => random() * 86400 * 30) AS started,
            'bench-' || CASE WHEN random() < 0.6 THEN 0 ELSE 1 + (random() * 8)::integer END AS website
        FROM generate_series(1, %(sessions)s) session
    ) sessions
    CROSS JOIN LATERAL generate_series(0, (random() * 5)::integer) step
"""
_NAIVE = """
    SELECT count(*) FILTER (WHERE event_type = 'pageview'), count(DISTINCT visitor_id), count(DISTINCT session_id)
    FROM events
    WHERE website_id = %s AND "timestamp" >= now() - make_interval(days => %s) AND NOT is_bot
"""


def fill(database: str, events: int) -> None:
    """About `events` rows, and rollups with nothing dirty."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT ensure_days(current_date - 32, current_date + 1)")
        for number in range(10):
            connection.execute("INSERT INTO websites (website_id, name) VALUES (%s, 'bench')", (f"bench-{number}",))
        connection.execute(_FILL, {"sessions": int(events / 3.5)})
        connection.execute(
            "INSERT INTO rollup_dirty (website_id, bucket) SELECT DISTINCT website_id,"
            " date_bin('15 minutes', \"timestamp\", timestamptz '2000-01-01 00:00:00Z') FROM events"
        )
        connection.execute("CALL rollup_refresh()")
        connection.execute("ANALYZE")


async def measure(api: Api, database: str) -> None:
    """One line a range: the naive count, and each report as milliseconds and as a ratio to it."""
    print("days", "naive_ms", *(f"{name}_ms (ratio)" for name in REPORTS), sep="\t")
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for days in (1, 7, 30):

            async def naive(days: int = days) -> None:
                await (await connection.execute(_NAIVE, (BIGGEST, days))).fetchall()

            base = await median(naive)
            cells: list[str] = []
            for name, path in REPORTS.items():

                async def ask(path: str = path, query: str = f"days={days}{FILTERS.get(name, '')}") -> None:
                    await api.read(path, query)

                spent = await median(ask)
                cells.append(f"{spent:.0f} ({spent / base:.2f})")
            print(days, f"{base:.0f}", *cells, sep="\t")


async def median(work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds, the middle one of a few."""
    await work()
    spent: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await work()
        spent.append(1000 * (time.perf_counter() - started))
    return statistics.median(spent)


async def main() -> None:
    """Fill where there are no events yet, then measure."""
    database = sys.argv[1]
    with psycopg.connect(database) as connection:
        is_empty = connection.execute("SELECT NOT EXISTS (SELECT FROM events)").fetchone() == (True,)
    if is_empty:
        fill(database, int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
    async with running(settings_for(database, STATEMENT_TIMEOUT="60s"), utc_now) as api:
        await measure(api, database)


if __name__ == "__main__":
    asyncio.run(main())
