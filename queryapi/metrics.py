"""What can be counted: the closed table of metrics (SPEC 4.4), over the columns that a population gives.

`hits` are what happened inside the range: pageviews, custom_events, visitors. `visits` are the sessions
that started inside it, measured whole: sessions, bounces, duration, engaged_ms, engaged.
"""

from typing import NamedTuple

from psycopg import sql


class Metric(NamedTuple):
    """An aggregate over the parts of a row; NULL where it is not defined."""

    expression: sql.SQL
    of_hits: bool
    of_visits: bool
    is_percent: bool = False


METRICS: dict[str, Metric] = {
    "page_views": Metric(sql.SQL("sum(pageviews)::bigint"), of_hits=True, of_visits=False),
    "events": Metric(sql.SQL("sum(custom_events)::bigint"), of_hits=True, of_visits=False),
    "unique_visitors": Metric(sql.SQL("sum(visitors)::bigint"), of_hits=True, of_visits=False),
    "sessions": Metric(sql.SQL("sum(sessions)::bigint"), of_hits=False, of_visits=True),
    "bounce_rate": Metric(
        sql.SQL("round(100 * sum(bounces)::numeric / nullif(sum(sessions), 0), 2)"),
        of_hits=False,
        of_visits=True,
        is_percent=True,
    ),
    "avg_session_time": Metric(
        sql.SQL("round(extract(epoch FROM sum(duration)) / nullif(sum(sessions), 0))::bigint"),
        of_hits=False,
        of_visits=True,
    ),
    "pages_per_session": Metric(
        sql.SQL("round(sum(pageviews)::numeric / nullif(sum(sessions), 0), 2)"), of_hits=True, of_visits=True
    ),
    "avg_engaged_time": Metric(
        sql.SQL("round(sum(engaged_ms)::numeric / 1000 / nullif(sum(sessions), 0))::bigint"),
        of_hits=False,
        of_visits=True,
    ),
    "engagement_rate": Metric(
        sql.SQL("round(100 * sum(engaged)::numeric / nullif(sum(sessions), 0), 2)"),
        of_hits=False,
        of_visits=True,
        is_percent=True,
    ),
}
# What adds up over visitors; all others are rates and means.
COUNTS = frozenset({"page_views", "events", "unique_visitors", "sessions"})
PERCENT_METRICS = frozenset(name for name, metric in METRICS.items() if metric.is_percent)
