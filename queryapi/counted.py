"""What is counted by a website's own days and needs no look at sessions: totals and lists without filters.

Such a list costs as many rows as it has values and days, distinct visitors included (0032_values.sql).
"""

from dataclasses import replace
from datetime import timedelta

from queryapi.buckets import day_start
from queryapi.call import Call
from queryapi.fixed import fixed
from queryapi.query import Condition, Filter, Query, Range

# What a list is split by, and what is true of all its sessions, under the name that `values_of` gives it.
_COUNTED: dict[tuple[tuple[str, ...], tuple[Condition, ...]], str] = {
    ((), ()): "everybody",
    **{
        ((name,), ()): name
        for name in (
            "source", "channel", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
            "country", "continent", "browser", "os", "device", "screen",
        )
    },
    (("source", "channel"), ()): "source_channel",
    (("region", "region_country"), ()): "region",
    (("city", "city_geoname_id", "city_region", "city_country"), ()): "city",
    (("utm_source", "utm_medium", "utm_campaign"), (Filter("has_utm", ("true",)),)): "campaign",
}  # fmt: skip
# What changed since the last refresh is looked up for every reader: of more buckets sessions are looked at as ever.
MAX_DIRTY_BUCKETS = 16


async def counted(call: Call, query: Query) -> Query:
    """`query` with what it is counted as, where all of it is: in whole days of the website's own zone."""
    name = _COUNTED.get((query.dimensions, query.filters))
    has_more = query.include_bots or query.one_in > 1 or query.interval or query.has_own_bounces
    if name is None or has_more or not _is_whole_days(query.range):
        return query
    values = {
        "website_id": query.website_id,
        "zone": query.range.zone.key,
        "since": query.range.since,
        "until": query.range.until,
        "most": MAX_DIRTY_BUCKETS,
    }
    found = await call.reader.rows(fixed("reads/is_counted", values))
    return replace(query, counted_as=name) if found[0]["is_counted"] else query


def _is_whole_days(asked: Range) -> bool:
    """A range that is cut at the time of the day keeps its days, but is not made of them."""
    return (
        asked.first_day is not None
        and asked.last_day is not None
        and asked.since == day_start(asked.first_day, asked.zone)
        and asked.until == day_start(asked.last_day + timedelta(days=1), asked.zone)
    )
