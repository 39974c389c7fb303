"""The rows of the sessions that filters on sessions pick, read once for all that is counted of them."""

from datetime import timedelta

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.conditions import is_about_events
from queryapi.query import Query, Range
from queryapi.values import Values

# The longest a session lasts (SPEC R16), and one bucket more for the one it ends in.
LONGEST_SESSION = timedelta(hours=24, minutes=15)
# What happened in whole buckets, by session and visitor.
OF_PICKED = sql.SQL(
    "SELECT {keys}visitor_hash, session_hash, pageviews, custom_events FROM picked"
    " WHERE bucket >= {since} AND bucket < {until}"
)
_NOTHING = sql.SQL("")
ENGAGED_MS = sql.Identifier("engaged_ms")


def is_picked(query: Query) -> bool:
    """True when all filters are on sessions, so that their rows answer."""
    return bool(query.filters) and not is_about_events(query)


def picked(query: Query, values: Values, names: sql.Composable, conditions: sql.Composable) -> sql.Composed:
    """A CTE for the start of a statement: `picked`, the rows in the range and as far as sessions that started in it
    may go on. `names` are more columns, each followed by a comma."""
    return sql.SQL(
        "picked AS MATERIALIZED (SELECT {names}visitor_hash, session_hash, bucket, session_started_at, pageviews,"
        " custom_events, interactive_events, engaged_ms, {first}last_timestamp FROM {sessions}"
        " WHERE website_id = {website_id} {conditions}),"
    ).format(
        names=names,
        first=_NOTHING if query.one_in == 1 else sql.SQL("first_timestamp, "),
        sessions=rows_of_sessions(query.range, values),
        website_id=values.bind(query.website_id),
        conditions=conditions,
    )


def rows_of_sessions(started: Range, values: Values) -> sql.Composed:
    """The relation that has the rows of all sessions that started in a range, each whole."""
    return sql.SQL("session_facts_between({}, {})").format(
        values.bind(grain_floor(started.since)), values.bind(grain_ceiling(started.until + LONGEST_SESSION))
    )


def unengaged(query: Query, values: Values, engaged_ms: sql.Composable) -> sql.Composable:
    """`AND ...` over a session: it has less engagement than its website asks of what is no bounce."""
    if query.engaged_threshold_ms is None:
        return _NOTHING
    return sql.SQL("AND {} < {}").format(engaged_ms, values.bind(query.engaged_threshold_ms))


def begun(query: Query) -> sql.Composable:
    """`AND ...` over the rows of a session: of one that went on under another id (SPEC R12) the sample may have a
    part alone. It is in the sample when its beginning is, and then measured as far as it is there."""
    return _NOTHING if query.one_in == 1 else sql.SQL("AND min(first_timestamp) <= min(session_started_at)")
