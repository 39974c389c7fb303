"""Reads against the same question asked of raw events: `python -m tests.bench.read DATABASE_URL [EVENTS]`.

Fills an empty, migrated database with 30 days of ten websites (the biggest has 60 %), refreshes the
rollups, then asks the whole application, but without a network. Every round asks everything in turn, so that
all share what else the machine does; a cell is the ratio of two medians. The naive question is page views,
distinct visitors and distinct sessions of the same range, from `events`.
"""

import asyncio
import statistics
import sys
import time

import psycopg

from shared.clock import utc_now
from tests.queryapi.rig import Api, running, settings_for

BIGGEST = "bench-0"
ROUNDS = 7
REPORTS = {
    "dashboard": f"dashboard/{BIGGEST}",
    "series": f"timeseries/{BIGGEST}/daily",
    "pages": f"dashboard/{BIGGEST}/pages",
    "sources": f"dashboard/{BIGGEST}/sources",
    "countries": f"geo/{BIGGEST}/countries",
    "filtered": f"dashboard/{BIGGEST}",
    "realtime": f"{BIGGEST}/realtime",
}
FILTERS = {"filtered": "&country=DE&browser=Firefox"}
_FILL = """
    INSERT INTO events ("timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival,
        engaged_ms, rules_version, interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id,
        event_type, page, hostname, source, channel, country, region, city, continent, browser, os, device, screen,
        language)
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
            now() - make_interval(secs => 400 + random() * 86400 * 30) AS started, (random() * 5)::integer AS last_step,
            'bench-' || CASE WHEN random() < 0.6 THEN 0 ELSE 1 + (random() * 8)::integer END AS website
        FROM generate_series(1, %(sessions)s) session
    ) sessions
    CROSS JOIN LATERAL generate_series(0, last_step) step
"""
_NAIVE = """
    SELECT count(*) FILTER (WHERE event_type = 'pageview'), count(DISTINCT visitor_id), count(DISTINCT session_id)
    FROM events
    WHERE website_id = %s AND "timestamp" >= (now() AT TIME ZONE 'UTC')::date - (%s - 1) AND NOT is_bot
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
        connection.execute("VACUUM (ANALYZE)")


async def measure(api: Api, database: str) -> None:
    """One line a range: the naive question in milliseconds, and each report as a ratio to it."""
    print("days", "naive_ms", *REPORTS, sep="\t")
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for days in (1, 7, 30):
            spent: dict[str, list[float]] = {name: [] for name in ("naive", *REPORTS)}
            for _ in range(ROUNDS):
                started = time.perf_counter()
                await (await connection.execute(_NAIVE, (BIGGEST, days))).fetchall()
                spent["naive"].append(time.perf_counter() - started)
                for name, path in REPORTS.items():
                    query = "" if name == "realtime" else f"days={days}{FILTERS.get(name, '')}"
                    started = time.perf_counter()
                    await api.read(path, query)
                    spent[name].append(time.perf_counter() - started)
            naive = statistics.median(spent["naive"])
            ratios = [f"{statistics.median(spent[name]) / naive:.2f}" for name in REPORTS]
            print(days, f"{1000 * naive:.0f}", *ratios, sep="\t")


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
