"""A query compiled to one statement. Identifiers come from closed tables, values are always bound."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg import sql

from queryapi.buckets import Interval, bucket_starts
from queryapi.conditions import Values, is_about_events, row_conditions
from queryapi.counted_part import counted_part
from queryapi.dimensions import SESSION_DIMENSIONS
from queryapi.filter_tree import conjuncts, is_about_event
from queryapi.matching import HIT_COLUMNS, events_between, matching_events, of_matched_sessions, sampled_events
from queryapi.metrics import METRICS
from queryapi.ordering import order_by
from queryapi.picked import ENGAGED_MS, OF_PICKED, begun, is_picked, picked, rows_of_sessions, unengaged
from queryapi.query import LANES, Query, Range
from queryapi.spans import spans
from queryapi.spread import has_spread, metric_columns, people
from sql.statements import read

_NOTHING = sql.SQL("")
# What happened in whole buckets, by session and visitor, and all together.
_OF_SESSIONS = sql.SQL(
    "SELECT {keys}visitor_hash, session_hash, pageviews, custom_events"
    " FROM session_facts_between({since}, {until}) WHERE website_id = {website_id} {conditions}"
)
_OF_SITE = sql.SQL(
    "SELECT {keys}NULL::bigint AS visitor_hash, NULL::bigint AS session_hash, pageviews, custom_events"
    " FROM site_facts_between({since}, {until}) WHERE website_id = {website_id} {conditions}"
)
_OF_PEOPLE = sql.SQL("SELECT visitor_hash, pageviews, custom_events FROM people")
_COMMA = sql.SQL(", ")


class Statement(NamedTuple):
    """SQL and the values bound to its placeholders."""

    text: sql.Composed
    values: Mapping[str, object]


class _Key(NamedTuple):
    """One thing the rows are split by: as an expression over a rollup row, an event, and a session."""

    name: sql.Identifier
    on_bucket: sql.Composable
    on_event: sql.Composable
    on_visit: sql.Composable


def series_starts(query: Query, interval: Interval) -> tuple[datetime, ...]:
    """Starts of the buckets of a series; what carries a later time than `as_of` counts into the last."""
    asked = query.range
    until = min(asked.until, max(query.as_of, asked.since) + timedelta(microseconds=1))
    return bucket_starts(asked.since, until, interval, asked.zone)


def compile_query(query: Query) -> Statement:
    """One row for each value of the dimensions, or for each bucket that has something (`bucket`, counted
    from 1), or the totals. Columns: `total` rows before the limit, `is_row`, the keys, the metrics."""
    values = Values()
    keys = _keys(query, values)
    names = [key.name for key in keys]
    named, parts = _looked_up(query, values, keys) if query.counted_as is None else ([], [counted_part(query, values)])
    text = sql.SQL(read("reads/rows")).format(
        named=sql.SQL("\n").join(named),
        parts=sql.SQL("\nUNION ALL\n").join(parts),
        keys_first=_first(names),
        metrics=_COMMA.join(metric_columns(query)),
        search=_search(query, values),
        group_by_keys=_group_by(names),
        order_by=order_by(query, names),
        limit=_limit(query, values),
    )
    return Statement(text, values.bound)


def _looked_up(query: Query, values: Values, keys: Sequence[_Key]) -> tuple[list[sql.Composable], list[sql.Composable]]:
    """What happened in the range, and the sessions that started in it, as far as the metrics need them; before that,
    what is named in it."""
    wanted = [METRICS[name] for name in query.metrics]
    conditions = row_conditions(query, values)
    parts: list[sql.Composable] = []
    named = [_picked(query, values, keys, conditions), _matched(query, values, keys)]
    is_plain = not query.filters and not query.dimensions and query.one_in == 1
    if has_spread(query):
        named.append(people(_hit_rows(query, values, keys, conditions)))
        parts.append(_hits(keys, _OF_PEOPLE))
    elif any(metric.of_hits for metric in wanted):
        is_counted = query.lanes == LANES and "unique_visitors" in query.metrics
        parts += (
            [_hits(keys, _hit_rows(query, values, keys, conditions))]
            if is_counted or not is_plain
            else _plain_hits(query, values, keys, conditions)
        )
    if any(metric.of_visits for metric in wanted):
        parts += (
            _plain_visits(query, values, keys, conditions)
            if is_plain and not query.has_own_bounces
            else [_visits(query, values, keys, conditions, query.range)]
        )
    return named, parts


def _keys(query: Query, values: Values) -> list[_Key]:
    if query.interval is not None:
        starts = values.bind(list(series_starts(query, query.interval)))

        def bucket_of(column: str) -> sql.Composable:
            return sql.SQL("width_bucket({}, {})").format(sql.Identifier(column), starts)

        return [
            _Key(
                sql.Identifier("bucket"),
                bucket_of("bucket"),
                bucket_of("timestamp"),
                sql.SQL("width_bucket(min(session_started_at), {})").format(starts),
            )
        ]
    found: list[_Key] = []
    for name in query.dimensions:
        expression = SESSION_DIMENSIONS[name].expression
        on_row = sql.Identifier(name) if is_picked(query) else expression
        found.append(_Key(sql.Identifier(name), on_row, expression, sql.SQL("any_value({})").format(on_row)))
    return found


def _hits(keys: Sequence[_Key], rows: sql.Composable) -> sql.Composed:
    names = [key.name for key in keys]
    return sql.SQL(read("reads/hits")).format(keys_first=_first(names), hits=rows, group_by_keys=_group_by(names))


def _hit_rows(query: Query, values: Values, keys: Sequence[_Key], conditions: sql.Composable) -> sql.Composed:
    """Who did what in the range, by session and bucket or by event."""
    if is_about_events(query):
        names = _first([key.name for key in keys])
        return sql.SQL("SELECT {}visitor_hash, session_hash, pageviews, custom_events FROM matched").format(names)
    of_buckets = OF_PICKED if is_picked(query) else _OF_SESSIONS
    return _hit_sources(query, values, keys, of_buckets, (conditions, conditions))


def _hit_sources(
    query: Query,
    values: Values,
    keys: Sequence[_Key],
    of_buckets: sql.SQL,
    conditions: tuple[sql.Composable, sql.Composable],
) -> sql.Composed:
    """Rows of whole buckets and of events at the edges; a condition on either."""
    asked = spans(query.range)
    sources = [_edge_hits(query, values, keys, edge, conditions[1]) for edge in asked.edges]
    if asked.whole is not None:
        sources.append(
            of_buckets.format(
                keys=_first([_named(key.on_bucket, key.name) for key in keys]),
                website_id=values.bind(query.website_id),
                since=values.bind(asked.whole[0]),
                until=values.bind(asked.whole[1]),
                conditions=conditions[0],
            )
        )
    return sql.SQL("\nUNION ALL\n").join(sources)


def _plain_hits(query: Query, values: Values, keys: Sequence[_Key], conditions: sql.Composable) -> list[sql.Composable]:
    """What adds up from the counts of the website, its visitors, if asked for, from a sample."""
    names = [key.name for key in keys]
    parts: list[sql.Composable] = [
        sql.SQL(read("reads/site_hits")).format(
            keys_first=_first(names),
            hits=_hit_sources(query, values, keys, _OF_SITE, (conditions, conditions)),
            group_by_keys=_group_by(names),
        )
    ]
    if "unique_visitors" in query.metrics:
        lanes = values.bind(list(range(query.lanes)))
        in_lanes = sql.SQL("{} AND lane = ANY ({}::smallint[])").format(conditions, lanes)
        of_lanes = sql.SQL("{} AND (visitor_hash & 63)::smallint = ANY ({}::smallint[])").format(conditions, lanes)
        parts.append(
            sql.SQL(read("reads/sampled_visitors")).format(
                keys_first=_first(names),
                lanes=values.bind(query.lanes),
                hits=_hit_sources(query, values, keys, _OF_SESSIONS, (in_lanes, of_lanes)),
                group_by_keys=_group_by(names),
            )
        )
    return parts


def _edge_hits(
    query: Query, values: Values, keys: Sequence[_Key], edge: tuple[datetime, datetime], conditions: sql.Composable
) -> sql.Composed:
    return sql.SQL("{} {}").format(events_between(query, values, edge, _event_columns(keys)), conditions)


def _event_columns(keys: Sequence[_Key]) -> sql.Composed:
    return sql.SQL("{}{}").format(_first([_named(key.on_event, key.name) for key in keys]), HIT_COLUMNS)


def _plain_visits(
    query: Query, values: Values, keys: Sequence[_Key], conditions: sql.Composable
) -> list[sql.Composable]:
    """Sessions as they are counted by their start, those that started at the edges by themselves."""
    names = [key.name for key in keys]
    asked = spans(query.range)
    parts: list[sql.Composable] = [
        _visits(query, values, keys, conditions, replace(query.range, since=since, until=until))
        for since, until in asked.edges
    ]
    if asked.whole is not None:
        parts.append(
            sql.SQL(read("reads/visits_by_start")).format(
                keys_first=_first(names),
                keys_from_starts_first=_first([_named(key.on_bucket, key.name) for key in keys]),
                website_id=values.bind(query.website_id),
                since=values.bind(asked.whole[0]),
                until=values.bind(asked.whole[1]),
                include_bots=values.bind(query.include_bots),
                group_by_keys=_group_by(names),
            )
        )
    return parts


def _visits(
    query: Query, values: Values, keys: Sequence[_Key], conditions: sql.Composable, started: Range
) -> sql.Composed:
    names = [key.name for key in keys]
    return sql.SQL(read("reads/visits")).format(
        keys_first=_first(names),
        keys_from_facts_first=_first([_named(key.on_visit, key.name) for key in keys]),
        sessions=sql.Identifier("picked") if is_picked(query) else rows_of_sessions(started, values),
        since=values.bind(started.since),
        until=values.bind(started.until),
        conditions=_NOTHING
        if is_picked(query)
        else sql.SQL("AND website_id = {} {} {}").format(
            values.bind(query.website_id), conditions, of_matched_sessions(query)
        ),
        begun=begun(query),
        unengaged=unengaged(query, values, ENGAGED_MS),
        group_by_keys=_group_by(names),
    )


def _picked(query: Query, values: Values, keys: Sequence[_Key], conditions: sql.Composable) -> sql.Composable:
    if not is_picked(query):
        return _NOTHING
    names = [] if query.interval else [_named(key.on_event, key.name) for key in keys]
    return picked(query, values, _first(names), conditions)


def _matched(query: Query, values: Values, keys: Sequence[_Key]) -> sql.Composable:
    """The events that a filter on events picks, in the range."""
    if not is_about_events(query):
        return _NOTHING
    asks_of_sessions = bool(query.dimensions) or not all(map(is_about_event, conjuncts(query)))
    if query.one_in > 1 and query.interval is None and asks_of_sessions:
        found = sampled_events(query, values, {name: SESSION_DIMENSIONS[name].expression for name in query.dimensions})
    else:
        found = matching_events(query, values, _event_columns(keys))
    return sql.SQL("matched AS MATERIALIZED ({}),").format(found)


def _search(query: Query, values: Values) -> sql.Composable:
    if query.search is None:
        return _NOTHING
    name = query.dimensions[0]
    return sql.SQL("WHERE strpos(lower(coalesce({}, {})), lower({})) > 0").format(
        sql.Identifier(name), values.bind(SESSION_DIMENSIONS[name].unset), values.bind(query.search)
    )


def _limit(query: Query, values: Values) -> sql.Composable:
    if query.limit is None:
        return _NOTHING
    return sql.SQL("LIMIT {} OFFSET {}").format(values.bind(query.limit), values.bind(query.offset))


def _named(expression: sql.Composable, name: sql.Identifier) -> sql.Composed:
    return sql.SQL("{} AS {}").format(expression, name)


def _first(terms: Sequence[sql.Composable]) -> sql.Composable:
    """The terms, each followed by a comma: what other columns may follow."""
    return sql.SQL("").join([sql.SQL("{}, ").format(term) for term in terms])


def _group_by(names: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("GROUP BY {}").format(_COMMA.join(names)) if names else _NOTHING
