"""From which engagement on a session is engaged, and from which one of a single page view is no bounce."""

import psycopg
import pytest

from tests.queryapi.rig import SITE, Hit, at, refresh, running, settings_for, store

RANGE = "from=2026-03-02&to=2026-03-02&compare=none"


def read_for(name: str, engaged_ms: int | None) -> list[Hit]:
    """A session of one page view, from Germany, read for so long in two parts."""
    attributes = {"country": "DE"}
    view = Hit(at=at("10:00:00"), visitor=name, session=name, attributes=attributes)
    if engaged_ms is None:
        return [view]
    parts = (engaged_ms - 1, 1)
    return [view, *(
        Hit(at=at(clock), visitor=name, session=name, event_type="engagement", engaged_ms=part, attributes=attributes)
        for clock, part in zip(("10:14:00", "10:16:00"), parts, strict=True)
    )]  # fmt: skip


def store_sessions(database: str, engaged_threshold_s: int | None) -> None:
    store(database, [hit for ms in (None, 9_999, 10_000, 29_999, 30_000) for hit in read_for(f"v{ms}", ms)])
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE websites SET engaged_threshold_s = %s", (engaged_threshold_s,))


@pytest.mark.rule("R31")
@pytest.mark.parametrize("asked", [RANGE, f"{RANGE}&country=DE"], ids=["counted by start", "looked up"])
@pytest.mark.parametrize("is_rolled_up", [True, False])
async def test_ten_seconds_are_engaged_and_less_is_not(database: str, asked: str, *, is_rolled_up: bool) -> None:
    store_sessions(database, None)
    if is_rolled_up:
        refresh(database)

    async with running(settings_for(database)) as api:
        metrics = (await api.read(f"dashboard/{SITE}", asked))["metrics"]

    assert (metrics["engagement_rate"], metrics["bounce_rate"]) == (60.0, 100.0)


@pytest.mark.rule("R22")
@pytest.mark.parametrize(("threshold", "bounce_rate"), [(None, 100.0), (10, 40.0), (30, 80.0), (31, 100.0)])
async def test_what_a_website_takes_for_no_bounce_is_none_in_any_report(
    database: str, threshold: int | None, bounce_rate: float
) -> None:
    store_sessions(database, threshold)
    refresh(database)

    async with running(settings_for(database)) as api:
        totals = [await api.read(f"dashboard/{SITE}", asked) for asked in (RANGE, f"{RANGE}&country=DE")]
        daily = await api.read(f"{SITE}/daily-stats", RANGE)
        countries = await api.read(f"geo/{SITE}/countries", RANGE)
        pages = await api.read(f"{SITE}/top-pages", RANGE)
        sessions = await api.read(f"{SITE}/sessions", RANGE)

    assert [body["metrics"]["bounce_rate"] for body in totals] == [bounce_rate] * 2
    assert [body["metrics"]["engagement_rate"] for body in totals] == [60.0] * 2
    assert [body["data"][0]["bounce_rate"] for body in (daily, countries, pages)] == [bounce_rate] * 3
    assert sum(row["is_bounce"] for row in sessions["data"]) == bounce_rate / 20


@pytest.mark.rule("R22")
async def test_a_changed_threshold_is_another_question(database: str) -> None:
    store_sessions(database, None)
    rates: list[float] = []

    async with running(settings_for(database)) as api:
        for threshold in (None, 10):
            with psycopg.connect(database) as connection:
                connection.execute("UPDATE websites SET engaged_threshold_s = %s", (threshold,))
            body = await api.read(f"dashboard/{SITE}", RANGE)
            rates.append(body["metrics"]["bounce_rate"])

    assert rates == [100.0, 40.0]
