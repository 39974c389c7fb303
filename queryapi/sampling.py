"""How many of the visitors are looked at to say how many there are: all where that is cheap, else a sample.

Every visitor is in one of 64 lanes, by a hash. Some lanes give a sample of the visitors in which each is whole,
whatever the range, so that an estimate of distinct visitors is their number times 64 / lanes.
"""

from dataclasses import replace
from math import sqrt

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.call import Call
from queryapi.query import LANES, Query
from sql.statements import read

EXACT_PARAMETER = "exact"
# A bucket of a series has a part of the sample; more would cost more than a chart should.
_SERIES_FACTOR = 4
# Of 20 estimates 19 are no farther off than so many standard deviations.
_DEVIATIONS = 1.96


async def sampled(call: Call, query: Query) -> Query:
    """`query` with the lanes that its unique visitors are counted from. What needs each session's row anyway is
    counted exactly: queries with filters or dimensions."""
    if "unique_visitors" not in query.metrics or query.filters or query.dimensions:
        return query
    if call.params.flag(EXACT_PARAMETER):
        return query
    found = await call.reader.row(
        sql.SQL(read("reads/site_size")),
        {
            "website_id": query.website_id,
            "since": grain_floor(query.range.since),
            "until": grain_ceiling(query.range.until),
            "include_bots": query.include_bots,
        },
    )
    hits = found["hits"]
    assert isinstance(hits, int)
    size = call.exact_up_to * (1 if query.interval is None else _SERIES_FACTOR)
    return query if hits <= size else replace(query, lanes=max(1, LANES * size // hits))


def sampling_note(*estimates: tuple[Query, object]) -> dict[str, object] | None:
    """What `meta.sampled` says of queries and the unique visitors found by each; None when all were counted. The
    bound is that of the least certain: 19 of 20 estimates are within it."""
    of_samples = [(query.lanes / LANES, visitors) for query, visitors in estimates if query.lanes < LANES]
    if not of_samples:
        return None
    return {
        "metric": "unique_visitors",
        "fraction": min(fraction for fraction, _ in of_samples),
        "error_percent": max(_error_percent(fraction, visitors) for fraction, visitors in of_samples),
    }


def _error_percent(fraction: float, visitors: object) -> float:
    assert isinstance(visitors, int | float)
    counted = visitors * fraction
    return min(100.0, round(100 * _DEVIATIONS * sqrt((1 - fraction) / counted), 2)) if counted else 100.0
