"""Where visitors come from (SPEC A5, B4)."""

from collections import defaultdict
from dataclasses import replace

from queryapi.answer import Answer
from queryapi.call import Call, asked_range, make_query
from queryapi.counted import counted
from queryapi.lists import METRICS, Listing, answer_list, list_answer, list_query, named, run_list, simple
from queryapi.params import bad_parameter
from queryapi.query import Filter, Order, Query
from queryapi.rows import Row, text
from queryapi.statement import compile_query

GROUPS = ("source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer")
SOURCES_PARAMETERS = frozenset({"group", "drill"})
REFERRERS_PARAMETERS = frozenset({"group"})
_METRICS = (*METRICS, "avg_session_time")


async def sources(call: Call) -> Answer:
    """By source with its channels, or by another of GROUPS; `drill` lists the referrers of one source."""
    group = call.params.choice("group", GROUPS) or "source"
    drill = call.params.text("drill")
    if drill is not None and group != "source":
        raise bad_parameter("drill", "only with group=source", "conflicting_parameters")
    if drill is not None:
        listing = replace(simple("referrer"), metrics=_METRICS, filters=(Filter("source", (drill,)),))
        return await answer_list(call, listing)
    if group != "source":
        return await answer_list(call, replace(simple(group), metrics=_METRICS))
    return await _with_channels(call, replace(simple("source"), metrics=_METRICS))


async def top_referrers(call: Call) -> Answer:
    """Hosts or URLs that sent visitors; neither direct visits nor the website itself."""
    is_url = call.params.choice("group", ("host", "url")) == "url"
    listing = simple("referrer" if is_url else "referrer_host", "referrer")
    return await _with_channels(call, replace(listing, filters=(Filter("is_referred", ("true",)),)))


async def _with_channels(call: Call, listing: Listing) -> Answer:
    """The list, each row with its most frequent source and channel, and the other channels."""
    everybody = make_query(call, await asked_range(call), listing.metrics)
    query = list_query(call, everybody, listing)
    page = await run_list(call, query, listing, everybody)
    name = listing.dimensions[0]
    if page.rows:
        frequent = await _frequent(call, page.query, name, page.rows)
        for row, item in zip(page.rows, page.items, strict=True):
            pairs = frequent[text(row[name])]
            if name != "source":
                item["source"] = pairs[0][0]
            channels = list(dict.fromkeys(channel for _, channel in pairs))
            item["channel"] = channels[0]
            if len(channels) > 1:
                item["channels"] = channels
    return await list_answer(call, page)


async def _frequent(
    call: Call, query: Query, name: str, rows: list[Row]
) -> dict[str | None, list[tuple[object, object]]]:
    """(source, channel) by name, the most visited first."""
    dimensions = tuple(dict.fromkeys((name, "source", "channel")))
    split = replace(
        query,
        dimensions=dimensions,
        metrics=("page_views", "sessions"),
        order=Order("sessions", descending=True),
        search=None,
        limit=None,
        offset=0,
    )
    split = await counted(call, split)
    if split.counted_as is None:
        names = tuple(str(named(row, name)) for row in rows)
        split = replace(split, filters=(*split.filters, Filter(name, names)))
    found: defaultdict[str | None, list[tuple[object, object]]] = defaultdict(list)
    for row in await call.reader.rows(compile_query(split)):
        if row["is_row"]:
            found[text(row[name])].append((named(row, "source"), named(row, "channel")))
    return found
