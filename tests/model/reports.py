"""What the rows of each list mean (SPEC R24, R28-R32, R44, A4-A10, B2-B8)."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from tests.model.arithmetic import mean_seconds, percent, ratio, rounded
from tests.model.calendar import quarter_of
from tests.model.model import Population, Question, Session, StoredEvent

Row = dict[str, Decimal]
Key = TypeVar("Key", bound=Hashable)
# SPEC R28: the longest a reader is believed to have stayed on a page.
LONGEST_GAP = timedelta(seconds=1800)


def by_session(whole: Population, key: Callable[[Session], Key | None]) -> dict[Key, Row]:
    """A row for each key that a counted visitor has; a session without key is in no row."""
    keys = {key(session): None for session in whole.sessions}
    rows: dict[Key, Row] = {}
    for name in keys:
        part = Population([session for session in whole.sessions if key(session) == name], whole.question)
        if name is not None and part.visitors:
            rows[name] = _row(part, len(whole.visitors))
    return rows


def _row(part: Population, all_visitors: int) -> Row:
    metrics = part.metrics()
    names = ["page_views", "unique_visitors", "sessions", "avg_session_time", "events"]
    if part.visits:
        names.append("bounce_rate")
    return {name: metrics[name] for name in names} | {"percentage": percent(len(part.visitors), all_visitors)}


def by_page(whole: Population, *, is_engagement_sent: bool) -> dict[str, Row]:
    """A row for each page with a view in the range."""
    return {
        page: _page_row(whole, page, is_engagement_sent=is_engagement_sent)
        for page in {view.page for view in whole.views}
    }


def _page_row(whole: Population, page: str, *, is_engagement_sent: bool) -> Row:
    views = [view for view in whole.views if view.page == page]
    sessions = {view.session for view in views}
    entered = [visit for visit in whole.visits if visit.entry_page == page]
    exits = exits_of(whole, page)
    visitors = {view.visitor for view in views}
    row: Row = {
        "views": Decimal(len(views)),
        "unique": Decimal(len(visitors)),
        "sessions": Decimal(sum(visit.rows[0].session in sessions for visit in whole.visits)),
        "entries": Decimal(len(entered)),
        "exits": Decimal(exits),
        "exit_rate": min(percent(exits, len(views)), Decimal(100)),
        "percentage": percent(len(visitors), len(whole.visitors)),
    }
    if entered:
        row["bounce_rate"] = percent(sum(visit.is_bounce for visit in entered), len(entered))
    on_page = [event for event in whole.events if event.page == page]
    avg_time = _engaged(on_page) if is_engagement_sent else _gaps(whole, page)
    if avg_time is not None:
        row["avg_time"] = avg_time
    depth = _scroll_depth(on_page)
    return row if depth is None else row | {"scroll_depth": depth}


def sends_engagement(events: Iterable[StoredEvent], question: Question) -> bool:
    """Whether the website does, going by the quarters of an hour that the range touches (SPEC R28)."""
    first = quarter_of(question.since)
    return any(event.engaged_ms and first <= quarter_of(event.timestamp) < question.until for event in events)


def exits_of(whole: Population, page: str) -> int:
    """Sessions whose last view is of this page and lies in the range (SPEC R29)."""
    seen = {event.session for event in whole.events}
    return sum(
        session.rows[0].session in seen
        and session.exit_page == page
        and whole.question.covers(session.views[-1].timestamp)
        for session in whole.sessions
    )


def _engaged(on_page: Iterable[StoredEvent]) -> Decimal | None:
    recorded = [(event.session, event.engaged_ms) for event in on_page if event.engaged_ms is not None]
    pairs = {session for session, _ in recorded}
    total = Fraction(sum(engaged_ms for _, engaged_ms in recorded), 1000)
    return rounded(ratio(total, len(pairs))) if pairs else None


def _gaps(whole: Population, page: str) -> Decimal | None:
    """To the next thing done: a measurement soon after a view ends no reading."""
    views = {(view.timestamp, view.arrival) for view in whole.views if view.page == page}
    gaps = [
        min(after.timestamp - view.timestamp, LONGEST_GAP)
        for session in whole.sessions
        for view, after in pairwise(row for row in session.rows if row.is_hit)
        if (view.timestamp, view.arrival) in views
    ]
    return mean_seconds(gaps) if gaps else None


def _scroll_depth(on_page: Iterable[StoredEvent]) -> Decimal | None:
    deepest: dict[str, int] = {}
    for event in on_page:
        if event.scroll_depth is not None:
            deepest[event.session] = max(deepest.get(event.session, 0), event.scroll_depth)
    return rounded(ratio(sum(deepest.values()), len(deepest))) if deepest else None


def ordered(names: Iterable[str], value: Callable[[str], Decimal]) -> list[str]:
    """Highest first, ties by name (SPEC R65)."""
    return sorted(names, key=lambda name: (-value(name), name))


def realtime(rows: Iterable[StoredEvent], now: datetime) -> Row:
    """SPEC R44; an event of the far edge of a window is outside."""
    ages = [(row, (now - row.timestamp).total_seconds()) for row in rows]
    active = [(row, age) for row, age in ages if row.is_hit or row.event_type == "engagement"]
    return {
        "current_visitors": Decimal(len({row.visitor for row, age in active if 0 <= age < 300})),
        "active_users": Decimal(len({row.visitor for row, age in active if 0 <= age < 1800})),
        "page_views_last_5m": Decimal(sum(row.is_view and 0 <= age < 300 for row, age in ages)),
        "page_views_last_1h": Decimal(sum(row.is_view and 0 <= age < 3600 for row, age in ages)),
    }
