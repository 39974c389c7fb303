"""What custom events mean (SPEC B13, R20, R33)."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from decimal import Decimal

from tests.model.arithmetic import percent
from tests.model.model import Population, StoredEvent

Row = dict[str, Decimal | datetime | dict[str, Decimal]]


def by_custom_event(
    whole: Population, key: Callable[[StoredEvent], Hashable], picked: Callable[[StoredEvent], bool]
) -> dict[Hashable, Row]:
    """A row for each key of the custom events that are picked."""
    grouped: dict[Hashable, list[StoredEvent]] = {}
    for event in whole.events:
        if event.is_custom and picked(event):
            grouped.setdefault(key(event), []).append(event)
    return {name: _row(whole, events) for name, events in grouped.items()}


def _row(whole: Population, events: list[StoredEvent]) -> Row:
    sessions = {event.session for event in events}
    visitors = {event.visitor for event in events}
    row: Row = {
        "events": Decimal(len(events)),
        "unique_visitors": Decimal(len(visitors)),
        "sessions": Decimal(sum(visit.rows[0].session in sessions for visit in whole.visits)),
        "conversion_rate": percent(len(visitors), len(whole.visitors)),
        "first_seen": min(event.timestamp for event in events),
        "last_seen": max(event.timestamp for event in events),
    }
    earned = revenue(events)
    return row | {"revenue": earned} if earned else row


def revenue(events: Iterable[StoredEvent]) -> dict[str, Decimal]:
    """By currency, exactly."""
    sums: dict[str, Decimal] = {}
    for event in events:
        if event.revenue is not None:
            currency, amount = event.revenue
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums
