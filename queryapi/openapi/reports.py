"""What is said of the reports. A new one is an entry here, under the path it has in `queryapi/routes.py`; its
parameters come from there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from queryapi.answer import Report
from queryapi.explain import EXPLAIN_PARAMETER
from queryapi.live import LIVE_MEDIA_TYPE
from queryapi.openapi import answers
from queryapi.openapi.operation import REPORTED, Errors, Operation, Operations, and_also
from queryapi.openapi.parameters import PAGE_LIMIT, Parameter, choice
from queryapi.openapi.schema import Schema
from queryapi.presets import UTM_GROUPS
from queryapi.realtime import REALTIME
from queryapi.retention import PERIODS
from queryapi.sources import GROUPS

_ANALYTICS = "/api/v1/analytics"


@dataclass(frozen=True)
class Said:
    """A report in words: where it belongs, what it tells, what it answers, a query that shows it."""

    group: str
    summary: str
    body: Schema
    example: str = "days=7"
    own: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    errors: Errors = field(default_factory=lambda: REPORTED)


_OVERVIEW = Said("Reports", "Totals, set against the range before, and the best campaigns", answers.DASHBOARD)
_PAGES = Said(
    "Reports", "Pages by views, entries or exits; sections, titles, hostnames", answers.PAGES, "days=7&limit=5"
)
_HOURS = Said("Time", "By the hour; today by default", answers.SERIES, "hours=24")
_DAYS = Said("Time", "By the day, with the six metrics of the overview", answers.SERIES)
_COUNTRIES = Said("Places and devices", "Countries", answers.COUNTRIES, "days=7&limit=10")
_CURSOR = and_also(REPORTED, _400=("invalid_cursor",))

SAID: Mapping[str, Said] = {
    f"{_ANALYTICS}/dashboard/{{website_id}}": _OVERVIEW,
    f"{_ANALYTICS}/{{website_id}}/dashboard": _OVERVIEW,
    f"{_ANALYTICS}/dashboard/{{website_id}}/pages": _PAGES,
    f"{_ANALYTICS}/{{website_id}}/top-pages": _PAGES,
    f"{_ANALYTICS}/dashboard/{{website_id}}/sources": Said(
        "Sources", "Sources with their channels, or by another group", answers.SOURCES, "group=channel",
        {"group": choice("What the rows are.", GROUPS, "source")},
    ),
    f"{_ANALYTICS}/dashboard/{{website_id}}/devices": Said(
        "Places and devices", "Devices, browsers, systems and screens", answers.DEVICES, "days=7&limit=3"
    ),
    f"{_ANALYTICS}/geo/{{website_id}}/countries": _COUNTRIES,
    f"{_ANALYTICS}/{{website_id}}/top-countries": _COUNTRIES,
    f"{_ANALYTICS}/geo/{{website_id}}/cities": Said("Places and devices", "Cities", answers.CITIES, "country=DE"),
    f"{_ANALYTICS}/geo/{{website_id}}/continents": Said("Places and devices", "Continents", answers.CONTINENTS),
    f"{_ANALYTICS}/geo/{{website_id}}/regions": Said("Places and devices", "Regions", answers.REGIONS),
    f"{_ANALYTICS}/timeseries/{{website_id}}": Said(
        "Time", "Any metrics over time", answers.SERIES, "interval=day&metrics=page_views,sessions"
    ),
    f"{_ANALYTICS}/timeseries/{{website_id}}/hourly": _HOURS,
    f"{_ANALYTICS}/{{website_id}}/hourly-stats": _HOURS,
    f"{_ANALYTICS}/timeseries/{{website_id}}/daily": _DAYS,
    f"{_ANALYTICS}/{{website_id}}/daily-stats": _DAYS,
    f"{_ANALYTICS}/{{website_id}}/realtime": Said("Time", "What happens right now", answers.REALTIME, ""),
    f"{_ANALYTICS}/{{website_id}}/top-referrers": Said(
        "Sources", "Hosts or URLs that sent visitors", answers.SOURCES, "group=url",
        {"group": choice("Hosts, or whole URLs.", ("host", "url"), "host")},
    ),
    f"{_ANALYTICS}/{{website_id}}/top-browsers": Said("Places and devices", "Browsers", answers.BROWSERS),
    f"{_ANALYTICS}/{{website_id}}/top-devices": Said("Places and devices", "Kinds of device", answers.DEVICE_KINDS),
    f"{_ANALYTICS}/{{website_id}}/top-os": Said("Places and devices", "Operating systems", answers.SYSTEMS),
    f"{_ANALYTICS}/{{website_id}}/entry-pages": Said("Reports", "Pages that sessions begin with", answers.PAGES),
    f"{_ANALYTICS}/{{website_id}}/exit-pages": Said("Reports", "Pages that sessions end with", answers.PAGES),
    f"{_ANALYTICS}/{{website_id}}/utm": Said(
        "Sources", "Campaigns by one of their tags", answers.SOURCES, "group=utm_campaign",
        {"group": choice("Which tag.", UTM_GROUPS, "utm_source")},
    ),
    f"{_ANALYTICS}/{{website_id}}/channels": Said("Sources", "Channels", answers.SOURCES),
    f"{_ANALYTICS}/{{website_id}}/performance": Said(
        "Reports", "Web vitals as browsers measured them", answers.WEB_VITALS, "group=page",
        {"group": choice("A list of pages, each with its own.", ("page",))},
    ),
    f"{_ANALYTICS}/{{website_id}}/journeys": Said(
        "Reports", "Ways that visitors take through the pages", answers.JOURNEYS, "steps=2"
    ),
    f"{_ANALYTICS}/{{website_id}}/goals": Said("Goals and funnels", "How often goals are met", answers.GOALS),
    f"{_ANALYTICS}/{{website_id}}/retention": Said(
        "Reports", "How many visitors come back", answers.RETENTION, "period=28d&interval=week",
        {"interval": choice("Length of a period.", tuple(PERIODS), "week")},
        and_also(REPORTED, _400=("too_many_buckets",)),
    ),
    "/api/v1/websites/{website_id}/ingest-report": Said(
        "Websites", "What became of the events that came in", answers.INGEST_REPORT
    ),
    "/api/v1/events/{website_id}/recent": Said(
        "Events", "Single events, the newest first", answers.RECENT, "limit=5", {"limit": PAGE_LIMIT}, _CURSOR
    ),
    f"{_ANALYTICS}/{{website_id}}/sessions": Said(
        "Events", "Single sessions, the newest first", answers.SESSIONS, "limit=5", {"limit": PAGE_LIMIT}, _CURSOR
    ),
    "/api/v1/events/{website_id}/custom-events": Said(
        "Events", "Custom events by name; the properties of one; the values of a property", answers.CUSTOM_EVENTS,
        "event_type=signup&prop=plan",
    ),
}  # fmt: skip
LIVE: Operations = {
    ("GET", f"{_ANALYTICS}/{{website_id}}/live"): Operation(
        group="Time",
        summary="What happens right now, told as it happens",
        description=(
            "[Server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html), each the body of"
            " `realtime` as `data`: one at once, then one whenever it has changed, looked at every five seconds, with"
            " comments in between. The stream ends within a minute once the same request would be refused."
        ),
        answers={200: answers.REALTIME},
        errors=and_also(REPORTED, _503=("too_many_listeners",)),
        scalars=REALTIME.scalars,
        repeatable=REALTIME.repeatable,
        media_types=(LIVE_MEDIA_TYPE,),
    )
}


def report_operations(reports: Mapping[str, Report]) -> Operations:
    """Every report that something is said of."""
    return {("GET", path): _operation(SAID[path], report) for path, report in reports.items() if path in SAID}


def _operation(said: Said, report: Report) -> Operation:
    return Operation(
        group=said.group,
        summary=said.summary,
        scope=report.scope,
        answers={200: said.body, 304: None},
        errors=said.errors,
        scalars=report.scalars | {EXPLAIN_PARAMETER},
        repeatable=report.repeatable,
        own=said.own,
        example=said.example,
        headers={"If-None-Match": "The `ETag` of an answer that is already there: 304 when it is the same."},
    )
