"""Single events, the newest first (SPEC B12)."""

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import sql

from queryapi.answer import Answer
from queryapi.call import Call, asked_range, make_query
from queryapi.conditions import Values, activity_conditions
from queryapi.cursors import Place, Signer, parse_page_limit
from queryapi.dimensions import DIRECT
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.query import Query
from queryapi.rows import Row, text
from queryapi.statement import Statement
from sql.statements import read

_REPORT = "recent"
_NOTHING = sql.SQL("")


@dataclass(frozen=True)
class Shown:
    """How an event is shown: the key that hides what must not be told, and whether the whole user agent is."""

    key: bytes
    has_user_agent: bool


async def recent(call: Call, signer: Signer, shown: Shown) -> Answer:
    """A page of events, and the cursor of the next one, None at the end."""
    place = signer.place(call, _REPORT)
    asked = await asked_range(call)
    if place is not None:
        asked = replace(asked, since=place.since, until=place.until)
    limit = parse_page_limit(call.params)
    query = make_query(call, asked, ())
    found = await call.reader.rows(_compile(query, place, limit + 1))
    rows = found[:limit]
    body = {
        **await head(call, asked),
        "data": [_item(call.website.website_id, row, shown) for row in rows],
        "limit": limit,
        "next_cursor": signer.sign(call, _REPORT, _place_after(query, rows)) if len(found) > limit else None,
    }
    return Answer(body, max_age_seconds(asked, call.now), await meta(call, query, is_raw=True))


def _compile(query: Query, place: Place | None, limit: int) -> Statement:
    values = Values()
    until, below = query.range.until, _NOTHING
    if place is not None:
        # The bound on time alone spares the newer days, which a comparison of rows does not.
        until = min(until, place.moment + timedelta(microseconds=1))
        below = sql.SQL('AND ("timestamp", id) < ({}, {})').format(
            values.bind(place.moment), values.bind(UUID(int=place.tie))
        )
    statement = sql.SQL(read("reads/recent_events")).format(
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(until),
        below=below,
        conditions=activity_conditions(query, values),
        limit=values.bind(limit),
    )
    return Statement(statement, values.bound)


def _place_after(query: Query, rows: Sequence[Row]) -> Place:
    moment, event_id = rows[-1]["timestamp"], rows[-1]["id"]
    assert isinstance(moment, datetime) and isinstance(event_id, UUID)
    return Place(query.range.since, query.range.until, moment, event_id.int)


def _item(website_id: str, row: Row, shown: Shown) -> dict[str, object]:
    item: dict[str, object] = {
        "id": str(row["id"]),
        "website_id": website_id,
        "visitor_id": _pseudonym(shown, website_id, str(row["visitor_id"])),
        "session_id": _pseudonym(shown, website_id, str(row["session_id"])),
        "event_type": row["event_type"],
        "page": row["page"],
        "referrer": row["referrer"],
        "user_agent": (shown.has_user_agent and row["user_agent"]) or _reduced_agent(row),
        "timestamp": row["timestamp"],
        "properties": row["properties"],
        **{name: row[name] for name in ("country", "city", "browser", "os", "device")},
        "source": row["source"] or DIRECT,
        "channel": row["channel"],
        "is_bot": row["is_bot"],
    }
    return {name: value for name, value in item.items() if value is not None or name not in {"referrer", "properties"}}


def _reduced_agent(row: Row) -> str | None:
    """`Chrome 126 / Windows`, or the half that is known, or None."""
    browser = " ".join(part for part in (text(row["browser"]), text(row["browser_version"])) if part)
    return " / ".join(part for part in (browser, text(row["os"])) if part) or None


def _pseudonym(shown: Shown, website_id: str, identifier: str) -> str:
    """The id of a visitor or a session: itself, but never an address that a sender chose for one."""
    try:
        ipaddress.ip_address(identifier.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return identifier
    return hmac.digest(shown.key, f"{website_id}\0{identifier}".encode(), "sha256").hex()[:32]
