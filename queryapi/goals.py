"""How often the goals of a website are met (SPEC R33)."""

from collections.abc import Sequence

from psycopg import sql

from queryapi.answer import Answer, Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call, asked_range, make_query
from queryapi.conditions import Values, row_conditions
from queryapi.custom_events import revenue_body
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.funnel import Step
from queryapi.funnel_statement import step_condition
from queryapi.goal import goal_body, list_goals
from queryapi.lists import percentage, population
from queryapi.matching import with_matching_event
from queryapi.query import Query
from queryapi.rows import Row, whole
from queryapi.statement import Statement
from sql.statements import read


async def goals(call: Call) -> Answer:
    """Every goal, the most visitors first: events, visitors, sessions and what they earned. Filters on events
    pick the sessions that have such an event, as in a funnel; a rate is of the visitors of that population."""
    query = make_query(call, await asked_range(call), ())
    defined = await list_goals(call.reader, query.website_id)
    visitors = await population(call, query)
    rows: dict[int, Row] = {}
    if defined:
        rows = {whole(row["goal"]): row for row in await call.reader.rows(_compile(query, defined))}
    met = [(goal, rows.get(place)) for place, goal in enumerate(defined)]
    met.sort(key=lambda one: 0 if one[1] is None else -whole(one[1]["unique_visitors"]))
    body = {
        **await head(call, query.range),
        "data": [_item(goal, row, visitors) for goal, row in met],
        "total": len(met),
    }
    return Answer(body, max_age_seconds(query.range, call.now), await meta(call, query, is_raw=True))


GOALS = Report(goals, COMMON_PARAMETERS, REPEATABLE_PARAMETERS)


def _compile(query: Query, defined: Sequence[Step]) -> Statement:
    values = Values()
    places = [
        sql.SQL("CASE WHEN {} THEN {} END").format(step_condition(goal, values), sql.Literal(place))
        for place, goal in enumerate(defined)
    ]
    text = sql.SQL(read("reads/goals")).format(
        goals=sql.SQL(", ").join(places),
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        conditions=sql.SQL("{} {}").format(row_conditions(query, values), with_matching_event(query, values)),
    )
    return Statement(text, values.bound)


def _item(goal: Step, row: Row | None, visitors: int) -> dict[str, object]:
    found = {name: 0 if row is None else whole(row[name]) for name in ("events", "unique_visitors", "sessions")}
    item = {**goal_body(goal), **found, "conversion_rate": percentage(found["unique_visitors"], visitors)}
    if row is not None and row["revenue"] is not None:
        item["revenue"] = revenue_body(row["revenue"])
    return item
