"""How many of the visitors are looked at to say what all of them did: all where that is cheap, else a sample.

A sample is made of visitors, by a hash, in which each is whole, whatever the range: so an estimate is what was found
of them, scaled. Of a whole website only distinct visitors are estimated, from some of 64 lanes; with filters
everything is, from one in 4, 16 or 64 visitors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import NamedTuple

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.call import Call, run_totals
from queryapi.conditions import is_about_events
from queryapi.filter_tree import conjuncts, is_about_event
from queryapi.query import LANES, Query
from queryapi.rows import Row, number, whole
from queryapi.spread import ESTIMATED, FOUND, has_spread, spread_name
from queryapi.statement import compile_query
from sql.statements import read

EXACT_PARAMETER = "exact"
# One in so many visitors: rows of these are read from indexes of their own (sql/migrations/0036_samples).
_OF_SESSIONS = (4, 16, 64)
_OF_EVENTS = (16, 64)
# A sample in which filters leave fewer visitors is none, nor is one of a list of which any row has fewer: all are
# counted then. They are so small a part of the events that are always counted: 1000, and 100, of 100 000.
_LEAST_FOUND = 100
_LEAST_FOUND_IN_ROW = 1000
# A bucket of a series has a part of the sample, and filters leave a part of it; more would cost more than a chart
# should.
_SERIES_FACTOR = 4
# Of 20 estimates 19 are no farther off than so many standard deviations.
_DEVIATIONS = 1.96


class Answered(NamedTuple):
    """A query without dimensions as it was answered, from a sample or exactly, and its totals."""

    query: Query
    totals: Row


async def answer_totals(call: Call, query: Query) -> Answered:
    """The totals of `query`, whose series comes from the same sample."""
    return await _answer(call, await _sampled(call, query))


async def answer_series(call: Call, query: Query) -> Answered:
    """The same for a series alone: there are totals where they tell how certain it is."""
    query = await _sampled(call, query)
    is_exact = query.one_in == 1 and query.lanes == LANES
    return Answered(query, {}) if is_exact else await _answer(call, query)


async def _answer(call: Call, query: Query) -> Answered:
    totals = replace(query, interval=None)
    row = await run_totals(call, totals)
    if not has_spread(totals) or _has_enough(call, row):
        return Answered(query, row)
    return Answered(replace(query, one_in=1), await run_totals(call, replace(totals, one_in=1)))


def _has_enough(call: Call, totals: Row) -> bool:
    return whole(totals[FOUND]) >= call.exact_up_to // _LEAST_FOUND


async def _sampled(call: Call, query: Query) -> Query:
    """`query` with the lanes, or the sample, that the size of the website makes it look at."""
    if call.params.flag(EXACT_PARAMETER) or not (query.filters or "unique_visitors" in query.metrics):
        return query
    hits = await _hits(call, query)
    if query.filters:
        samples = _OF_EVENTS if is_about_events(query) else _OF_SESSIONS
        return replace(query, one_in=_one_in(call, hits, _SERIES_FACTOR, samples))
    size = call.exact_up_to * (1 if query.interval is None else _SERIES_FACTOR)
    return replace(query, lanes=LANES if hits <= size else max(1, LANES * size // hits))


async def _hits(call: Call, query: Query) -> int:
    """What happened in the range, whatever the filters."""
    found = await call.reader.row(
        sql.SQL(read("reads/site_size")),
        {
            "website_id": query.website_id,
            "since": grain_floor(query.range.since),
            "until": grain_ceiling(query.range.until),
            "include_bots": query.include_bots,
        },
    )
    return whole(found["hits"])


def _one_in(call: Call, hits: int, factor: int, samples: Sequence[int]) -> int:
    """The greatest sample of so many hits that is no more than `factor` times what is counted, or the smallest."""
    if hits <= call.exact_up_to:
        return 1
    return next((one_in for one_in in samples if hits <= factor * call.exact_up_to * one_in), samples[-1])


async def answer_rows(call: Call, query: Query) -> Sequence[Row]:
    """The rows of a list of few that stands beside totals: counted, but where events are picked from a sample, and it
    lacks no row and has enough of each. Raw events are many, and what a session is by is told by its rows."""
    if query.one_in > 1 and is_about_events(query):
        rows = await _rows(call, query)
        least = call.exact_up_to // _LEAST_FOUND_IN_ROW * query.one_in
        if all(whole(row["unique_visitors"]) >= least for row in rows) and len(rows) == await _most_rows(call, query):
            return rows
    return await _rows(call, replace(query, one_in=1))


async def _rows(call: Call, query: Query) -> Sequence[Row]:
    return [row for row in await call.reader.rows(compile_query(query)) if row["is_row"]]


async def _most_rows(call: Call, query: Query) -> int:
    """How many rows there are at most: as many as there would be whatever the events."""
    filters = tuple(item for item in conjuncts(query) if not is_about_event(item))
    first = replace(query, filters=filters, one_in=1, metrics=("page_views",), order=None, limit=1)
    found = await call.reader.rows(compile_query(first))
    return whole(found[0]["total"])


async def sample_of_events(call: Call, query: Query) -> Query:
    """`query` of raw events, whatever the filters, with the sample that it is looked up in: no chart divides it, so it
    may be smaller than that of totals."""
    return replace(query, one_in=(await _samples(call, query, _OF_EVENTS))[0])


async def sampled_totals(call: Call, query: Query, *, is_raw: bool = False) -> Answered | None:
    """What the filters leave of a sample that is big enough for a list, of which `query` has one page; None where all
    of it is to be counted. `is_raw` where the list reads raw events whatever the filters, or without any."""
    if not (query.filters or is_raw):
        return None
    totals = replace(query, dimensions=(), order=None, search=None, limit=None, offset=0)
    for one_in in await _samples(call, totals, _OF_EVENTS if is_raw or is_about_events(query) else _OF_SESSIONS):
        if one_in > 1:
            sampled = replace(totals, one_in=one_in)
            row = await run_totals(call, sampled)
            if _has_enough(call, row):
                return Answered(sampled, row)
    return None


async def _samples(call: Call, query: Query, samples: Sequence[int]) -> list[int]:
    """The smallest sample that says something and, where it is another, the greatest that is not too big."""
    if call.params.flag(EXACT_PARAMETER):
        return [1]
    hits = await _hits(call, query)
    return sorted({_one_in(call, hits, factor, samples) for factor in (1, _SERIES_FACTOR)}, reverse=True)


def is_enough_for_rows(call: Call, one_in: int, found: Sequence[int]) -> bool:
    """Whether estimates of so many visitors, in each of some rows, say something of all of them; of no row they do
    not, for it may be missing from the sample."""
    return min(found, default=0) >= call.exact_up_to // _LEAST_FOUND_IN_ROW * one_in


def sampling_note(*answers: Answered) -> dict[str, object] | None:
    """What `meta.sampled` says of answers; None when all of them were counted. `metrics` has a bound, in percent,
    for each number that is estimated: 19 of 20 estimates are within it. Of several answers the least certain counts."""
    bounds = [(fraction, found) for fraction, found in map(_bounds, answers) if found]
    if not bounds:
        return None
    names = [name for name in answers[0].query.metrics if any(name in found for _, found in bounds)]
    return {
        "fraction": min(fraction for fraction, _ in bounds),
        "metrics": {name: max(found.get(name, 0.0) for _, found in bounds) for name in names},
    }


def _bounds(answer: Answered) -> tuple[float, Mapping[str, float]]:
    """The part of the visitors that was looked at, and the bound of each number that is estimated."""
    query, row = answer
    if query.one_in > 1:
        fraction = 1 / query.one_in
        spreads = {name: number(row[spread_name(name)]) for name in query.metrics if name in ESTIMATED}
        return fraction, {name: bound(fraction, spread) for name, spread in spreads.items()}
    fraction = query.lanes / LANES
    if fraction == 1:
        return fraction, {}
    counted = whole(row["unique_visitors"]) * fraction
    return fraction, {"unique_visitors": bound(fraction, counted and 1 / sqrt(counted))}


def bound(fraction: float, spread: float | None) -> float:
    """The percent that 19 of 20 estimates are within; what was not found at all may be anything."""
    return 100.0 if not spread else min(100.0, round(100 * _DEVIATIONS * sqrt(1 - fraction) * float(spread), 2))
