"""Walking the pages of single events and sessions gives each once, whatever is asked and whatever arrives meanwhile."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.arithmetic import rounded, seconds
from tests.model.asking import Asker, Body, Site
from tests.model.model import Session, StoredEvent
from tests.model.questions import Case, cases, examples

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
RECENT = "/api/v1/events/{}/recent"
SESSIONS = "{}/sessions"
limits = st.sampled_from((1, 2, 3, 7, 500))


def without_ends(case: Case) -> Case:
    """What arrives may change what a session has done, and its first and last page: no filter on these."""
    rest = {name: values for name, values in case.session_filters.items() if name not in {"entry_page", "exit_page"}}
    return replace(case, session_filters=rest, tree=())


@pytest.mark.rule("B12")
@examples
@given(case=cases(), limit=limits)
def test_the_pages_of_events_give_each_once(asker: Asker, case: Case, limit: int) -> None:
    site = case.site(asker)

    shown = _walk(site, RECENT, case, limit)

    assert Counter(_told(item) for item in shown) == Counter(_event(event) for event in _picked(case))
    keys = [(datetime.fromisoformat(item["timestamp"]), item["id"]) for item in shown]
    assert keys == sorted(set(keys), reverse=True)


@pytest.mark.rule("B12")
@examples
@given(case=cases().map(without_ends), limit=limits, share=st.integers(0, 4), pages=st.integers(1, 4))
def test_events_that_arrive_meanwhile_repeat_and_hide_nothing(
    asker: Asker, case: Case, limit: int, share: int, pages: int
) -> None:
    """Of what is stored before the walk each event is shown once; of what comes later none is shown twice."""
    there = len(case.events) * share // 4
    site = Site(asker.store(case.traffic, case.events[:there], "dirty"), case.events, asker)

    def arrive(page: int) -> None:
        if page == pages:
            asker.add(site.website_id, case.events[there:])

    shown = _walk(site, RECENT, case, limit, arrive)

    told = Counter(_told(item) for item in shown)
    before = {id(event) for event in case.events[:there]}
    assert len({item["id"] for item in shown}) == len(shown)
    assert not Counter(_event(event) for event in _picked(case) if id(event) in before) - told
    assert not told - Counter(_event(event) for event in _picked(case))


@pytest.mark.rule("N4")
@pytest.mark.rule("R20")
@examples
@given(case=cases(), limit=limits)
def test_the_pages_of_sessions_give_each_once(asker: Asker, case: Case, limit: int) -> None:
    site, whole = case.site(asker), case.population(case.question)

    shown = _walk(site, SESSIONS, case, limit)

    assert Counter(_told_session(item) for item in shown) == Counter(_session(visit) for visit in whole.visits)
    keys = [datetime.fromisoformat(item["started_at"]) for item in shown]
    assert keys == sorted(keys, reverse=True)
    assert len({item["id"] for item in shown}) == len(shown)


def _walk(
    site: Site, path: str, case: Case, limit: int, before_page: Callable[[int], None] = lambda _: None
) -> list[Body]:
    """The rows of all pages."""
    rows: list[Body] = []
    asked = case.asked | {"limit": str(limit)}
    for page in range(len(site.events) + 2):
        before_page(page)
        answer = site.ask(path, asked, case.now)
        rows += answer["data"]
        if answer["next_cursor"] is None:
            return rows
        assert len(answer["data"]) == limit
        asked = asked | {"cursor": answer["next_cursor"]}
    raise AssertionError("the pages have no end")


def _picked(case: Case) -> list[StoredEvent]:
    """Every event of the population; a filter on a page does not mean measurements taken there."""
    is_narrow = case.question.is_about_events and not case.question.wants_silent
    return [event for event in case.population(case.question).events if event.is_hit or not is_narrow]


def _event(event: StoredEvent) -> tuple[object, ...]:
    return (event.timestamp, event.event_type, event.page, event.visitor, event.session, event.is_bot)


def _told(item: Body) -> tuple[object, ...]:
    moment = datetime.fromisoformat(item["timestamp"])
    return (moment, item["event_type"], item["page"], item["visitor_id"], item["session_id"], item["is_bot"])


def _session(visit: Session) -> tuple[object, ...]:
    return (
        visit.started_at,
        rounded(seconds(visit.duration)),
        len(visit.views),
        sum(row.is_custom for row in visit.rows),
        visit.is_bounce,
        visit.entry_page,
        visit.exit_page,
        visit.attribute("channel"),
        visit.attribute("country"),
    )


def _told_session(item: Body) -> tuple[object, ...]:
    names = ("duration", "page_views", "events", "is_bounce", "entry_page", "exit_page", "channel", "country")
    return (datetime.fromisoformat(item["started_at"]), *(item[name] for name in names))
