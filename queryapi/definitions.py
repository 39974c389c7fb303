"""What each number of an answer means, as `explain` tells it, with the rule of the specification."""

from collections.abc import Mapping
from typing import NamedTuple, cast


class Definition(NamedTuple):
    """The rule that defines a number, and its meaning in one sentence."""

    rule: str
    text: str


DEFINITIONS: Mapping[str, Definition] = {
    "page_views": Definition("R2", "page views that happened in the range"),
    "events": Definition("R1", "custom events that happened in the range: neither page views nor engagement"),
    "unique_visitors": Definition("R3", "distinct visitors with a page view or a custom event in the range"),
    "sessions": Definition("R20", "sessions that started in the range and have a page view or a custom event"),
    "bounce_rate": Definition(
        "R23",
        "100 x sessions with fewer than 2 page views, no interactive custom event and, where the website has an"
        " `engaged_threshold_s`, less engagement than that / sessions",
    ),
    "avg_session_time": Definition("R25", "mean seconds from the first to the last activity, bounces included"),
    "avg_engaged_time": Definition("R26", "mean seconds a session's pages were visible and in use"),
    "pages_per_session": Definition("R27", "page views / sessions"),
    "avg_time": Definition(
        "R28", "seconds engaged with the page / (session, page) pairs that say so, else the mean gap to the next event"
    ),
    "exit_rate": Definition("R29", "100 x sessions whose last page view is of the page / page views of the page"),
    "scroll_depth": Definition("R30", "mean of the deepest scroll of each (session, page) pair, in percent"),
    "engagement_rate": Definition(
        "R31", "100 x sessions with 2 page views, an interactive custom event or 10 s of engagement / sessions"
    ),
    "percentage": Definition("R32", "100 x visitors of the row / visitors of everybody the filters pick"),
    "conversion_rate": Definition("R33", "100 x visitors who did it / visitors of the same population"),
    "change": Definition("R41", "100 x (now - before) / before; in points where the metric is a percentage"),
    "current_visitors": Definition("R44", "distinct visitors with any activity in the last 300 seconds"),
    "active_users": Definition("R44", "distinct visitors with any activity in the last 1800 seconds"),
    "page_views_last_5m": Definition("R44", "page views of the last 300 seconds"),
    "page_views_last_1h": Definition("R44", "page views of the last 3600 seconds"),
    "top_pages_realtime": Definition("R44", "page views of the last 1800 seconds, by page"),
    "accepted": Definition("R56", "events taken from the stream: stored + duplicates + dropped + dead_lettered"),
    "entered": Definition("R76", "people who did the first step of the funnel in the range"),
    "completed": Definition("R76", "people who did every step of the funnel, in its order and its window"),
    "dropoff": Definition("R77", "people of the step before who did not reach this one"),
}


def definitions_of(body: Mapping[str, object]) -> dict[str, Definition]:
    """The definitions of the numbers that stand anywhere in an answer."""
    names = _names(body)
    return {name: definition for name, definition in DEFINITIONS.items() if name in names}


def _names(body: Mapping[str, object]) -> set[str]:
    found: set[str] = set()
    waiting: list[object] = [body]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            fields = cast("dict[str, object]", value)
            found.update(fields)
            waiting += fields.values()
        elif isinstance(value, list):
            waiting += cast("list[object]", value)
    return found
