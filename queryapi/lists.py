"""Reports that are one list by attributes of the session: sources, places, technology (SPEC A5, A7-A10, B4-B8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from queryapi.answer import Answer
from queryapi.call import Call, asked_range, make_query, run_totals
from queryapi.comparison import rounded
from queryapi.counted import counted
from queryapi.dimensions import SESSION_DIMENSIONS
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.params import Params, bad_parameter
from queryapi.query import Filter, Order, Query
from queryapi.rows import Row, number, whole
from queryapi.sampling import Answered, is_enough_for_rows, sampled_totals, sampling_note
from queryapi.statement import compile_query

LIST_PARAMETERS = frozenset({"limit", "offset", "sort", "search"})
DEFAULT_LIMIT = 10
MAX_LIMIT = 1000
MAX_OFFSET = 1_000_000
METRICS = ("sessions", "unique_visitors", "page_views", "bounce_rate")
_OPTIONAL = frozenset({"bounce_rate"})

Item = Callable[[Row], dict[str, object]]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list: what it is split by, the first of which is its name, and how the names of a row are told."""

    dimensions: tuple[str, ...]
    item: Item
    metrics: tuple[str, ...] = METRICS
    filters: tuple[Filter, ...] = ()
    # What `sort` and `search` call the name.
    name: str


@dataclass(frozen=True)
class Page:
    """Rows of a list, the number before the limit, and the names the rows carry; `query` is what they answer, all of
    it or of the sample that `sampled` has the totals of."""

    query: Query
    items: list[dict[str, object]]
    rows: list[Row]
    total: int
    sampled: Answered | None = None


async def answer_list(call: Call, listing: Listing) -> Answer:
    """The list in the envelope of SPEC R66."""
    asked = await asked_range(call)
    everybody = make_query(call, asked, listing.metrics)
    query = list_query(call, everybody, listing)
    return await list_answer(call, await run_list(call, query, listing, everybody))


async def list_answer(call: Call, page: Page) -> Answer:
    """The envelope around the rows."""
    query = page.query
    body = {
        **await head(call, query.range),
        "data": page.items,
        "total": page.total,
        "limit": query.limit,
        "offset": query.offset,
    }
    said = await meta(call, query, sampled=sampling_note(*filter(None, [page.sampled])))
    return Answer(body, max_age_seconds(query.range, call.now), said)


def list_query(call: Call, query: Query, listing: Listing) -> Query:
    """`query` split by the dimensions of the list, with the page of rows that was asked for."""
    return replace(
        query,
        dimensions=listing.dimensions,
        metrics=listing.metrics,
        filters=(*query.filters, *listing.filters),
        order=parse_order(call.params, listing.metrics, {listing.name: listing.dimensions[0]}, "unique_visitors"),
        search=call.params.text("search"),
        limit=parse_limit(call.params),
        offset=parse_offset(call.params),
    )


def parse_limit(params: Params) -> int:
    return params.whole("limit", 1, MAX_LIMIT) or DEFAULT_LIMIT


def parse_offset(params: Params) -> int:
    return params.whole("offset", 0, MAX_OFFSET) or 0


def parse_order(params: Params, metrics: tuple[str, ...], names: Mapping[str, str], default: str) -> Order:
    """`-metric` descends, `name` ascends; raises AppError 400 on anything the rows do not have."""
    asked = params.text("sort") or f"-{default}"
    key = asked.removeprefix("-")
    if key not in metrics and key not in names:
        known = ", ".join((*metrics, *names))
        raise bad_parameter("sort", f"must be one of {known}, with a minus sign to descend")
    return Order(names.get(key, key), descending=asked.startswith("-"))


async def population(call: Call, query: Query) -> int:
    """Unique visitors of everybody the request is about: what a percentage is of (SPEC R32)."""
    everybody = replace(
        query, dimensions=(), metrics=("unique_visitors",), order=None, search=None, limit=None, offset=0
    )
    return whole((await run_totals(call, await counted(call, everybody)))["unique_visitors"] or 0)


async def run_list(call: Call, query: Query, listing: Listing, everybody: Query) -> Page:
    """The rows asked for, `everybody` being whom their percentages are of; a rate that is not defined is left out of
    its row (SPEC R23). Of a sample where enough of it is in each row, or else counted."""
    sample = await sampled_totals(call, query)
    if sample is not None:
        one_in = sample.query.one_in
        is_of_all = query.filters == everybody.filters
        totals = sample.totals if is_of_all else await run_totals(call, replace(everybody, one_in=one_in))
        page = await _page(call, replace(query, one_in=one_in), listing, whole(totals["unique_visitors"] or 0))
        if is_enough_for_rows(call, one_in, [whole(row["unique_visitors"] or 0) for row in page.rows]):
            return replace(page, sampled=sample)
    return await _page(call, query, listing, await population(call, everybody))


async def _page(call: Call, query: Query, listing: Listing, visitors: int) -> Page:
    found = await call.reader.rows(compile_query(await counted(call, query)))
    rows = [row for row in found if row["is_row"]]
    items: list[dict[str, object]] = []
    for row in rows:
        item = listing.item(row)
        for name in listing.metrics:
            value = number(row[name])
            if value is not None or name not in _OPTIONAL:
                item[name] = value or 0
        item["percentage"] = percentage(whole(row["unique_visitors"] or 0), visitors)
        items.append(item)
    return Page(query, items, rows, whole(found[0]["total"]))


def percentage(part: int, everything: int) -> float:
    """100 x part / everything, two decimals half up; 0 where there is nothing."""
    return float(rounded(Decimal(100 * part) / Decimal(everything), 2)) if everything else 0.0


def named(row: Row, dimension: str) -> object:
    """The value of a row under a dimension, or what NULL is called there."""
    value = row[dimension]
    return SESSION_DIMENSIONS[dimension].unset if value is None else value


def simple(dimension: str, public: str | None = None) -> Listing:
    """A list by one attribute, whose rows are named as the attribute is."""
    name = public or dimension
    return Listing(dimensions=(dimension,), name=name, item=lambda row: {name: named(row, dimension)})
