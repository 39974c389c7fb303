"""Which ways visitors take through the pages (SPEC N4)."""

import msgspec
from psycopg import sql

from queryapi.answer import SESSION_REACH, Answer, Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call, asked_range, make_query
from queryapi.conditions import Values, row_conditions
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.lists import parse_limit, parse_offset, percentage
from queryapi.matching import with_matching_event
from queryapi.params import bad_parameter
from queryapi.picked import LONGEST_SESSION
from queryapi.query import Query
from queryapi.rows import whole
from queryapi.statement import Statement
from sql.statements import read

JOURNEY_PARAMETERS = frozenset({"steps", "start", "end", "limit", "offset"})
MIN_STEPS = 2
MAX_STEPS = 10
DEFAULT_STEPS = 3


async def journeys(call: Call) -> Answer:
    """The first `steps` pages of each session that began in the range; from the first view of `start` on, or
    the last ones up to the first view of `end`. A share is of the sessions that took any such way."""
    steps = call.params.whole("steps", MIN_STEPS, MAX_STEPS) or DEFAULT_STEPS
    start, end = call.params.text("start"), call.params.text("end")
    if start is not None and end is not None:
        raise bad_parameter("end", "not together with start", "conflicting_parameters")
    limit, offset = parse_limit(call.params), parse_offset(call.params)
    query = make_query(call, await asked_range(call), ())
    values = Values()
    first_step, last_step, through = _cut(values, steps, start, end)
    text = sql.SQL(read("reads/journeys")).format(
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        last_moment=values.bind(query.range.until + LONGEST_SESSION),
        conditions=_conditions(query, values),
        first_step=first_step,
        last_step=last_step,
        through=through,
        limit=values.bind(limit),
        offset=values.bind(offset),
    )
    found = await call.reader.rows(Statement(text, values.bound))
    sessions = whole(found[0]["all_sessions"])
    body = {
        **await head(call, query.range),
        "steps": steps,
        "sessions": sessions,
        "data": [
            {
                "pages": msgspec.convert(row["pages"], list[str]),
                "sessions": whole(row["sessions"]),
                "percentage": percentage(whole(row["sessions"]), sessions),
            }
            for row in found
            if row["is_row"]
        ],
        "total": whole(found[0]["total"]),
        "limit": limit,
        "offset": offset,
    }
    return Answer(body, max_age_seconds(query.range, call.now), await meta(call, query, is_raw=True))


JOURNEYS = Report(journeys, COMMON_PARAMETERS | JOURNEY_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH)


def _conditions(query: Query, values: Values) -> sql.Composable:
    return sql.SQL("{} {}").format(row_conditions(query, values), with_matching_event(query, values))


def _cut(
    values: Values, steps: int, start: str | None, end: str | None
) -> tuple[sql.Composable, sql.Composable, sql.Composable]:
    """The first and the last step of a session that count, and the steps that say so."""
    before = sql.Literal(steps - 1)
    if start is not None:
        through = sql.SQL("WHERE page = {}").format(values.bind(start))
        return sql.SQL("min(step)"), sql.SQL("min(step) + {}").format(before), through
    if end is not None:
        through = sql.SQL("WHERE page = {}").format(values.bind(end))
        return sql.SQL("min(step) - {}").format(before), sql.SQL("min(step)"), through
    return sql.SQL("1"), sql.Literal(steps), sql.SQL("")
