"""What visitors did beside looking at pages (SPEC B13): events by name, their properties, the values of one."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from queryapi.answer import Answer
from queryapi.call import Call, asked_range, make_query
from queryapi.custom_event_statement import compile_custom_events, compile_properties
from queryapi.dimensions import NO_PROPERTY
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.filter_tree import conjuncts, names_in
from queryapi.lists import parse_limit, parse_offset, parse_order, percentage, population
from queryapi.params import MAX_PROPERTY_KEY_BYTES, bad_parameter
from queryapi.query import Order, Query
from queryapi.rows import Row, whole

CUSTOM_EVENTS_PARAMETERS = frozenset({"event_type", "prop"})
# SPEC R1.
RESERVED = ("pageview", "engagement", "performance", "identify")
_COUNTS = ("events", "unique_visitors", "sessions")
_SORTS = (*_COUNTS, "first_seen", "last_seen")


async def custom_events(call: Call) -> Answer:
    """Events by name; with `event_type` the properties of one, and with `prop` the values of that property."""
    event_type, prop = call.params.text("event_type"), call.params.text("prop")
    if event_type in RESERVED:
        raise bad_parameter("event_type", f"must be a custom event, not one of {', '.join(RESERVED)}")
    if prop is not None and event_type is None:
        raise bad_parameter("prop", "only with event_type", "conflicting_parameters")
    if prop is not None and len(prop.encode()) > MAX_PROPERTY_KEY_BYTES:
        raise bad_parameter("prop", f"longer than {MAX_PROPERTY_KEY_BYTES} bytes")
    query = make_query(call, await asked_range(call), ())
    if event_type is not None and prop is None:
        return await _properties(call, query, event_type)
    return await _events(call, query, event_type, prop)


async def _events(call: Call, query: Query, event_type: str | None, prop: str | None) -> Answer:
    name = "event_type" if event_type is None else "value"
    # The rate orders as the visitors do, of whom it is a share.
    order = parse_order(call.params, _SORTS, {name: "name", "conversion_rate": "unique_visitors"}, "unique_visitors")
    query = _page(call, query, order)
    visitors = await _everybody(call, query)
    found = await call.reader.rows(compile_custom_events(query, prop))
    drilled = {} if event_type is None else {"event_type": event_type, "prop": prop}
    items = [_event_item(row, name, visitors) for row in found if row["is_row"]]
    return await _answer(call, query, {**drilled, "data": items}, whole(found[0]["total"]))


async def _properties(call: Call, query: Query, event_type: str) -> Answer:
    query = _page(call, query, parse_order(call.params, ("events", "values"), {"key": "name"}, "events"))
    found = await call.reader.rows(compile_properties(query))
    items = [
        {"key": row["name"], "events": whole(row["events"]), "values": whole(row["values"])}
        for row in found
        if row["is_row"]
    ]
    return await _answer(call, query, {"event_type": event_type, "properties": items}, whole(found[0]["total"]))


def _page(call: Call, query: Query, order: Order) -> Query:
    return replace(
        query,
        order=order,
        search=call.params.text("search"),
        limit=parse_limit(call.params),
        offset=parse_offset(call.params),
    )


async def _answer(call: Call, query: Query, body: Mapping[str, object], total: int) -> Answer:
    whole_body = {
        **await head(call, query.range),
        **body,
        "total": total,
        "limit": query.limit,
        "offset": query.offset,
    }
    return Answer(whole_body, max_age_seconds(query.range, call.now), await meta(call, query, is_raw=True))


async def _everybody(call: Call, query: Query) -> int:
    """Visitors of the population, whether or not they did the event (SPEC R33)."""
    return await population(
        call, replace(query, filters=tuple(item for item in conjuncts(query) if "event_type" not in names_in(item)))
    )


def _event_item(row: Row, name: str, visitors: int) -> dict[str, object]:
    item: dict[str, object] = {name: NO_PROPERTY if row["name"] is None else row["name"]}
    for column in _COUNTS:
        item[column] = whole(row[column])
    item["conversion_rate"] = percentage(whole(row["unique_visitors"]), visitors)
    if row["revenue"] is not None:
        item["revenue"] = revenue_body(row["revenue"])
    return {**item, "first_seen": row["first_seen"], "last_seen": row["last_seen"]}


def revenue_body(sums: object) -> dict[str, str]:
    """Exact sums by currency, in order of currency."""
    return {currency: amount_text(amount) for currency, amount in sorted(msgspec.convert(sums, dict[str, str]).items())}


def amount_text(amount: str) -> str:
    """Every digit of an amount, and two after the point at least: `199.90`, `0.0005`, `3.00`."""
    units, _, fraction = amount.partition(".")
    return f"{units}.{fraction.rstrip('0').ljust(2, '0')}"
