"""The events that filters pick, and the sessions that hold one (SPEC R34)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.conditions import Values, event_conditions, is_about_events, row_conditions
from queryapi.predicates import everybody
from queryapi.query import Query
from sql.statements import read

_NOTHING = sql.SQL("")
OF_MATCHED = sql.SQL("AND session_hash IN (SELECT session_hash FROM matched)")
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


def sampled_events(query: Query, values: Values, on_sessions: Mapping[str, sql.Composable]) -> sql.Composed:
    """The same for a sample, as rows of HIT_COLUMNS by session, each with the expressions `on_sessions` under their
    names: what is asked of sessions is asked of their rows, so that an index has all that is asked of events."""
    names = list(map(sql.Identifier, on_sessions))
    return sql.SQL(read("reads/sampled_events")).format(
        names=_first(names),
        of_sessions=_first(
            [sql.SQL("{} AS {}").format(expression, sql.Identifier(name)) for name, expression in on_sessions.items()]
        ),
        of_events=_first([sql.NULL for _ in names]),
        any_names=_first([sql.SQL("any_value({0}) AS {0}").format(name) for name in names]),
        website_id=values.bind(query.website_id),
        first_bucket=values.bind(grain_floor(query.range.since)),
        last_bucket=values.bind(grain_ceiling(query.range.until)),
        rows=row_conditions(query, values),
        hits=HIT_COLUMNS,
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        sample=everybody(query, values),
        events=event_conditions(query, values),
    )


def with_matching_event(query: Query, values: Values, only: sql.Composable = _NOTHING) -> sql.Composable:
    """`AND ...`: rows of sessions with an event in the range that the filters on events pick; nothing where
    there are none of those. `only` (`AND ...`) narrows these events further."""
    if not is_about_events(query):
        return _NOTHING
    found = matching_events(query, values, sql.Identifier("session_hash"))
    return sql.SQL("AND session_hash IN ({} {})").format(found, only)


def _first(terms: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL("").join([sql.SQL("{}, ").format(term) for term in terms])


def of_matched_sessions(query: Query) -> sql.Composable:
    """The same where the statement has these events under the name `matched`."""
    return OF_MATCHED if is_about_events(query) else _NOTHING
