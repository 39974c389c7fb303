"""The events that filters pick, and the sessions that hold one (SPEC R34)."""

from datetime import datetime

from psycopg import sql

from queryapi.conditions import Values, event_conditions, is_about_events, row_conditions
from queryapi.query import Query

_NOTHING = sql.SQL("")
# Whose an event is, and what it adds to what happened.
HIT_COLUMNS = sql.SQL(
    "visitor_hash, session_hash, (event_type = 'pageview')::integer AS pageviews,"
    " (event_type NOT IN ('pageview', 'engagement', 'performance', 'identify'))::integer AS custom_events"
)


def events_between(
    query: Query, values: Values, span: tuple[datetime, datetime], columns: sql.Composable
) -> sql.Composed:
    """SELECT of `columns` of the website's events in `span`; conditions may follow it."""
    return sql.SQL(
        "SELECT {columns} FROM events"
        ' WHERE website_id = {website_id} AND "timestamp" >= {since} AND "timestamp" < {until}'
    ).format(
        columns=columns,
        website_id=values.bind(query.website_id),
        since=values.bind(span[0]),
        until=values.bind(span[1]),
    )


def matching_events(query: Query, values: Values, columns: sql.Composable) -> sql.Composed:
    """SELECT of `columns` of the events in the range that meet every filter; conditions may follow it."""
    return sql.SQL("{} {} {}").format(
        events_between(query, values, (query.range.since, query.range.until), columns),
        row_conditions(query, values),
        event_conditions(query, values),
    )


def with_matching_event(query: Query, values: Values, only: sql.Composable = _NOTHING) -> sql.Composable:
    """`AND ...`: rows of sessions with an event in the range that the filters on events pick; nothing where
    there are none of those. `only` (`AND ...`) narrows these events further."""
    if not is_about_events(query):
        return _NOTHING
    found = matching_events(query, values, sql.Identifier("session_hash"))
    return sql.SQL("AND session_hash IN ({} {})").format(found, only)


def of_matched_sessions(query: Query) -> sql.Composable:
    """The same where the statement has these events under the name `matched`."""
    return sql.SQL("AND session_hash IN (SELECT session_hash FROM matched)" if is_about_events(query) else "")
