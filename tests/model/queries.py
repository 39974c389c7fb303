"""What the rows of a free query mean (SPEC N3, R34): events by what they are, and the sessions that contain one."""

from collections.abc import Sequence
from datetime import datetime

from tests.model.arithmetic import percent
from tests.model.calendar import Bucket
from tests.model.model import Metrics, Population, Session, StoredEvent

Key = tuple[str, ...]
UNDEFINED_IN_ROWS = ("bounce_rate", "engagement_rate")


def by_dimensions(
    whole: Population, dimensions: Sequence[str], buckets: Sequence[Bucket]
) -> dict[Key, dict[str, object]]:
    """A row for each combination that an event or a session of the population has."""
    sessions = {session.rows[0].session: session for session in whole.sessions}
    is_any_row = whole.question.wants_silent
    events = [event for event in whole.events if event.is_hit or is_any_row]

    def of_event(event: StoredEvent) -> Key:
        return tuple(_of_event(name, sessions[event.session], event, buckets) for name in dimensions)

    def of_visit(visit: Session, event: StoredEvent) -> Key:
        """Time is the session's own, what is of an event the event's."""
        return tuple(
            _bucket(visit.started_at, buckets) if name.startswith("time") else _of_event(name, visit, event, buckets)
            for name in dimensions
        )

    hit_keys = [(of_event(event), event) for event in events]
    visit_keys = {
        (of_visit(visit, event), visit.rows[0].session)
        for visit in whole.visits
        for event in events
        if event.session == visit.rows[0].session
    }
    keys = {key for key, event in hit_keys if event.is_hit} | {key for key, _ in visit_keys}
    rows: dict[Key, dict[str, object]] = {}
    for key in keys:
        part = Population([], whole.question)
        part.events = tuple(event for own, event in hit_keys if own == key)
        part.visits = tuple(visit for visit in whole.visits if (key, visit.rows[0].session) in visit_keys)
        rows[key] = _row(part.metrics(), whole)
    return rows


def _row(metrics: Metrics, whole: Population) -> dict[str, object]:
    row: dict[str, object] = {**metrics}
    row["percentage"] = percent(int(metrics["unique_visitors"]), len(whole.visitors))
    if not metrics["sessions"]:
        row |= dict.fromkeys(UNDEFINED_IN_ROWS)
    return row


def _of_event(name: str, session: Session, event: StoredEvent, buckets: Sequence[Bucket]) -> str:
    if name.startswith("time"):
        return _bucket(event.timestamp, buckets)
    if name.startswith("prop:"):
        return event.properties.get(name.removeprefix("prop:"), "(none)")
    if name == "page":
        return event.page or "(not set)"
    if name == "event_type":
        return event.event_type
    return session.attribute(name) or ("Direct / None" if name == "source" else "(not set)")


def _bucket(moment: datetime, buckets: Sequence[Bucket]) -> str:
    """What carries a later time than the last bucket counts into it."""
    return next(bucket.label for bucket in reversed(buckets) if bucket.since <= moment)
