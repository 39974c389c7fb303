"""The smallest cases of what the model found."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.model.asking import Asker, Site
from tests.model.events import AGENTS, HOSTS, LOCATIONS, ORIGINS, Hit, Traffic, Visit, stored_events

NIGHT = date(2026, 3, 2)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
DAY = {"from": "2026-03-02", "to": "2026-03-02"}
PAGE = Hit(after=timedelta(0), event_type="pageview", page="/")
DIRECT, GOOGLE = ({**origin, **LOCATIONS[0], **AGENTS[0], **HOSTS[0]} for origin in ORIGINS[:2])


def _site(asker: Asker, visits: Sequence[Visit]) -> Site:
    traffic = Traffic(zone_name="UTC", night=NIGHT, visits=tuple(visits))
    events = stored_events(traffic)
    return Site(asker.store(traffic, events, "dirty"), events, asker)


@pytest.mark.rule("R32")
def test_the_share_of_a_referrer_is_of_all_visitors(asker: Asker) -> None:
    direct = Visit(person=0, at=timedelta(hours=1), attributes=DIRECT, hits=(PAGE,))
    site = _site(asker, [direct, replace(direct, person=1, attributes=GOOGLE)])

    answer = site.ask("{}/top-referrers", DAY, MIDNIGHT + timedelta(days=2))

    assert [(item["referrer"], item["percentage"]) for item in answer["data"]] == [("google.com", 50)]


@pytest.mark.rule("R17")
@pytest.mark.rule("R44")
def test_measurements_alone_are_no_current_visitor(asker: Asker) -> None:
    measured = Hit(after=timedelta(seconds=600), event_type="performance", page="")
    site = _site(asker, [Visit(person=0, at=timedelta(0), attributes=DIRECT, hits=(PAGE, measured))])

    answer = site.ask("{}/realtime", {}, MIDNIGHT + timedelta(seconds=600))

    assert (answer["current_visitors"], answer["active_users"]) == (0, 1)
    assert [item["visitors"] for item in answer["series_30m"] if item["visitors"]] == [1]


@pytest.mark.rule("R20")
@pytest.mark.rule("R34")
def test_a_session_over_midnight_counts_once_among_the_sessions_of_a_page(asker: Asker) -> None:
    later = replace(PAGE, after=timedelta(minutes=20))
    site = _site(asker, [Visit(person=2, at=-timedelta(minutes=10), attributes=DIRECT, hits=(PAGE, later))])
    asked = DAY | {"page": "/"}

    answer = site.ask("{}/top-pages", asked, MIDNIGHT + timedelta(days=2))

    assert [(item["views"], item["sessions"]) for item in answer["data"]] == [(1, 0)]
    assert site.ask("{}/dashboard", asked, MIDNIGHT + timedelta(days=2))["metrics"]["sessions"] == 0


@pytest.mark.rule("R28")
def test_engagement_in_a_cut_quarter_of_an_hour_is_engagement(asker: Asker) -> None:
    read = replace(PAGE, after=timedelta(minutes=1), engaged_ms=4000)
    visit = Visit(person=0, at=timedelta(minutes=8), attributes=DIRECT, hits=(PAGE, replace(read, page="/b")))
    asked = {"from": "2026-03-02T00:07:00Z", "to": "2026-03-02T00:12:00Z"}

    answer = _site(asker, [visit]).ask("{}/top-pages", asked, MIDNIGHT + timedelta(days=2))

    assert [(item["page"], item.get("avg_time")) for item in answer["data"]] == [("/", None), ("/b", 4)]
