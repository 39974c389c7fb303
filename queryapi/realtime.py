"""What happens right now (SPEC B2, R44), from raw events alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from psycopg import sql

from queryapi.answer import SESSION_REACH, Answer, Report
from queryapi.call import FILTERS_PARAMETERS, REPEATABLE_PARAMETERS, Call, make_query
from queryapi.conditions import Values, activity_conditions
from queryapi.dimensions import DIRECT
from queryapi.query import Query, Range
from queryapi.ranges import resolve_zone
from queryapi.rows import Row, text, whole
from queryapi.statement import Statement
from shared.countries import COUNTRIES
from sql.statements import read

REALTIME_PATH = "/api/v1/analytics/{website_id}/realtime"
SERIES_MINUTES = 30
MAX_AGE_SECONDS = 2


async def realtime(call: Call) -> Answer:
    """Rolling counters, the pages, sources and countries of the last half hour, and its minutes."""
    zone = resolve_zone(call.params, call.website.timezone)
    # Sessions of people who are here now began within the last day, which the filters look back over.
    asked = Range(since=call.now - timedelta(hours=1), until=call.now, zone=zone, label="realtime")
    query = replace(make_query(call, asked, ()), as_of=call.now)
    counts = (await call.reader.rows(_compile(query, "reads/realtime_counts")))[0]
    pages = await _top(call, query, "page", "views")
    sources = await _top(call, query, "source", "visitors")
    countries = await _top(call, query, "country", "visitors")
    body = {
        "website_id": call.website.website_id,
        **{
            name: whole(counts[name])
            for name in ("active_users", "current_visitors", "page_views_last_5m", "page_views_last_1h")
        },
        "top_pages_realtime": [
            {"page": row["name"], "views": whole(row["views"]), "unique": whole(row["visitors"])} for row in pages
        ],
        "series_30m": await _minutes(call, query),
        "sources": [_visitors(row, "source", lambda name: name or DIRECT) for row in sources],
        "countries": [
            {**_visitors(row, "country", lambda code: code), "name": _country_name(row)} for row in countries
        ],
        "generated_at": call.now,
    }
    return Answer(body, MAX_AGE_SECONDS)


REALTIME = Report(
    realtime, FILTERS_PARAMETERS | {"timezone", "include_bots"}, REPEATABLE_PARAMETERS, reach=SESSION_REACH
)


async def _top(call: Call, query: Query, name: str, order_by: str) -> list[Row]:
    statement = _compile(query, "reads/realtime_top", name=sql.Identifier(name), order_by=sql.Identifier(order_by))
    return list(await call.reader.rows(statement))


async def _minutes(call: Call, query: Query) -> list[dict[str, object]]:
    last = call.now.replace(second=0, microsecond=0)
    minutes = [last - timedelta(minutes=back) for back in reversed(range(SERIES_MINUTES))]
    statement = _compile(query, "reads/realtime_minutes", bound={"minutes": minutes, "since": minutes[0]})
    rows = {whole(row["minute"]): row for row in await call.reader.rows(statement)}
    return [
        {
            "time": minute.astimezone(query.range.zone).isoformat(),
            "page_views": whole(rows[index]["page_views"]) if index in rows else 0,
            "visitors": whole(rows[index]["visitors"]) if index in rows else 0,
        }
        for index, minute in enumerate(minutes, start=1)
    ]


def _compile(
    query: Query, path: str, bound: dict[str, object] | None = None, **identifiers: sql.Composable
) -> Statement:
    values = Values()
    text = sql.SQL(read(path)).format(
        website_id=values.bind(query.website_id),
        now=values.bind(query.as_of),
        conditions=activity_conditions(query, values),
        **{key: values.bind(value) for key, value in (bound or {}).items()},
        **identifiers,
    )
    return Statement(text, values.bound)


def _visitors(row: Row, public: str, show: Callable[[str | None], str | None]) -> dict[str, object]:
    return {public: show(text(row["name"])), "visitors": whole(row["visitors"]), "page_views": whole(row["views"])}


def _country_name(row: Row) -> str:
    code = text(row["name"])
    country = COUNTRIES.get(code or "")
    return country.name if country else code or "(not set)"
