"""After a purge every number is the model's, on the events that are left."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given

from tests.model.asking import Asker
from tests.model.model import StoredEvent
from tests.model.questions import Case, cases, examples

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SINCE, UNTIL = datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
# Time on a page is no visit of it.
SILENT = frozenset({"engagement", "performance", "identify"})


@pytest.mark.rule("N6")
@examples
@given(case=cases())
def test_numbers_after_a_purge_equal_the_model_on_what_is_left(asker: Asker, case: Case) -> None:
    website_id = case.site(asker).website_id
    picked = replace(case.question, include_bots=True)
    is_silent_picked = not picked.is_about_events or picked.wants_silent or "event_type" in case.event_filters
    purged = {
        event.arrival for event in case.population(picked).events if is_silent_picked or event.event_type not in SILENT
    }
    named = {**case.session_filters, **case.event_filters}
    filters = [*(["is", name, list(values)] for name, values in named.items()), *case.tree]
    ends = {"from": case.question.since.isoformat(), "to": case.question.until.isoformat()}
    left = _realigned([event for event in case.events if event.arrival not in purged])
    everything = replace(case, events=left, session_filters={}, event_filters={}, tree=())

    told = asker.send(f"/api/v1/websites/{website_id}/purge", {**ends, "filters": filters}, case.now)
    done = asker.send(f"/api/v1/websites/{website_id}/purge", {**ends, "filters": filters, "dry_run": False}, case.now)
    asked = {"from": "2025-12-01", "to": "2026-12-01", "compare": "none", "timezone": "UTC"}
    answers: list[object] = []
    for is_rolled_up in (False, True):
        if is_rolled_up:
            asker.refresh()
        answers.append(asker.ask(f"dashboard/{website_id}", asked, case.now)["metrics"])

    assert (told["events"], done["events"]) == (len(purged), len(purged))
    whole = replace(everything, include_bots=False).during(SINCE, UNTIL)
    expected = everything.population(whole).metrics()
    assert answers == [expected, expected]


def _realigned(events: list[StoredEvent]) -> list[StoredEvent]:
    """The events as if the others had never been: a session begins with the first that is left, and is none without
    a page view or a custom event (SPEC R3)."""
    starts: dict[str, datetime] = {}
    for event in events:
        starts[event.session] = min(event.timestamp, starts.get(event.session, event.timestamp))
    visits = {event.session for event in events if event.is_hit}
    return [replace(event, session_started_at=starts[event.session]) for event in events if event.session in visits]
