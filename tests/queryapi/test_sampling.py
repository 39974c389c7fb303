"""Estimates of filtered reports are as good as they say, and nothing small is estimated."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
import pytest

from tests.queryapi.rig import DAY, NOW, Api, refresh, running, settings_for

# A site is sampled from so many things that happened in it on, when four visitors are found.
EXACT_UP_TO = "400"
SITES = 31
COUNTS = ("page_views", "unique_visitors", "sessions", "events")
RANGE = "from=2026-03-02&to=2026-03-04&compare=none"
# Visitors of three countries, one of them rare, who come up to three times and view one to six pages each time: the
# same ones at every run, for hashes of numbers decide.
_FILL = """
    INSERT INTO events ("timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival,
        rules_version, interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id, event_type, page,
        channel, country, device, utm_source)
    SELECT started + view * INTERVAL '20 seconds', started, started, hashint8extended(visitor, site),
        hashint8extended(visitor * 8 + visit, site), view, 1, true, false, true, gen_random_uuid(), 'site-' || site,
        'v' || visitor, 's' || visitor || '-' || visit,
        CASE WHEN mod(view, 3) = 2 THEN 'signup' ELSE 'pageview' END, '/' || view, 'Direct',
        CASE WHEN mod(visitor, 200) = 0 THEN 'IS' WHEN mod(visitor, 3) = 0 THEN 'DE' ELSE 'FR' END, 'desktop',
        CASE WHEN mod(visitor, 199) = 0 THEN 'rare' WHEN mod(visitor, 4) > 0 THEN 'letter' END
    FROM generate_series(1, %(sites)s) site
    CROSS JOIN generate_series(1, CASE WHEN site = 1 THEN 40 ELSE 300 END) visitor
    CROSS JOIN LATERAL generate_series(0, mod(abs(hashint8extended(visitor, site + 100)), 3)) visit
    CROSS JOIN LATERAL (SELECT %(day)s + make_interval(days => visit::integer, mins => mod(visitor, 700)) AS started) at
    CROSS JOIN LATERAL generate_series(0, mod(abs(hashint8extended(visitor, site + 200 + visit)), 6)) view
"""


@asynccontextmanager
async def _filled(database: str, sites: int) -> AsyncGenerator[Api]:
    with psycopg.connect(database) as connection:
        connection.execute("SELECT ensure_days('2026-03-02', '2026-03-05')")
        connection.execute(
            "INSERT INTO websites (website_id, name) SELECT 'site-' || n, 'x' FROM generate_series(1, %s) n", (sites,)
        )
        connection.execute(_FILL, {"sites": sites, "day": DAY})
        connection.execute(
            "INSERT INTO rollup_dirty (website_id, bucket) SELECT DISTINCT website_id,"
            " date_bin('15 minutes', \"timestamp\", timestamptz '2000-01-01 00:00:00Z') FROM events"
        )
    refresh(database)
    async with running(settings_for(database, EXACT_UP_TO=EXACT_UP_TO), lambda: NOW) as api:
        yield api


@pytest.mark.rule("R34")
async def test_of_20_estimates_19_are_within_the_bound_that_is_told(database: str) -> None:
    is_within: list[bool] = []
    async with _filled(database, SITES) as api:
        for site in range(2, SITES + 1):
            estimate = await api.read(f"dashboard/site-{site}", f"{RANGE}&country=FR")
            exact = await api.read(f"dashboard/site-{site}", f"{RANGE}&country=FR&exact=true")
            assert "sampled" not in exact["meta"]
            for name in COUNTS:
                bound, truth = estimate["meta"]["sampled"]["metrics"][name], exact["metrics"][name]
                is_within.append(abs(estimate["metrics"][name] - truth) * 100 <= bound * truth)

    assert sum(is_within) >= 0.95 * len(is_within)
    # A bound that anything meets says nothing.
    assert sum(is_within) < len(is_within)


async def test_nothing_small_is_sampled(database: str) -> None:
    async with _filled(database, 2) as api:
        small = await api.read("dashboard/site-1", f"{RANGE}&country=FR")
        few = await api.read("dashboard/site-2", f"{RANGE}&country=IS")

    assert "sampled" not in small["meta"]
    assert small["metrics"]["unique_visitors"] == 27
    assert "sampled" not in few["meta"]
    assert few["metrics"]["unique_visitors"] == 1


async def test_campaigns_are_of_the_sample_of_events_unless_it_may_lack_one(database: str) -> None:
    async with _filled(database, 2) as api:
        sampled = await api.read("dashboard/site-2", f"{RANGE}&page=/0&utm_source=letter")
        counted = await api.read("dashboard/site-2", f"{RANGE}&page=/0")

    (letter,) = sampled["utm_performance"]
    assert {name: letter[name] for name in COUNTS} == {name: sampled["metrics"][name] for name in COUNTS}
    assert sampled["meta"]["sampled"]["fraction"] == 1 / 16
    assert "sampled" in counted["meta"]
    assert next(row for row in counted["utm_performance"] if row["utm_source"] == "rare")["unique_visitors"] == 1


async def test_both_sides_of_a_comparison_are_marked(database: str) -> None:
    async with _filled(database, 2) as api:
        answer = await api.read("dashboard/site-2", "from=2026-03-08&to=2026-03-14&country=FR")

    assert answer["metrics"]["page_views"] == 0
    assert answer["comparison"]["metrics"]["page_views"] > 0
    assert set(answer["meta"]["sampled"]["metrics"]) == {"page_views", "unique_visitors", "sessions"}
