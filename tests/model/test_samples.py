"""An estimate of unique visitors is the model's count of the visitors in the sampled lanes, times the scale."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.arithmetic import rounded
from tests.model.asking import Asker
from tests.model.calendar import QUARTER, buckets, quarter_of
from tests.model.model import Population
from tests.model.questions import Case, cases, examples
from tests.model.stored import visitor_lane

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
# Few enough that most of the random questions are answered from some of the lanes.
EXACT_UP_TO = 3
LANES = 64
SIX = ("page_views", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session")


@pytest.fixture
def sampler(database: str) -> Iterator[Asker]:
    running = Asker(database, EXACT_UP_TO=str(EXACT_UP_TO))
    try:
        yield running
    finally:
        running.close()


@pytest.mark.rule("R34")
@examples
@given(case=cases(has_event_filters=False).map(lambda case: replace(case, session_filters={}, tree=())))
def test_only_visitors_are_estimated_and_from_whole_lanes(sampler: Asker, case: Case) -> None:
    site, lanes = case.site(sampler), _lanes(case, EXACT_UP_TO)
    totals = case.population(case.question)

    answer = site.ask("dashboard/{}", case.asked | {"compare": "none"}, case.now)

    expected = totals.metrics() | {"unique_visitors": _estimate(totals, site.website_id, lanes)}
    assert answer["metrics"] == expected
    assert ("sampled" in answer["meta"]) == (lanes < LANES)
    if lanes < LANES:
        assert answer["meta"]["sampled"]["fraction"] == Fraction(lanes, LANES)
    exact = site.ask("dashboard/{}", case.asked | {"compare": "none", "exact": "true"}, case.now)
    assert exact["metrics"] == totals.metrics()
    assert "sampled" not in exact["meta"]


@pytest.mark.rule("R39")
@examples
@given(
    case=cases(has_event_filters=False).map(lambda case: replace(case, session_filters={}, tree=())),
    interval=st.sampled_from(("hour", "day", "week")),
)
def test_every_bucket_of_a_series_is_estimated_from_the_same_lanes(sampler: Asker, case: Case, interval: str) -> None:
    question, site = case.question, case.site(sampler)
    lanes = _lanes(case, 4 * EXACT_UP_TO)
    until = min(question.until, max(case.now, question.since) + timedelta(microseconds=1))
    asked = case.asked | {"compare": "none", "interval": interval, "metrics": ",".join(SIX)}

    answer = site.ask("timeseries/{}", asked, case.now)

    spans = buckets(question.since, until, interval, case.zone)
    parts = [case.population(case.during(span.since, span.until)) for span in spans]
    for item, part in zip(answer["data"], parts, strict=True):
        expected = part.metrics() | {"unique_visitors": _estimate(part, site.website_id, lanes)}
        assert {name: item[name] for name in SIX} == {name: expected[name] for name in SIX}


def _lanes(case: Case, exact_up_to: int) -> int:
    """All of them up to so many page views and custom events in the buckets that the range touches."""
    question = case.question
    until = quarter_of(question.until - timedelta(microseconds=1)) + QUARTER
    touched = case.population(case.during(quarter_of(question.since), until))
    hits = sum(event.is_hit for event in touched.events)
    return LANES if hits <= exact_up_to else max(1, LANES * exact_up_to // hits)


def _estimate(population: Population, website_id: str, lanes: int) -> Decimal:
    found = sum(visitor_lane(website_id, visitor) < lanes for visitor in population.visitors)
    return rounded(Fraction(found * LANES, lanes))
