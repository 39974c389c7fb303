"""The totals, series and counters of the query API are the model's, whatever is asked of whatever traffic."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.asking import Asker
from tests.model.calendar import buckets
from tests.model.model import Metrics, Question, change
from tests.model.questions import Case, cases, examples
from tests.model.reports import realtime

# Of a failure, whose traffic is told in full.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SIX = ("page_views", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session")
DASHBOARD = "dashboard/{}"


@pytest.mark.rule("R34")
@examples
@given(case=cases())
def test_totals_equal_the_model(asker: Asker, case: Case) -> None:
    answer = case.site(asker).ask(DASHBOARD, case.asked | {"compare": "none"}, case.now)

    assert answer["metrics"] == case.population(case.question).metrics()
    assert answer["comparison"] is None


@pytest.mark.rule("R40")
@pytest.mark.rule("R41")
@examples
@given(case=cases(), is_year=st.booleans())
def test_comparisons_equal_the_model(asker: Asker, case: Case, is_year: bool) -> None:
    is_year = is_year and not isinstance(case.span.first, datetime)
    compare = {"compare": "year_over_year" if is_year else "previous"}
    before = case.population(case.compared(is_year=is_year)).metrics()

    answer = case.site(asker).ask(DASHBOARD, case.asked | compare, case.now)

    assert answer["comparison"]["metrics"] == before
    assert answer["comparison"]["change"] == change(case.population(case.question).metrics(), before)


@pytest.mark.rule("R38")
@pytest.mark.rule("R39")
@examples
@given(case=cases(), interval=st.sampled_from(("15m", "hour", "day", "week", "month")))
def test_series_equal_the_model(asker: Asker, case: Case, interval: str) -> None:
    question = case.question
    # No bucket lies in the future.
    until = min(question.until, max(case.now, question.since) + timedelta(microseconds=1))
    asked = case.asked | {"compare": "none", "interval": interval, "metrics": ",".join((*SIX, "events"))}

    answer = case.site(asker).ask("timeseries/{}", asked, case.now)

    expected = [
        (bucket.label, case.population(case.during(bucket.since, bucket.until)))
        for bucket in buckets(question.since, until, interval, case.zone)
    ]
    assert [item["time"] for item in answer["data"]] == [label for label, _ in expected]
    for item, (_, part) in zip(answer["data"], expected, strict=True):
        # A filter on events is met in the range, by the whole session (SPEC R34).
        assert {name: item[name] for name in item if name in SIX} == _six(_in_series(case, part.question))
    totals = case.population(question).metrics()
    assert answer["totals"] == {name: totals[name] for name in (*SIX, "events")}
    for name in ("page_views", "sessions"):
        assert sum(item[name] for item in answer["data"]) == totals[name]


def _in_series(case: Case, bucket: Question) -> Metrics:
    """What happened in the bucket, of the population of the whole range."""
    whole, part = case.population(case.question), case.population(bucket)
    part.visits = tuple(visit for visit in whole.visits if bucket.covers(visit.started_at))
    return part.metrics()


@pytest.mark.rule("R35")
@examples
@given(case=cases())
def test_both_families_of_daily_and_hourly_agree_and_add_up(asker: Asker, case: Case) -> None:
    site = case.site(asker)
    asked = case.asked | {"compare": "none"}
    totals = case.population(case.question).metrics()
    for one, other in (
        ("timeseries/{}/daily", "{}/daily-stats"),
        ("timeseries/{}/hourly", "{}/hourly-stats"),
        ("dashboard/{}/pages", "{}/top-pages"),
        ("geo/{}/countries", "{}/top-countries"),
        (DASHBOARD, "{}/dashboard"),
    ):
        first, second = site.ask(one, asked, case.now), site.ask(other, asked, case.now)
        assert first == second
        if "timeseries" in one:
            for name in ("page_views", "sessions"):
                assert sum(item[name] for item in first["data"]) == totals[name]


@pytest.mark.rule("R44")
@examples
@given(case=cases(has_event_filters=False), age=st.integers(0, 3700))
def test_realtime_equals_the_model(asker: Asker, case: Case, age: int) -> None:
    now = case.now if not case.events else max(event.timestamp for event in case.events) + timedelta(seconds=age)
    everything = case.population(case.during(now - timedelta(days=9), now + timedelta(days=9)))

    answer = case.site(asker).ask("{}/realtime", case.picked, now)

    expected = realtime([row for session in everything.sessions for row in session.rows], now)
    assert {name: answer[name] for name in expected} == expected
    assert sum(item["views"] for item in answer["top_pages_realtime"]) <= answer["page_views_last_1h"]


def _six(metrics: Metrics) -> Metrics:
    return {name: metrics[name] for name in SIX}
