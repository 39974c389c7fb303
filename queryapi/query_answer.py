"""The answer to `POST /api/v2/query` (SPEC N3): the same population as every report, split and ordered freely."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from queryapi.answer import Answer
from queryapi.buckets import INTERVALS, Interval
from queryapi.call import Call, asked_range, make_query, run_totals
from queryapi.comparison import changes, comparison_range, parse_compare
from queryapi.envelope import (
    COMPARISON_OUT_OF_RETENTION,
    head,
    is_out_of_retention,
    local_text,
    max_age_seconds,
    meta,
    range_body,
)
from queryapi.fields import refuse
from queryapi.filter_tree import conjuncts, names_in
from queryapi.lists import percentage, population
from queryapi.metrics import METRICS, PERCENT_METRICS
from queryapi.query import Order, Query, Range
from queryapi.query_body import SHARES, Wanted, is_of_sessions
from queryapi.query_statement import compile_breakdown, unset_name
from queryapi.rows import Number, Row, number, whole
from queryapi.sampling import Answered, answer_series, answer_totals, sampling_note
from queryapi.statement import compile_query, series_starts
from queryapi.timeseries import auto_interval, mark_partial

_INTERVALS: dict[str, Interval] = {name: name for name in INTERVALS}
_PERCENTS = PERCENT_METRICS | set(SHARES)
Numbers = dict[str, Number]
Item = dict[str, object]


class _Base(NamedTuple):
    """Whom shares are of: all visitors of the population, and those whatever their events are."""

    visitors: int
    candidates: int


@dataclass(frozen=True)
class _Split:
    """A query on its way; `earlier` is what it is set against, `interval` the one of its time. `answers` are those
    of totals and series so far, none where rows are split by anything but time."""

    call: Call
    wanted: Wanted
    query: Query
    earlier: Range | None
    interval: Interval | None
    base: _Base
    answers: list[Answered]


async def answer_query(call: Call, wanted: Wanted) -> Answer:
    """The rows asked for, in the envelope of lists; raises AppError 400, or 422 where the parts of the query do not
    go together."""
    asked = await asked_range(call)
    compare = parse_compare(call.params)
    earlier = comparison_range(call.params, asked, compare, call.now)
    query = replace(make_query(call, asked, _computed(wanted)), compare=compare)
    _check(query, wanted)
    warnings: list[str] = []
    if earlier is not None and await is_out_of_retention(call, replace(query, range=earlier)):
        warnings.append(COMPARISON_OUT_OF_RETENTION)
        earlier = None
    interval = _interval(wanted, query)
    answers: list[Answered] = []
    if not wanted.others:
        answer = answer_series if interval is not None and not wanted.has_totals else answer_totals
        answers.append(await answer(call, replace(query, interval=interval)))
        query = replace(answers[0].query, interval=None)
    split = _Split(call, wanted, query, earlier, interval, await _base(call, query, wanted), answers)
    rows, total = await _rows(split)
    body: dict[str, object] = {**await head(call, asked), "data": rows, "limit": wanted.limit, "offset": wanted.offset}
    if split.interval is not None:
        body["interval"] = split.interval
    if earlier is not None:
        body["comparison"] = {"date_range": earlier.label, "range": range_body(earlier)}
    if wanted.has_total_rows:
        body["total"] = total
    if wanted.has_totals:
        body["totals"] = (await _totals(replace(split, earlier=None)))["metrics"]
    if wanted.has_time_labels and split.interval is not None:
        body["time_labels"] = [local_text(start, asked) for start in series_starts(query, split.interval)]
    note = sampling_note(*answers)
    said = await meta(call, query, is_raw=_is_raw(wanted), warnings=warnings, sampled=note)
    return Answer(body, max_age_seconds(asked, call.now), said)


def _computed(wanted: Wanted) -> tuple[str, ...]:
    """What the database counts: shares are of visitors."""
    named = [name for name in wanted.metrics if name in METRICS]
    if len(named) < len(wanted.metrics) and "unique_visitors" not in named:
        named.append("unique_visitors")
    return tuple(named)


def _check(query: Query, wanted: Wanted) -> None:
    has_goal = "event_type" in wanted.dimensions or any("event_type" in names_in(item) for item in conjuncts(query))
    if "conversion_rate" in wanted.metrics and not has_goal:
        problem = "conversion_rate needs event_type as a dimension or in a filter"
        raise refuse("impossible_combination", "metrics", problem)
    if query.compare != "none" and wanted.others:
        problem = f"only of totals and of time, not of {', '.join(wanted.others)}"
        raise refuse("impossible_combination", "include.compare", problem)
    if wanted.has_time_labels and wanted.time is None:
        raise refuse("impossible_combination", "include.time_labels", "only with time as a dimension")


def _interval(wanted: Wanted, query: Query) -> Interval | None:
    if wanted.time is None:
        return None
    return _INTERVALS.get(wanted.time.removeprefix("time:")) or auto_interval(query.range)


def _is_raw(wanted: Wanted) -> bool:
    """True when rollups cannot answer."""
    return not all(is_of_sessions(name) for name in wanted.others) or (wanted.time is not None and bool(wanted.others))


async def _base(call: Call, query: Query, wanted: Wanted) -> _Base:
    if set(SHARES).isdisjoint(wanted.metrics):
        return _Base(0, 0)
    others = tuple(item for item in conjuncts(query) if "event_type" not in names_in(item))
    visitors = await population(call, query)
    return _Base(visitors, await population(call, replace(query, filters=others)))


async def _rows(split: _Split) -> tuple[list[Item], int]:
    """The rows of the page, and how many there are without it."""
    wanted = split.wanted
    if wanted.dimensions and (wanted.others or split.interval is None):
        return await _breakdown(split)
    rows = [await _totals(split)] if split.interval is None else await _series(split, split.interval)
    return rows[wanted.offset : wanted.offset + wanted.limit], len(rows)


async def _totals(split: _Split) -> Item:
    found = split.answers[0].totals if split.answers else await run_totals(split.call, split.query)
    numbers = _numbers(found, split, is_row=False)
    item: Item = {"dimensions": {}, "metrics": numbers}
    if split.earlier is not None:
        before = await answer_totals(split.call, replace(split.query, range=split.earlier))
        split.answers.append(before)
        base = await _base(split.call, before.query, split.wanted)
        item["comparison"] = _compared(numbers, _numbers(before.totals, replace(split, base=base), is_row=False))
    return item


async def _series(split: _Split, interval: Interval) -> list[Item]:
    """Every bucket, also where nothing happened; by time unless another order is asked for."""
    wanted, query = split.wanted, split.query
    assert wanted.time is not None
    buckets = await _buckets(split, interval)
    rows: list[Item] = [{"dimensions": {wanted.time: label}, "metrics": numbers} for label, numbers in buckets]
    mark_partial(rows, series_starts(query, interval), query, interval)
    if split.earlier is not None:
        answer = await answer_series(split.call, replace(query, range=split.earlier, interval=interval))
        split.answers.append(answer)
        earlier = replace(answer.query, interval=None)
        base = await _base(split.call, earlier, wanted)
        before = await _buckets(replace(split, query=earlier, base=base), interval)
        # The two may differ by an hour of a clock change or by a week that is cut: paired from the start.
        for row, (label, numbers), (_, own) in zip(rows, before, buckets, strict=False):
            row["comparison"] = {"dimensions": {wanted.time: label}, **_compared(own, numbers)}
    places = list(range(len(rows)))
    for order in reversed(wanted.order):
        if order.key in METRICS or order.key in SHARES:
            places.sort(key=lambda place: buckets[place][1][order.key] or 0, reverse=order.descending)
        else:
            places.sort(reverse=order.descending)
    return [rows[place] for place in places]


async def _buckets(split: _Split, interval: Interval) -> list[tuple[str, Numbers]]:
    """The label and the numbers of each bucket."""
    query = split.query
    found = await split.call.reader.rows(compile_query(replace(query, interval=interval)))
    rows = {whole(row["bucket"]): row for row in found if row["is_row"]}
    nothing: Row = dict.fromkeys(query.metrics)
    starts = enumerate(series_starts(query, interval), start=1)
    return [
        (local_text(start, query.range), _numbers(rows.get(index, nothing), split, is_row=False))
        for index, start in starts
    ]


async def _breakdown(split: _Split) -> tuple[list[Item], int]:
    wanted, interval = split.wanted, split.interval
    order = [_counted(one) for one in wanted.order] or [Order(split.query.metrics[0], descending=True)]
    query = replace(
        split.query,
        dimensions=wanted.dimensions,
        order=order[0],
        ties=tuple(order[1:]),
        limit=wanted.limit,
        offset=wanted.offset,
    )
    if _is_raw(wanted):
        columns = tuple(f"k{index}" for index in range(len(wanted.dimensions)))
        statement = compile_breakdown(query, interval)
    else:
        columns, statement = wanted.dimensions, compile_query(query)
    labels = [] if interval is None else [local_text(start, query.range) for start in series_starts(query, interval)]
    found = await split.call.reader.rows(statement)
    rows: list[Item] = []
    for row in found:
        if row["is_row"]:
            dimensions = {
                name: labels[whole(row[column]) - 1] if name == wanted.time else row[column] or unset_name(name)
                for name, column in zip(wanted.dimensions, columns, strict=True)
            }
            rows.append({"dimensions": dimensions, "metrics": _numbers(row, split, is_row=True)})
    return rows, whole(found[0]["total"])


def _counted(order: Order) -> Order:
    """Shares order as the visitors do, of whom they are."""
    return replace(order, key="unique_visitors") if order.key in SHARES else order


def _numbers(row: Row, split: _Split, *, is_row: bool) -> Numbers:
    """The metrics asked for. What is not defined is 0, but a rate of no sessions, in the row of something, is None
    (SPEC R23, R24)."""
    numbers: Numbers = {}
    for name in split.wanted.metrics:
        if name == "percentage":
            numbers[name] = percentage(whole(row["unique_visitors"] or 0), split.base.visitors)
        elif name == "conversion_rate":
            numbers[name] = percentage(whole(row["unique_visitors"] or 0), split.base.candidates)
        else:
            value = number(row[name])
            numbers[name] = value if is_row and name in PERCENT_METRICS else value or 0
    return numbers


def _compared(current: Numbers, before: Numbers) -> Item:
    change, new = changes(current, before, _PERCENTS)
    found: Item = {"metrics": before, "change": change}
    return {**found, "new": dict.fromkeys(new, True)} if new else found
