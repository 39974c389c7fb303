"""Which pages are looked at, entered and left (SPEC A4, B3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from psycopg import sql

from queryapi.answer import Answer
from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.call import Call, asked_range, make_query
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.lists import parse_limit, parse_offset, parse_order, percentage, population
from queryapi.page_statement import (
    SORTS,
    View,
    compile_gaps,
    compile_pages,
    hostname_view,
    page_view,
    section_view,
    title_view,
)
from queryapi.params import Params, bad_parameter
from queryapi.query import Query
from queryapi.rows import Row, number, text, whole
from queryapi.sampling import is_enough_for_rows, sampled_totals, sampling_note
from sql.statements import read

VIEWS = ("page", "entry", "exit", "section", "title", "hostname")
PAGES_PARAMETERS = frozenset({"view", "depth"})
MAX_DEPTH = 10
_OPTIONAL = ("bounce_rate", "avg_time", "exit_rate", "scroll_depth")


class _Page(NamedTuple):
    """Rows of what is looked up, of everybody or of one in some visitors, and how many visitors there are in all."""

    query: Query
    found: Sequence[Row]
    visitors: int
    sampled: Mapping[str, object] | None = None


async def pages(call: Call) -> Answer:
    """Pages by views, by entries, by exits; or titles, hostnames, sections."""
    asked = await asked_range(call)
    kind = call.params.choice("view", VIEWS) or "page"
    view = _view(call.params, kind)
    public = kind if kind in {"section", "title", "hostname"} else "page"
    query = replace(
        make_query(call, asked, ("unique_visitors",)),
        order=parse_order(call.params, SORTS, {public: "name"}, view.counted),
        search=call.params.text("search"),
        limit=parse_limit(call.params),
        offset=parse_offset(call.params),
    )
    page = await _sampled_page(call, query, view)
    if page is None:
        visitors = await population(call, query)
        page = _Page(query, await call.reader.rows(compile_pages(query, view)), visitors)
    rows = [row for row in page.found if row["is_row"]]
    gaps = await _gaps(call, page.query, view, [str(row["name"]) for row in rows])
    body = {
        **await head(call, asked),
        "data": [_item(row, public, gaps, page) for row in rows],
        "total": whole(page.found[0]["total"]),
        "limit": query.limit,
        "offset": query.offset,
    }
    said = await meta(call, query, is_raw=True, sampled=page.sampled)
    return Answer(body, max_age_seconds(asked, call.now), said)


async def _sampled_page(call: Call, query: Query, view: View) -> _Page | None:
    """The page as a sample of the visitors tells it, where enough of them are in each row."""
    metrics = ("unique_visitors", "page_views", "sessions")
    sample = await sampled_totals(call, replace(query, metrics=metrics), is_raw=True)
    if sample is None:
        return None
    sampled = replace(query, one_in=sample.query.one_in)
    found = await call.reader.rows(compile_pages(sampled, view))
    told = [min(whole(row["unique"]), whole(row[view.counted])) * sampled.one_in for row in found if row["is_row"]]
    if not is_enough_for_rows(call, sampled.one_in, told):
        return None
    return _Page(sampled, found, whole(sample.totals["unique_visitors"] or 0), sampling_note(sample))


def _view(params: Params, kind: str) -> View:
    depth = params.whole("depth", 1, MAX_DEPTH)
    if depth is not None and kind != "section":
        raise bad_parameter("depth", "only with view=section", "conflicting_parameters")
    match kind:
        case "entry":
            return page_view("entries")
        case "exit":
            return page_view("exits")
        case "section":
            return section_view(depth or 1)
        case "title":
            return title_view()
        case "hostname":
            return hostname_view()
        case _:
            return page_view("views")


async def _gaps(call: Call, query: Query, view: View, names: list[str]) -> dict[str, int]:
    """Seconds by name where the website sends no engagement, otherwise nothing."""
    if not names:
        return {}
    asked = query.range
    values = {
        "website_id": query.website_id,
        "since": grain_floor(asked.since),
        "until": grain_ceiling(asked.until),
    }
    found = await call.reader.row(sql.SQL(read("reads/has_engagement")), values)
    if found["has_engagement"]:
        return {}
    rows = await call.reader.rows(compile_gaps(query, view, names))
    return {str(row["name"]): whole(row["avg_time"]) for row in rows}


def _item(row: Row, public: str, gaps: dict[str, int], page: _Page) -> dict[str, object]:
    name = text(row["name"])
    item: dict[str, object] = {public: name}
    for column in ("views", "unique", "sessions", "entries", "exits"):
        item[column] = whole(row[column]) * page.query.one_in
    if public == "title":
        del item["entries"], item["exits"]
    for column in _OPTIONAL:
        value = number(row[column])
        if column == "avg_time" and value is None:
            value = gaps.get(name or "")
        if value is not None and not (column == "exit_rate" and public == "title"):
            item[column] = value
    item["percentage"] = percentage(whole(row["unique"]) * page.query.one_in, page.visitors)
    return item
