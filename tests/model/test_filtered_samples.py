"""With filters an estimate is the model's number of the visitors in the sample, times the scale: all of one sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.arithmetic import ratio, rounded
from tests.model.asking import Asker, Site
from tests.model.calendar import QUARTER, buckets, quarter_of
from tests.model.model import NO_ACTIVITY, Metrics, Population, Question, Session, sessions_of
from tests.model.questions import Case, body_of, cases, examples
from tests.model.stored import in_sample

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
# Two things that happened are enough to look at a sample, and one visitor is enough in it.
EXACT_UP_TO = 1
MICROSECOND = timedelta(microseconds=1)
COUNTS = ("page_views", "unique_visitors", "sessions", "events")
SIX = ("page_views", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session")
_names = (f"sampled-{number}" for number in count())


@pytest.fixture
def sampler(database: str) -> Iterator[Asker]:
    running = Asker(database, EXACT_UP_TO=str(EXACT_UP_TO))
    try:
        yield running
    finally:
        running.close()


@dataclass(frozen=True)
class _Sample:
    """A website whose name puts some of its visitors into the sample, and what is expected of it."""

    site: Site
    case: Case
    one_in: int

    def metrics(self, question: Question) -> Metrics:
        """What happened of everybody in the sample; sessions of those that began there."""
        mine = [event for event in self.case.events if in_sample(self.site.website_id, event.visitor, self.one_in)]
        sessions = sessions_of(mine, include_bots=question.include_bots)
        happened = Population(sessions, question).metrics()
        begun = Population([session for session in sessions if _has_begun(session)], question).metrics()
        found = begun | {name: happened[name] for name in ("page_views", "unique_visitors", "events")}
        found["pages_per_session"] = rounded(ratio(int(found["page_views"]), int(found["sessions"])), 2)
        return found | {name: found[name] * self.one_in for name in COUNTS}


def _has_begun(session: Session) -> bool:
    active = [row.timestamp for row in session.rows if row.event_type not in NO_ACTIVITY]
    return bool(active) and min(active) <= session.started_at


def _sample(case: Case, asker: Asker) -> _Sample:
    one_in = _one_in(case)
    visitors = {event.visitor for event in case.events}
    name = next(name for name in _names if not visitors or any(in_sample(name, one, one_in) for one in visitors))
    website_id = asker.store(case.traffic, case.events, case.rollups, name)
    return _Sample(Site(website_id, case.events, asker), case, one_in)


def _one_in(case: Case) -> int:
    """One in so many, by what happened in the buckets that the range touches, whatever the filters."""
    question = case.question
    since, until = quarter_of(question.since), quarter_of(question.until - MICROSECOND) + QUARTER
    hits = sum(
        event.is_hit and since <= event.timestamp < until and _counts(case, event.is_bot) for event in case.events
    )
    samples = (16, 64) if question.is_about_events else (4, 16, 64)
    return 1 if hits <= EXACT_UP_TO else next((one for one in samples if hits <= 4 * EXACT_UP_TO * one), samples[-1])


def _counts(case: Case, is_bot: bool) -> bool:
    return case.include_bots or not is_bot


_filtered = cases().filter(lambda case: bool(case.session_filters or case.event_filters or case.tree))


@pytest.mark.rule("R34")
@examples
@given(case=_filtered)
def test_totals_are_those_of_the_sample(sampler: Asker, case: Case) -> None:
    sample = _sample(case, sampler)
    expected = sample.metrics(case.question)

    answer = sample.site.ask("dashboard/{}", case.asked | {"compare": "none"}, case.now)

    assert answer["metrics"] == expected
    said = answer["meta"].get("sampled")
    assert (said is None) == (sample.one_in == 1)
    if said is not None:
        assert said["fraction"] * sample.one_in == 1
        assert set(said["metrics"]) == set(COUNTS)
    exact = sample.site.ask("dashboard/{}", case.asked | {"compare": "none", "exact": "true"}, case.now)
    assert exact["metrics"] == case.population(case.question).metrics()
    assert "sampled" not in exact["meta"]


@pytest.mark.rule("R39")
@examples
@given(case=_filtered, interval=st.sampled_from(("hour", "day", "week")))
def test_buckets_are_those_of_the_sample_and_add_up(sampler: Asker, case: Case, interval: str) -> None:
    sample, question = _sample(case, sampler), case.question
    asked = case.asked | {"compare": "none", "interval": interval, "metrics": ",".join(SIX)}

    answer = sample.site.ask("timeseries/{}", asked, case.now)

    until = min(question.until, max(case.now, question.since) + MICROSECOND)
    spans = buckets(question.since, until, interval, case.zone)
    parts = [sample.metrics(case.during(span.since, span.until)) for span in spans]
    assert [{name: item[name] for name in SIX} for item in answer["data"]] == [
        {name: part[name] for name in SIX} for part in parts
    ]
    for name in ("page_views", "sessions"):
        assert sum(item[name] for item in answer["data"]) == answer["totals"][name]


@pytest.mark.rule("R34")
@examples
@given(case=_filtered)
def test_a_free_query_says_what_the_report_says(sampler: Asker, case: Case) -> None:
    sample = _sample(case, sampler)
    asked = case.asked | {"compare": "none"}

    report = sample.site.ask("dashboard/{}", asked, case.now)
    answer = sample.site.query(body_of(case) | {"metrics": list(SIX)}, case.now)

    assert answer["data"][0]["metrics"] == {name: report["metrics"][name] for name in SIX}
    assert answer["meta"].get("sampled", {}).get("fraction") == report["meta"].get("sampled", {}).get("fraction")
