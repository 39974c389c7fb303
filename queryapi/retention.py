"""How many visitors come back (SPEC N4): cohorts by the period in which a visitor was first seen."""

from dataclasses import replace
from datetime import datetime

from psycopg import sql

from queryapi.answer import SESSION_REACH, Answer, Report
from queryapi.buckets import Interval
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call, asked_range, make_query
from queryapi.conditions import Values, event_conditions, is_about_events, row_conditions
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.lists import percentage
from queryapi.query import Query
from queryapi.rows import whole
from queryapi.spans import spans
from queryapi.statement import Statement, series_starts
from queryapi.timeseries import label_bucket, mark_partial
from shared.errors import AppError
from sql.statements import read

PERIODS: dict[str, Interval] = {"day": "day", "week": "week", "month": "month"}
# A table of 100 periods has 5050 cells.
MAX_PERIODS = 100
_NO_HIT = sql.SQL("event_type NOT IN ('engagement', 'performance', 'identify')")


async def retention(call: Call) -> Answer:
    """A row a cohort, the visitors first seen in one period of the range, and how many of them were seen in each
    period from then on. Ids that last a day say nothing of coming back: `meta.visitors` tells."""
    interval = PERIODS[call.params.choice("interval", tuple(PERIODS)) or "week"]
    query = replace(make_query(call, await asked_range(call), ()), interval=interval)
    starts = series_starts(query, interval)
    if len(starts) > MAX_PERIODS:
        raise AppError(
            400,
            "too_many_buckets",
            f"interval: more than {MAX_PERIODS} periods of one {interval} in this range",
            details={"parameter": "interval", "limit": MAX_PERIODS},
        )
    counted: dict[tuple[int, int], int] = {}
    for row in await call.reader.rows(_compile(query, starts)):
        counted[whole(row["cohort"]), whole(row["period"])] = whole(row["visitors"])
    items = [_cohort(query, interval, starts, index, counted) for index in range(len(starts))]
    mark_partial(items, starts, query, interval)
    body = {**await head(call, query.range), "interval": interval, "data": items}
    return Answer(body, max_age_seconds(query.range, call.now), await meta(call, query))


RETENTION = Report(retention, COMMON_PARAMETERS | {"interval"}, REPEATABLE_PARAMETERS, reach=SESSION_REACH)


def _cohort(
    query: Query, interval: Interval, starts: tuple[datetime, ...], index: int, counted: dict[tuple[int, int], int]
) -> dict[str, object]:
    cohort = index + 1
    visitors = counted.get((cohort, cohort), 0)
    seen = [counted.get((cohort, period), 0) for period in range(cohort, len(starts) + 1)]
    return {
        **label_bucket(starts[index], query.range, interval, None),
        "visitors": visitors,
        "periods": [
            {"period": age, "visitors": count, "percentage": percentage(count, visitors)}
            for age, count in enumerate(seen)
        ],
    }


def _compile(query: Query, starts: tuple[datetime, ...]) -> Statement:
    values = Values()
    bound_starts = values.bind(list(starts))
    conditions = row_conditions(query, values)
    whole_buckets, edges = spans(query.range)
    if is_about_events(query):
        whole_buckets, edges = None, ((query.range.since, query.range.until),)
        conditions = sql.SQL("{} {}").format(conditions, event_conditions(query, values))
    sources = [
        sql.SQL(
            'SELECT visitor_hash, width_bucket("timestamp", {starts}) AS period FROM events'
            ' WHERE website_id = {website_id} AND "timestamp" >= {since} AND "timestamp" < {until}'
            " AND {no_hit} {conditions}"
        ).format(
            starts=bound_starts,
            website_id=values.bind(query.website_id),
            since=values.bind(since),
            until=values.bind(until),
            no_hit=_NO_HIT,
            conditions=conditions,
        )
        for since, until in edges
    ]
    if whole_buckets is not None:
        sources.append(
            sql.SQL(
                "SELECT visitor_hash, width_bucket(bucket, {starts}) AS period"
                " FROM session_facts_between({since}, {until})"
                " WHERE website_id = {website_id} AND pageviews + custom_events > 0 {conditions}"
            ).format(
                starts=bound_starts,
                website_id=values.bind(query.website_id),
                since=values.bind(whole_buckets[0]),
                until=values.bind(whole_buckets[1]),
                conditions=conditions,
            )
        )
    text = sql.SQL(read("reads/retention")).format(active=sql.SQL("\nUNION ALL\n").join(sources))
    return Statement(text, values.bound)
