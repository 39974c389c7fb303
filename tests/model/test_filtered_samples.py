"""With filters an estimate is the model's number of the visitors in the sample, times the scale: all of one sample."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.arithmetic import percent, ratio, rounded
from tests.model.asking import Asker, Body, Site
from tests.model.calendar import QUARTER, buckets, quarter_of
from tests.model.model import NO_ACTIVITY, Metrics, Population, Question, Session, sessions_of
from tests.model.questions import Case, body_of, cases, examples
from tests.model.reports import Row, by_page, by_session, sends_engagement
from tests.model.stored import in_sample

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
# Two things that happened are enough to look at a sample, and one visitor is enough in it.
EXACT_UP_TO = 1
MICROSECOND = timedelta(microseconds=1)
COUNTS = ("page_views", "unique_visitors", "sessions", "events")
_SUMMED = {*COUNTS, "views", "unique", "entries", "exits"}
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
        everything, of_begun = self.populations(question)
        happened, begun = everything.metrics(), of_begun.metrics()
        found = begun | {name: happened[name] for name in ("page_views", "unique_visitors", "events")}
        found["pages_per_session"] = rounded(ratio(int(found["page_views"]), int(found["sessions"])), 2)
        return found | {name: found[name] * self.one_in for name in COUNTS}

    def populations(self, question: Question) -> tuple[Population, Population]:
        """The sessions of everybody in the sample, and those of them that began there."""
        mine = [event for event in self.case.events if in_sample(self.site.website_id, event.visitor, self.one_in)]
        sessions = sessions_of(mine, question)
        return Population(sessions, question), Population([one for one in sessions if _has_begun(one)], question)


def _has_begun(session: Session) -> bool:
    active = [row.timestamp for row in session.rows if row.event_type not in NO_ACTIVITY]
    return bool(active) and min(active) <= session.started_at


def _sample(case: Case, asker: Asker, samples: Sequence[int] = (), factor: int = 4) -> _Sample:
    one_in = _one_in(case, samples or ((16, 64) if case.question.is_about_events else (4, 16, 64)), factor)
    visitors = {event.visitor for event in case.events}
    name = next(name for name in _names if not visitors or any(in_sample(name, one, one_in) for one in visitors))
    website_id = asker.store(case.traffic, case.events, case.rollups, name)
    return _Sample(Site(website_id, case.events, asker), case, one_in)


def _one_in(case: Case, samples: Sequence[int], factor: int) -> int:
    """One in so many, by what happened in the buckets that the range touches, whatever the filters."""
    question = case.question
    since, until = quarter_of(question.since), quarter_of(question.until - MICROSECOND) + QUARTER
    hits = sum(
        event.is_hit and since <= event.timestamp < until and _counts(case, event.is_bot) for event in case.events
    )
    is_exact = hits <= EXACT_UP_TO
    return 1 if is_exact else next((one for one in samples if hits <= factor * EXACT_UP_TO * one), samples[-1])


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


@pytest.mark.rule("R24")
@examples
@given(case=_filtered)
def test_lists_are_those_of_the_sample(sampler: Asker, case: Case) -> None:
    sample = _sample(case, sampler, factor=1)
    everything, of_begun = sample.populations(case.question)

    answer = sample.site.ask("geo/{}/countries", case.asked, case.now)

    begun = by_session(of_begun, _country)
    expected = {
        country: _scaled(row, begun.get(country, {}), sample.one_in, ("page_views", "unique_visitors", "percentage"))
        for country, row in by_session(everything, _country).items()
    }
    shown = ("page_views", "unique_visitors", "sessions", "bounce_rate", "percentage")
    assert {item["country"] or "(not set)": _numbers(item) for item in answer["data"]} == {
        country: {name: row[name] for name in shown if name in row} for country, row in expected.items()
    }
    assert ("sampled" in answer["meta"]) == (sample.one_in > 1)


@pytest.mark.rule("R28")
@pytest.mark.rule("R29")
@examples
@given(case=cases(has_event_filters=False))
def test_pages_are_those_of_the_sample(sampler: Asker, case: Case) -> None:
    """Without filters too."""
    sample = _sample(case, sampler, samples=(16, 64), factor=1)
    everything, of_begun = sample.populations(case.question)

    answer = sample.site.ask("dashboard/{}/pages", case.asked, case.now)

    is_engagement_sent = sends_engagement(case.events, case.question)
    begun = by_page(of_begun, is_engagement_sent=is_engagement_sent)
    kept = ("views", "unique", "sessions", "percentage", "avg_time", "scroll_depth")
    expected: dict[str, Row] = {}
    for page, row in by_page(everything, is_engagement_sent=is_engagement_sent).items():
        expected[page] = _scaled(row, begun.get(page, {}), sample.one_in, kept)
        exit_rate = percent(int(expected[page]["exits"]), int(expected[page]["views"]))
        expected[page]["exit_rate"] = min(exit_rate, Decimal(100))
    assert {item["page"]: _numbers(item) for item in answer["data"]} == expected
    assert ("sampled" in answer["meta"]) == (sample.one_in > 1)


def _country(session: Session) -> Hashable:
    return session.attribute("country") or "(not set)"


def _scaled(row: Row, begun: Row, one_in: int, kept: Sequence[str]) -> Row:
    """What is told of everybody, and of sessions that began in the sample: what adds up as many times."""
    found = {name: row[name] for name in kept if name in row} | {
        name: begun.get(name, Decimal(0)) if name in _SUMMED else begun[name]
        for name in row
        if name not in kept and (name in _SUMMED or name in begun)
    }
    return {name: value * one_in if name in _SUMMED else value for name, value in found.items()}


def _numbers(item: Body) -> Row:
    return {name: value for name, value in item.items() if isinstance(value, Decimal)}
