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
    """Rows of a list, the number before the limit, and the names the rows carry."""

    items: list[dict[str, object]]
    rows: list[Row]
    total: int


async def answer_list(call: Call, listing: Listing) -> Answer:
    """The list in the envelope of SPEC R66."""
    asked = await asked_range(call)
    everybody = make_query(call, asked, listing.metrics)
    query = list_query(call, everybody, listing)
    page = await run_list(call, query, listing, await population(call, everybody))
    return await list_answer(call, query, page)


async def list_answer(call: Call, query: Query, page: Page) -> Answer:
    """The envelope around the rows."""
    body = {
        **await head(call, query.range),
        "data": page.items,
        "total": page.total,
        "limit": query.limit,
        "offset": query.offset,
    }
    return Answer(body, max_age_seconds(query.range, call.now), await meta(call, query))


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
        offset=call.params.whole("offset", 0, MAX_OFFSET) or 0,
    )


def parse_limit(params: Params) -> int:
    return params.whole("limit", 1, MAX_LIMIT) or DEFAULT_LIMIT


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


async def run_list(call: Call, query: Query, listing: Listing, visitors: int) -> Page:
    """The rows asked for; a rate that is not defined is left out of its row (SPEC R23)."""
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
    return Page(items, rows, whole(found[0]["total"]))


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
