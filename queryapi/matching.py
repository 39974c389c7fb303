"""Sessions that hold an event which the filters pick (SPEC R34)."""

from psycopg import sql

from queryapi.conditions import Values, event_conditions, is_about_events, row_conditions
from queryapi.query import Query


def with_matching_event(query: Query, values: Values) -> sql.Composable:
    """`AND ...`: rows of sessions with an event in the range that the filters on events pick; nothing where
    there are none of those."""
    if not is_about_events(query):
        return sql.SQL("")
    return sql.SQL(
        "AND session_hash IN (SELECT session_hash FROM events"
        ' WHERE website_id = {website_id} AND "timestamp" >= {since} AND "timestamp" < {until} {rows} {events})'
    ).format(
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        rows=row_conditions(query, values),
        events=event_conditions(query, values),
    )
