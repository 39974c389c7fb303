"""What visitors look with (SPEC A6, B6-B8)."""

from dataclasses import replace

from queryapi.answer import Answer
from queryapi.call import Call, asked_range, make_query
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.lists import METRICS, answer_list, parse_limit, parse_order, run_list, simple
from queryapi.query import Filter
from queryapi.rows import Row
from queryapi.sampling import Answered, sampling_note

DRILL_PARAMETERS = frozenset({"drill"})
DEVICES_PARAMETERS = frozenset({"limit", "sort"})
# The name of each group in the answer, and what it is split by.
_GROUPS = {"devices": "device", "browsers": "browser", "operating_systems": "os", "screens": "screen"}


async def devices(call: Call) -> Answer:
    """Four lists over one population, each cut at `limit`."""
    query = make_query(call, await asked_range(call), METRICS)
    order = parse_order(call.params, METRICS, {}, "unique_visitors")
    groups: dict[str, object] = {}
    totals: dict[str, int] = {}
    samples: list[Answered | None] = []
    for group, dimension in _GROUPS.items():
        cut = replace(query, dimensions=(dimension,), order=order, limit=parse_limit(call.params))
        page = await run_list(call, cut, simple(dimension), query)
        groups[group], totals[group] = page.items, page.total
        samples.append(page.sampled)
    body = {**await head(call, query.range), **groups, "totals": totals}
    said = await meta(call, query, sampled=sampling_note(*filter(None, samples)))
    return Answer(body, max_age_seconds(query.range, call.now), said)


async def top_browsers(call: Call) -> Answer:
    return await _versions(call, "browser", "browser_version")


async def top_os(call: Call) -> Answer:
    return await _versions(call, "os", "os_version")


async def top_devices(call: Call) -> Answer:
    return await answer_list(call, simple("device"))


async def _versions(call: Call, family: str, version: str) -> Answer:
    """Families, or with `drill` the versions of one."""
    drill = call.params.text("drill")
    if drill is None:
        return await answer_list(call, simple(family))
    versions = simple(version, "version")

    def with_family(row: Row) -> dict[str, object]:
        return {family: drill, **versions.item(row)}

    return await answer_list(call, replace(versions, item=with_family, filters=(Filter(family, (drill,)),)))
