"""How a funnel performs: people at each step, losses, rates, times (SPEC B18, F2)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from queryapi.answer import SESSION_REACH, Answer, Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call, asked_range, make_query
from queryapi.dimensions import FILTER_PARAMETERS, SESSION_DIMENSIONS
from queryapi.envelope import max_age_seconds, meta, range_body
from queryapi.funnel import MAX_WINDOW_SECONDS, SCOPES, STEP_ORDERS, Definition, Funnel, Step
from queryapi.funnel_measure import measure
from queryapi.funnel_statement import Question, compile_matched
from queryapi.lists import percentage
from queryapi.params import Params
from queryapi.rows import Row, whole

PERFORMANCE_PARAMETERS = COMMON_PARAMETERS | {"window", "scope", "order", "breakdown"}
BREAKDOWNS = tuple(sorted(FILTER_PARAMETERS & SESSION_DIMENSIONS.keys()))
# The group of everyone who is in none of the five greatest.
OTHER_PLACE = 6


def performance_of(funnel: Funnel, params: Params) -> Report:
    """The report on `funnel`; raises AppError 400. What happens within its window after the range still counts."""
    window = _asked_definition(params, funnel.definition).window
    report = partial(performance, funnel=funnel)
    return Report(report, PERFORMANCE_PARAMETERS, REPEATABLE_PARAMETERS, reach=window + SESSION_REACH)


async def performance(call: Call, funnel: Funnel) -> Answer:
    """The performance of `funnel`, which belongs to the website of the call; raises AppError 400."""
    definition = _asked_definition(call.params, funnel.definition)
    split_by = call.params.choice("breakdown", BREAKDOWNS)
    asked = await asked_range(call)
    query = make_query(call, asked, ())
    final_after = asked.until + definition.window
    measured = await measure(call, definition, query, SESSION_DIMENSIONS[split_by] if split_by else None)
    question, total, rows, sampled = measured
    steps = _steps(definition.steps, [row for row in rows if row["place"] is None])
    body: dict[str, object] = {
        "funnel_id": str(funnel.funnel_id),
        "website_id": funnel.website_id,
        "name": definition.name,
        "date_range": asked.label,
        "range": range_body(asked),
        "scope": definition.scope,
        "window_seconds": definition.window_seconds,
        "order": definition.order,
        "total_visitors": total,
        **_summary(steps),
        "never_entered": total - whole(steps[0]["visitors"]),
        "steps": steps,
    }
    if split_by is not None:
        body["breakdown"] = {"dimension": split_by, "data": _groups(definition.steps, rows)}
    said = await meta(call, query, is_raw=True, warnings=await _warnings(call, question, steps), sampled=sampled)
    open_until = replace(asked, until=final_after)
    return Answer(body, max_age_seconds(open_until, call.now), {**said, "final_after": final_after})


def _asked_definition(params: Params, stored: Definition) -> Definition:
    """The funnel as stored, but for what the request asks otherwise."""
    return replace(
        stored,
        window_seconds=params.whole("window", 1, MAX_WINDOW_SECONDS) or stored.window_seconds,
        scope=next((scope for scope in SCOPES if scope == params.choice("scope", SCOPES)), stored.scope),
        order=next((order for order in STEP_ORDERS if order == params.choice("order", STEP_ORDERS)), stored.order),
    )


def _steps(steps: Sequence[Step], rows: Sequence[Row]) -> list[dict[str, object]]:
    """The steps with their numbers; a step without a row was reached by nobody."""
    found = {whole(row["step"]): row for row in rows}
    bodies: list[dict[str, object]] = []
    entered = before = 0
    for order, step in enumerate(steps, 1):
        row = found.get(order)
        visitors = 0 if row is None else whole(row["people"])
        if order == 1:
            entered = before = visitors
        bodies.append(
            {
                "id": str(step.id),
                "order": order,
                "name": step.name,
                "page": step.page,
                "event_type": step.event_type,
                "visitors": visitors,
                "dropoff": before - visitors,
                "dropoff_rate": percentage(before - visitors, before),
                "conversion_rate": percentage(visitors, entered),
                "step_conversion_rate": percentage(visitors, before),
                "avg_time_from_previous": None if row is None else row["average_seconds"],
                "median_time_from_previous": None if row is None else row["median_seconds"],
            }
        )
        before = visitors
    return bodies


def _summary(steps: Sequence[dict[str, object]]) -> dict[str, object]:
    entered, completed = whole(steps[0]["visitors"]), whole(steps[-1]["visitors"])
    return {"entered": entered, "completed": completed, "conversion_rate": percentage(completed, entered)}


def _groups(steps: Sequence[Step], rows: Sequence[Row]) -> list[dict[str, object]]:
    """The five greatest groups, and everyone else as the last."""
    by_place: dict[int, list[Row]] = {}
    for row in rows:
        if row["place"] is not None:
            by_place.setdefault(whole(row["place"]), []).append(row)
    groups: list[dict[str, object]] = []
    for place, own in sorted(by_place.items()):
        numbers = _steps(steps, own)
        is_other = place == OTHER_PLACE
        value = "other" if is_other else own[0]["value"]
        groups.append({"value": value, "is_other": is_other, **_summary(numbers), "steps": numbers})
    return groups


async def _warnings(call: Call, question: Question, steps: Sequence[dict[str, object]]) -> list[str]:
    """A step that no event matches at all is likely misspelt."""
    warnings: list[str] = []
    for order, step in enumerate(steps, 1):
        if not step["visitors"] and not (await call.reader.rows(compile_matched(question, order)))[0]["is_matched"]:
            warnings.append(f"step_matches_nothing:{order}")
    return warnings
