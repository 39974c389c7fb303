"""A website's numbers over time (SPEC A11-A13, B9, B10)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from queryapi.answer import Answer
from queryapi.buckets import INTERVALS, Interval, bucket_end, bucket_starts
from queryapi.call import Call, asked_range, make_query
from queryapi.comparison import comparison_range, parse_compare
from queryapi.dashboard import SIX, zeroed
from queryapi.envelope import COMPARISON_OUT_OF_RETENTION, head, is_out_of_retention, local_text, max_age_seconds, meta
from queryapi.metrics import METRICS
from queryapi.params import Params, bad_parameter
from queryapi.query import Query, Range
from queryapi.ranges import days_range, resolve_zone
from queryapi.rows import whole
from queryapi.sampling import answer_series, answer_totals, sampling_note
from queryapi.statement import compile_query, series_starts

SERIES_PARAMETERS = frozenset({"interval", "metrics"})
HOURLY_PARAMETERS = frozenset({"hours", "metrics"})
DEFAULT_METRICS = ("page_views", "unique_visitors", "sessions")
MAX_HOURLY_DAYS = 31
# One of them has a 29 February at most.
THREE_YEARS = timedelta(days=3 * 365 + 1)
_INTERVALS: dict[str, Interval] = {name: name for name in INTERVALS}


async def timeseries(call: Call) -> Answer:
    """Any interval; `auto` by the length of the range."""
    asked = await asked_range(call)
    interval = call.params.choice("interval", ("auto", *INTERVALS))
    return await _series(call, asked, _INTERVALS.get(interval or "auto") or auto_interval(asked), DEFAULT_METRICS)


async def hourly(call: Call) -> Answer:
    """Local hours of `days` (today by default), or the last `hours`."""
    zone = resolve_zone(call.params, call.website.timezone)
    hours = call.params.whole("hours", 1, MAX_HOURLY_DAYS * 24)
    has_range = call.params.has_any("days", "from", "to", "period")
    if hours is not None:
        if has_range:
            raise bad_parameter("hours", "not together with days, from, to or period", "conflicting_parameters")
        starts = bucket_starts(
            call.now - timedelta(hours=hours + 1), call.now + timedelta(microseconds=1), "hour", zone
        )
        until = bucket_end(starts[-1], "hour", zone)
        asked = Range(since=starts[-hours], until=until, zone=zone, label=f"{hours} hours")
    elif has_range:
        asked = await asked_range(call)
        if asked.length > timedelta(days=MAX_HOURLY_DAYS):
            name = next(name for name in ("days", "from", "period") if call.params.has_any(name))
            raise bad_parameter(name, f"hours are given for at most {MAX_HOURLY_DAYS} days", "range_too_long")
    else:
        today = call.now.astimezone(zone).date()
        asked = days_range(today, today, zone, "1 days")
    return await _series(call, asked, "hour", DEFAULT_METRICS, label="hour")


async def daily(call: Call) -> Answer:
    """Local days, with the six metrics of the overview."""
    return await _series(call, await asked_range(call), "day", SIX)


def auto_interval(asked: Range) -> Interval:
    """The interval of a series that names none, by the length of its range (SPEC A11)."""
    if asked.length <= timedelta(days=2):
        return "hour"
    if asked.length <= timedelta(days=92):
        return "day"
    return "week" if asked.length <= THREE_YEARS else "month"


async def _series(
    call: Call, asked: Range, interval: Interval, default: tuple[str, ...], label: str | None = None
) -> Answer:
    metrics = _metrics(call.params) or default
    compare = parse_compare(call.params)
    query = replace(make_query(call, asked, metrics), interval=interval, compare=compare)
    answers = [await answer_totals(call, query)]
    items = await _items(call, answers[0].query, interval, label)
    comparison: list[dict[str, object] | None] | None = None
    warnings: list[str] = []
    against = comparison_range(call.params, asked, compare, call.now)
    if against is not None:
        earlier = replace(query, range=against)
        if await is_out_of_retention(call, earlier):
            warnings.append(COMPARISON_OUT_OF_RETENTION)
        else:
            answers.append(await answer_series(call, earlier))
            before = await _items(call, answers[1].query, interval, label)
            # The two may differ by an hour of a clock change or by a week that is cut: paired from the start.
            comparison = [before[index] if index < len(before) else None for index in range(len(items))]
    body = {
        **await head(call, asked),
        "interval": interval,
        "data": items,
        "comparison": comparison,
        "totals": zeroed(answers[0].totals, metrics),
    }
    said = await meta(call, query, warnings=warnings, sampled=sampling_note(*answers))
    return Answer(body, max_age_seconds(asked, call.now), said)


def _metrics(params: Params) -> tuple[str, ...] | None:
    asked = params.text("metrics")
    if asked is None:
        return None
    names = tuple(asked.split(","))
    if not set(names) <= METRICS.keys() or len(set(names)) != len(names):
        raise bad_parameter("metrics", f"must be some of {', '.join(METRICS)}, each once")
    return names


async def _items(call: Call, query: Query, interval: Interval, label: str | None) -> list[dict[str, object]]:
    """One item a bucket, also where nothing happened."""
    starts = series_starts(query, interval)
    rows = {whole(row["bucket"]): row for row in await call.reader.rows(compile_query(query)) if row["is_row"]}
    nothing = dict.fromkeys(query.metrics)
    items: list[dict[str, object]] = []
    for index, start in enumerate(starts, start=1):
        item: dict[str, object] = label_bucket(start, query.range, interval, label)
        item.update(zeroed(rows.get(index, nothing), query.metrics))
        items.append(item)
    mark_partial(items, starts, query, interval)
    return items


def label_bucket(start: datetime, asked: Range, interval: Interval, label: str | None) -> dict[str, object]:
    """How an item says which bucket it is (SPEC R39); `label` is one more name for its `time`."""
    time = local_text(start, asked)
    item: dict[str, object] = {"time": time}
    if interval in {"day", "week", "month"}:
        item["date"] = start.astimezone(asked.zone).date().isoformat()
    if label is not None:
        item[label] = time
    return item


def mark_partial(
    items: Sequence[dict[str, object]], starts: Sequence[datetime], query: Query, interval: Interval
) -> None:
    """A bucket that the range or the present moment cuts is marked (SPEC R39)."""
    if not starts:
        return
    asked = query.range
    if starts[0] < asked.since:
        items[0]["partial"] = True
    if bucket_end(starts[-1], interval, asked.zone) > min(asked.until, query.as_of):
        items[-1]["partial"] = True
