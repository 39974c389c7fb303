"""The parts that answers share: the range as JSON, and what is said about the numbers (SPEC R66, R67)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.call import Call
from queryapi.conditions import is_about_events
from queryapi.query import Query, Range
from queryapi.spans import spans
from sql.statements import read

COMPARISON_OUT_OF_RETENTION = "comparison_out_of_retention"
OUT_OF_RETENTION = "out_of_retention"
# Real today is no day to promise anything about for longer.
MAX_AGE_OPEN_SECONDS = 5
# A closed day still takes events that were queued on a device.
MAX_AGE_CLOSED_SECONDS = 300


def range_body(asked: Range) -> dict[str, object]:
    """`from` and `to` in the zone asked for, `days` where the range is made of whole days."""
    body: dict[str, object] = {
        "from": local_text(asked.since, asked),
        "to": local_text(asked.until, asked),
        "timezone": asked.zone.key,
    }
    if asked.days is not None:
        body["days"] = asked.days
    return body


def local_text(instant: datetime, asked: Range) -> str:
    """ISO 8601 with the offset of the zone at that instant (SPEC R39)."""
    return instant.astimezone(asked.zone).isoformat()


def max_age_seconds(asked: Range, now: datetime) -> int:
    """How long an answer may be kept by its reader (SPEC R71)."""
    return MAX_AGE_OPEN_SECONDS if asked.until > now - timedelta(minutes=10) else MAX_AGE_CLOSED_SECONDS


async def head(call: Call, asked: Range) -> dict[str, object]:
    """How every answer about a range begins."""
    return {"website_id": call.website.website_id, "date_range": asked.label, "range": range_body(asked)}


async def meta(
    call: Call,
    query: Query,
    *,
    is_raw: bool = False,
    warnings: Sequence[str] = (),
    sampled: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """`visitors` is `exact` as soon as an id that outlives the day took part, in the buckets that the range
    touches: then days must not be added up."""
    asked = query.range
    found = await call.reader.row(
        sql.SQL(read("reads/has_persistent_visitors")),
        {
            "website_id": query.website_id,
            "since": grain_floor(asked.since),
            "until": grain_ceiling(asked.until),
            "include_bots": query.include_bots,
        },
    )
    needs_raw = is_raw or is_about_events(query)
    own = [OUT_OF_RETENTION] if await is_out_of_retention(call, query, is_raw=is_raw) else []
    said: dict[str, object] = {
        "generated_at": call.now,
        "visitors": "exact" if found["has_persistent_visitors"] else "visitor_days",
        "source": "raw" if needs_raw else "aggregate",
        "warnings": [*own, *warnings],
    }
    return said if sampled is None else {**said, "sampled": sampled}


async def is_out_of_retention(call: Call, query: Query, *, is_raw: bool = False) -> bool:
    """True when the query needs raw events of a day that retention has dropped (SPEC R42): rollups
    outlive the events, cut quarters of an hour and filters on events do not."""
    asked = query.range
    needed = ((asked.since, asked.until),) if is_raw or is_about_events(query) else spans(asked).edges
    if not needed:
        return False
    ends = {"since": [one for one, _ in needed], "until": [one for _, one in needed]}
    found = await call.reader.row(sql.SQL(read("reads/lost_days")), {"website_id": query.website_id, **ends})
    return found["is_lost"] is True
