"""Single sessions, those that began last first (SPEC N4)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from psycopg import sql

from queryapi.answer import Answer
from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.call import Call, asked_range, make_query
from queryapi.conditions import Values, row_conditions
from queryapi.cursors import Place, Signer, parse_page_limit
from queryapi.dimensions import DIRECT
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.matching import with_matching_event
from queryapi.picked import LONGEST_SESSION, unengaged
from queryapi.query import Query
from queryapi.rows import Row, whole
from queryapi.statement import Statement
from sql.statements import read

ATTRIBUTES = (
    "hostname", "referrer", "source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content", "country", "region", "city", "browser", "os", "device", "language",
)  # fmt: skip
_MEASURES = ("duration", "page_views", "events", "engaged_time", "is_bounce", "is_bot", "entry_page", "exit_page")
_REPORT = "sessions"
# The newest hours are looked through first, and six times as much whenever they do not fill the page.
_FIRST_LOOK = timedelta(hours=6)
_WIDER = 6


async def sessions(call: Call, signer: Signer) -> Answer:
    """A page of the sessions that began in the range, and the cursor of the next one, None at the end."""
    place = signer.place(call, _REPORT)
    asked = await asked_range(call)
    if place is not None:
        asked = replace(asked, since=place.since, until=place.until)
    limit = parse_page_limit(call.params)
    query = make_query(call, asked, ())
    found = await _newest(call, query, place, limit + 1)
    rows = found[:limit]
    body = {
        **await head(call, asked),
        "data": [_item(row) for row in rows],
        "limit": limit,
        "next_cursor": signer.sign(call, _REPORT, _place_after(query, rows)) if len(found) > limit else None,
    }
    return Answer(body, max_age_seconds(asked, call.now), await meta(call, query))


async def _newest(call: Call, query: Query, place: Place | None, limit: int) -> Sequence[Row]:
    asked = query.range
    until = asked.until if place is None else min(asked.until, place.moment + timedelta(microseconds=1))
    # Nobody has come yet after now.
    look = _FIRST_LOOK + max(until - call.now, timedelta(0))
    while True:
        since = max(asked.since, until - look) if look < until - asked.since else asked.since
        rows = await call.reader.rows(_compile(query, place, (since, until), limit))
        if len(rows) == limit or since == asked.since:
            return rows
        look *= _WIDER


def _compile(query: Query, place: Place | None, span: tuple[datetime, datetime], limit: int) -> Statement:
    values = Values()
    since, until = span
    below: sql.Composable = sql.SQL("")
    if place is not None:
        below = sql.SQL("AND (session_started_at, session_hash) < ({}, {})").format(
            values.bind(place.moment), values.bind(place.tie)
        )
    statement = sql.SQL(read("reads/session_list")).format(
        attributes=sql.SQL(", ").join(
            [sql.SQL("any_value({name}) AS {name}").format(name=sql.Identifier(name)) for name in ATTRIBUTES]
        ),
        website_id=values.bind(query.website_id),
        first_bucket=values.bind(grain_floor(since)),
        last_bucket=values.bind(grain_ceiling(until + LONGEST_SESSION)),
        since=values.bind(since),
        until=values.bind(until),
        below=below,
        unengaged=unengaged(query, values, sql.SQL("sum(engaged_ms)")),
        conditions=sql.SQL("{} {}").format(row_conditions(query, values), with_matching_event(query, values)),
        limit=values.bind(limit),
    )
    return Statement(statement, values.bound)


def _place_after(query: Query, rows: Sequence[Row]) -> Place:
    moment = rows[-1]["started_at"]
    assert isinstance(moment, datetime)
    return Place(query.range.since, query.range.until, moment, whole(rows[-1]["session_hash"]))


def _item(row: Row) -> dict[str, object]:
    return {
        "id": _hex(row["session_hash"]),
        "visitor": _hex(row["visitor_hash"]),
        "started_at": row["started_at"],
        **{name: row[name] for name in (*_MEASURES, *ATTRIBUTES)},
        "source": row["source"] or DIRECT,
    }


def _hex(hashed: object) -> str:
    """A pseudonym: 16 digits that stay the same for a session, or for a visitor as long as its id does."""
    return f"{whole(hashed) & 0xFFFF_FFFF_FFFF_FFFF:016x}"
