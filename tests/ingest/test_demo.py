"""The demo's traffic is taken whole by the running product, and once."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from ingest.batch_client import BatchClient
from ingest.demo import register, send_day
from ingest.demo_traffic import SPIKE_EVERY_DAYS, WEBSITE_ID, day_events
from shared.clock import utc_now
from tests.flow.pipeline import Pipeline

DAY = date(2026, 3, 2)


def test_a_day_is_the_same_whenever_it_is_asked_for() -> None:
    assert day_events(DAY) == day_events(DAY)
    assert day_events(DAY) != day_events(DAY + timedelta(days=1))


def test_events_come_in_the_order_of_time_each_with_an_id_of_its_own() -> None:
    events = day_events(DAY)

    assert [event["timestamp"] for event in events] == sorted(str(event["timestamp"]) for event in events)
    assert len({event["id"] for event in events}) == len(events)


def test_a_visitor_who_comes_back_still_has_the_device_and_the_network() -> None:
    seen: dict[object, set[tuple[object, object]]] = {}
    for back in range(10):
        for event in day_events(DAY - timedelta(days=back)):
            seen.setdefault(event["visitor_id"], set()).add((event["user_agent"], event["ip_address"]))

    assert {len(devices) for devices in seen.values()} == {1}


def test_on_some_days_many_come_from_one_place() -> None:
    spike = date.fromordinal(DAY.toordinal() // SPIKE_EVERY_DAYS * SPIKE_EVERY_DAYS)
    referrers = Counter(event.get("referrer") for event in day_events(spike))

    assert referrers["https://news.ycombinator.com/"] > max(referrers["https://www.google.com/"], 50)


def test_sent_twice_every_event_is_taken_and_counted_once(pipeline: Pipeline) -> None:
    register(f"http://127.0.0.1:{pipeline.query_port}", pipeline.token())
    yesterday = utc_now().date() - timedelta(days=1)
    end = datetime.combine(yesterday + timedelta(days=2), time(), UTC)
    url = f"http://127.0.0.1:{pipeline.ingest_port}"

    with BatchClient(url, pipeline.token()) as client:
        counts = [send_day(client, yesterday, end) for _ in range(2)]
    pipeline.wait_consumed()

    events = day_events(yesterday)
    views = sum(1 for event in events if "event_type" not in event)
    dashboard = pipeline.read(f"analytics/dashboard/{WEBSITE_ID}", query="days=4&timezone=UTC")
    funnels = pipeline.read(f"funnels/{WEBSITE_ID}")
    assert counts == [len(events)] * 2
    assert dashboard.body["metrics"]["page_views"] == views
    assert dashboard.body["metrics"]["bounce_rate"] not in {0, 100}
    assert [funnel["name"] for funnel in funnels.body["data"]] == ["From a lamp to an order"]


def test_registered_again_the_website_its_funnel_and_its_goals_stay_as_they_are(pipeline: Pipeline) -> None:
    url = f"http://127.0.0.1:{pipeline.query_port}"

    for _ in range(2):
        register(url, pipeline.token())

    assert pipeline.read("websites").body["total"] == 1
    assert pipeline.read(f"funnels/{WEBSITE_ID}").body["total"] == 1
    goals = pipeline.read(f"analytics/{WEBSITE_ID}/goals").body["data"]
    assert sorted(goal["name"] for goal in goals) == ["Ordered", "Read in the journal", "Subscribed to the newsletter"]
