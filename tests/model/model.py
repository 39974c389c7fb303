"""What a dashboard's numbers mean, in plain Python over a list of stored events: no SQL, nothing of the product."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from tests.model.arithmetic import mean_seconds, percent, ratio, rounded
from tests.model.filter_tree import Tree, conjuncts, is_about_event, meets, wants_silent

RESERVED = frozenset({"pageview", "engagement", "performance", "identify"})
# SPEC R17: what keeps a session alive and so moves its end.
NO_ACTIVITY = frozenset({"performance", "identify"})
ENGAGED_MS = 10_000
PERCENT_METRICS = frozenset({"bounce_rate", "engagement_rate"})

Filters = Mapping[str, tuple[str, ...]]
Metrics = dict[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """One row of `events`; `attributes` are those of its session's first event (SPEC R19)."""

    timestamp: datetime
    arrival: int
    visitor: str
    session: str
    session_started_at: datetime
    event_type: str
    page: str
    interactive: bool = True
    is_bot: bool = False
    engaged_ms: int | None = None
    scroll_depth: int | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    # Currency and amount.
    revenue: tuple[str, Decimal] | None = None
    attributes: Mapping[str, str | None]

    @property
    def is_view(self) -> bool:
        return self.event_type == "pageview"

    @property
    def is_custom(self) -> bool:
        return self.event_type not in RESERVED

    @property
    def is_hit(self) -> bool:
        return self.is_view or self.is_custom


@dataclass(frozen=True)
class Session:
    """The rows of one session in order of (time, arrival)."""

    rows: tuple[StoredEvent, ...]
    # From which engagement on its website takes it for no bounce (SPEC R22).
    engaged_threshold_ms: int | None = None

    @property
    def started_at(self) -> datetime:
        return self.rows[0].session_started_at

    @cached_property
    def views(self) -> tuple[StoredEvent, ...]:
        return tuple(row for row in self.rows if row.is_view)

    @property
    def entry_page(self) -> str | None:
        return self.views[0].page if self.views else None

    @property
    def exit_page(self) -> str | None:
        return self.views[-1].page if self.views else None

    @property
    def duration(self) -> timedelta:
        return max(row.timestamp for row in self.rows if row.event_type not in NO_ACTIVITY) - self.started_at

    @property
    def engaged_ms(self) -> int:
        return sum(row.engaged_ms or 0 for row in self.rows)

    @property
    def is_bounce(self) -> bool:
        has_read = self.engaged_threshold_ms is not None and self.engaged_ms >= self.engaged_threshold_ms
        return not self._has_acted and not has_read

    @property
    def is_engaged(self) -> bool:
        return self._has_acted or self.engaged_ms >= ENGAGED_MS

    @property
    def _has_acted(self) -> bool:
        return len(self.views) >= 2 or any(row.is_custom and row.interactive for row in self.rows)

    def attribute(self, name: str) -> str | None:
        if name == "entry_page":
            return self.entry_page
        return self.exit_page if name == "exit_page" else self.rows[0].attributes[name]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A range and filters; several values of one name are alternatives (SPEC R64)."""

    since: datetime
    until: datetime
    session_filters: Filters = field(default_factory=dict[str, tuple[str, ...]])
    event_filters: Filters = field(default_factory=dict[str, tuple[str, ...]])
    # Conditions that must all be met as well, as they are sent.
    tree: tuple[Tree, ...] = ()
    include_bots: bool = False
    engaged_threshold_ms: int | None = None

    @property
    def is_about_events(self) -> bool:
        return bool(self.event_filters) or any(is_about_event(part) for part in conjuncts(self.tree))

    @property
    def wants_silent(self) -> bool:
        """True when events that are no visit of a page and nothing a visitor did are asked for by name."""
        return any(wants_silent(part) for part in conjuncts(self.tree) if is_about_event(part))

    def during(self, since: datetime, until: datetime) -> "Question":
        return replace(self, since=since, until=until)

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment < self.until

    def picks_event(self, session: Session, event: StoredEvent) -> bool:
        return all(_event_value(event, name) in allowed for name, allowed in self.event_filters.items()) and all(
            meets(part, self, session, event) for part in conjuncts(self.tree) if is_about_event(part)
        )

    def picks_session(self, session: Session) -> bool:
        return all(session.attribute(name) in allowed for name, allowed in self.session_filters.items()) and all(
            meets(part, self, session, None) for part in conjuncts(self.tree) if not is_about_event(part)
        )


class Population:
    """Everything that one question is about (SPEC R34)."""

    def __init__(self, sessions: Iterable[Session], question: Question) -> None:
        self.question = question
        self.sessions = tuple(session for session in sessions if question.picks_session(session))
        self.events = tuple(
            row
            for session in self.sessions
            for row in session.rows
            if question.covers(row.timestamp) and question.picks_event(session, row)
        )
        is_any_row = question.wants_silent or not question.is_about_events
        matched = {row.session for row in self.events if row.is_hit or is_any_row}
        # SPEC R20: a session is counted where it starts; R34: its matching event must lie in the range.
        self.visits = tuple(
            session
            for session in self.sessions
            if question.covers(session.started_at) and session.rows[0].session in matched
        )

    @cached_property
    def views(self) -> tuple[StoredEvent, ...]:
        return tuple(row for row in self.events if row.is_view)

    @cached_property
    def visitors(self) -> frozenset[str]:
        return frozenset(row.visitor for row in self.events if row.is_hit)

    def metrics(self) -> Metrics:
        visits, views = self.visits, len(self.views)
        engaged_ms = sum(visit.engaged_ms for visit in visits)
        return {
            "page_views": Decimal(views),
            "unique_visitors": Decimal(len(self.visitors)),
            "sessions": Decimal(len(visits)),
            "bounce_rate": percent(sum(visit.is_bounce for visit in visits), len(visits)),
            "avg_session_time": mean_seconds(visit.duration for visit in visits),
            "pages_per_session": rounded(ratio(views, len(visits)), 2),
            "avg_engaged_time": rounded(ratio(engaged_ms, len(visits)) / 1000),
            "engagement_rate": percent(sum(visit.is_engaged for visit in visits), len(visits)),
            "events": Decimal(sum(row.is_custom for row in self.events)),
        }


def sessions_of(events: Iterable[StoredEvent], question: Question) -> list[Session]:
    """The sessions of stored events, robots left out unless asked for (SPEC R9)."""
    grouped: dict[str, list[StoredEvent]] = {}
    for event in sorted(events, key=lambda row: (row.timestamp, row.arrival)):
        if question.include_bots or not event.is_bot:
            grouped.setdefault(event.session, []).append(event)
    return [Session(tuple(rows), question.engaged_threshold_ms) for rows in grouped.values()]


def population(events: Iterable[StoredEvent], question: Question) -> Population:
    return Population(sessions_of(events, question), question)


def change(current: Metrics, previous: Metrics) -> dict[str, Decimal | None]:
    """SPEC R41; None stands for what was not there before."""
    return {name: _change(name, current[name], before) for name, before in previous.items()}


def _change(name: str, current: Decimal, previous: Decimal) -> Decimal | None:
    if name in PERCENT_METRICS:
        return current - previous
    if previous == 0:
        return Decimal(0) if current == 0 else None
    return rounded(100 * (Fraction(current) / Fraction(previous) - 1), 1)


def _event_value(event: StoredEvent, name: str) -> str | None:
    if name.startswith("prop:"):
        return event.properties.get(name.removeprefix("prop:"))
    return event.page if name == "page" else event.event_type
