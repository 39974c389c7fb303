"""The bodies that are answered, as the document describes them."""

from queryapi.buckets import INTERVALS
from queryapi.funnel import SCOPES, STEP_ORDERS
from queryapi.openapi.components import (
    EVERY_METRIC,
    EXPLAIN,
    HEAD,
    NAME,
    PAGED,
    REVENUE,
    counted,
    listed,
    ranged,
)
from queryapi.openapi.schema import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    NUMBER,
    SCALAR,
    STRING,
    UUID_TEXT,
    Properties,
    keyed,
    list_of,
    nullable,
    one_of,
    record,
    ref,
)
from queryapi.retention import PERIODS as RETENTION_PERIODS
from queryapi.session_list import ATTRIBUTES
from queryapi.web_vitals import VITALS

_CHANNELS: Properties = {"channel": STRING, "channels": list_of(STRING)}
_COMPARED = record(
    {"date_range": STRING, "range": ref("Range"), "metrics": record(EVERY_METRIC), "change": keyed(nullable(NUMBER))},
    {"new": keyed(BOOLEAN)},
)
_CAMPAIGN = record(
    {
        **dict.fromkeys(("utm_source", "utm_medium", "utm_campaign"), NAME),
        **dict.fromkeys(
            ("sessions", "unique_visitors", "page_views", "bounce_rate", "avg_session_time", "events"), NUMBER
        ),
    }
)
_BUCKET = record(
    {"time": MOMENT}, {"date": {"type": "string", "format": "date"}, "hour": MOMENT, "partial": BOOLEAN, **EVERY_METRIC}
)
_SOURCE_NAMES = ("source", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer")
_PAGE_ROW: Properties = {"views": INTEGER, "unique": INTEGER, "sessions": INTEGER, "percentage": NUMBER}
_PAGE_MORE: Properties = {
    **dict.fromkeys(("page", "section", "title", "hostname"), NAME),
    "entries": INTEGER,
    "exits": INTEGER,
    **dict.fromkeys(("bounce_rate", "avg_time", "exit_rate", "scroll_depth"), NUMBER),
}
_EVENT_ROW = record(
    {
        "events": INTEGER, "unique_visitors": INTEGER, "sessions": INTEGER, "conversion_rate": NUMBER,
        "first_seen": MOMENT, "last_seen": MOMENT,
    },
    {"event_type": STRING, "value": STRING, "revenue": REVENUE},
)  # fmt: skip
_VITALS: Properties = {"samples": INTEGER, **dict.fromkeys(VITALS, ref("Vital"))}
_FUNNEL_SUMS: Properties = {"entered": INTEGER, "completed": INTEGER, "conversion_rate": NUMBER}
_PROPERTIES = keyed(SCALAR)
GOAL: Properties = {
    "id": UUID_TEXT, "name": STRING, "page": STRING, "event_type": STRING, "properties": _PROPERTIES,
}  # fmt: skip

DASHBOARD = ranged(
    {
        "metrics": record(EVERY_METRIC),
        "comparison": nullable(_COMPARED),
        "utm_performance": list_of(_CAMPAIGN),
    }
)
SERIES = ranged(
    {
        "interval": one_of(INTERVALS),
        "data": list_of(_BUCKET),
        "comparison": nullable(list_of(nullable(_BUCKET))),
        "totals": record({}, EVERY_METRIC),
    }
)
PAGES = listed(record(_PAGE_ROW, _PAGE_MORE))
SOURCES = listed(counted({}, {**dict.fromkeys(_SOURCE_NAMES, STRING), **_CHANNELS, "avg_session_time": NUMBER}))
COUNTRIES = listed(counted({"country": NAME, "name": STRING}))
CONTINENTS = listed(counted({"continent": NAME, "name": STRING}))
REGIONS = listed(counted({"region": NAME, "name": STRING, "country": NAME}))
CITIES = listed(counted({"city": STRING, "city_geoname_id": nullable(INTEGER), "region": NAME, "country": NAME}))
DEVICES = ranged(
    {
        **{
            group: list_of(counted({name: STRING}))
            for group, name in (
                ("devices", "device"), ("browsers", "browser"), ("operating_systems", "os"), ("screens", "screen"),
            )
        },
        "totals": keyed(INTEGER),
    }
)  # fmt: skip
BROWSERS = listed(counted({"browser": STRING}, {"version": STRING}))
SYSTEMS = listed(counted({"os": STRING}, {"version": STRING}))
DEVICE_KINDS = listed(counted({"device": STRING}))
REALTIME = record(
    {
        "website_id": STRING,
        **dict.fromkeys(("active_users", "current_visitors", "page_views_last_5m", "page_views_last_1h"), INTEGER),
        "top_pages_realtime": list_of(record({"page": STRING, "views": INTEGER, "unique": INTEGER})),
        "series_30m": list_of(record({"time": MOMENT, "page_views": INTEGER, "visitors": INTEGER})),
        "sources": list_of(record({"source": STRING, "visitors": INTEGER, "page_views": INTEGER})),
        "countries": list_of(record({"country": NAME, "name": STRING, "visitors": INTEGER, "page_views": INTEGER})),
        "generated_at": MOMENT,
    },
    EXPLAIN,
)
WEB_VITALS = ranged({}, {**_VITALS, "data": list_of(record({"page": STRING, **_VITALS})), **PAGED})
JOURNEYS = ranged(
    {
        "steps": INTEGER,
        "sessions": INTEGER,
        "data": list_of(record({"pages": list_of(STRING), "sessions": INTEGER, "percentage": NUMBER})),
        **PAGED,
    }
)
GOALS = ranged(
    {
        "data": list_of(
            record(
                {
                    **GOAL, "events": INTEGER, "unique_visitors": INTEGER, "sessions": INTEGER,
                    "conversion_rate": NUMBER,
                },
                {"revenue": REVENUE},
            )
        ),
        "total": INTEGER,
    }
)  # fmt: skip
RETENTION = ranged(
    {
        "interval": one_of(tuple(RETENTION_PERIODS)),
        "data": list_of(
            record(
                {
                    "time": MOMENT,
                    "date": {"type": "string", "format": "date"},
                    "visitors": INTEGER,
                    "periods": list_of(record({"period": INTEGER, "visitors": INTEGER, "percentage": NUMBER})),
                },
                {"partial": BOOLEAN},
            )
        ),
    }
)
_ACCOUNT: Properties = {
    **dict.fromkeys(("accepted", "stored", "duplicates", "dead_lettered", "dropped"), INTEGER),
    "dropped_reasons": keyed(INTEGER),
    "dropped_by_gateway": keyed(INTEGER),
    "flags": keyed(INTEGER),
}
INGEST_REPORT = record(
    {
        **HEAD,
        "totals": record(_ACCOUNT),
        "data": list_of(record({"hour": MOMENT, **_ACCOUNT})),
        "meta": ref("BareMeta"),
    },
    EXPLAIN,
)
CUSTOM_EVENTS = ranged(
    PAGED,
    {
        "event_type": STRING,
        "prop": STRING,
        "data": list_of(_EVENT_ROW),
        "properties": list_of(record({"key": STRING, "events": INTEGER, "values": INTEGER})),
    },
)
RECENT = ranged(
    {
        "data": list_of(
            record(
                {
                    **dict.fromkeys(("id", "website_id", "visitor_id", "session_id", "event_type", "page"), STRING),
                    "user_agent": NAME,
                    "timestamp": MOMENT,
                    **dict.fromkeys(("country", "city", "browser", "os", "device"), NAME),
                    "source": STRING,
                    "channel": NAME,
                    "is_bot": BOOLEAN,
                },
                {"referrer": STRING, "properties": _PROPERTIES},
            )
        ),
        "limit": INTEGER,
        "next_cursor": nullable(STRING),
    }
)
SESSIONS = ranged(
    {
        "data": list_of(
            record(
                {
                    "id": STRING,
                    "visitor": STRING,
                    "started_at": MOMENT,
                    **dict.fromkeys(("duration", "page_views", "events", "engaged_time"), NUMBER),
                    "is_bounce": BOOLEAN,
                    "is_bot": BOOLEAN,
                    **dict.fromkeys(("entry_page", "exit_page", *ATTRIBUTES), NAME),
                }
            )
        ),
        "limit": INTEGER,
        "next_cursor": nullable(STRING),
    }
)
FUNNEL_PERFORMANCE = record(
    {
        "funnel_id": UUID_TEXT,
        **HEAD,
        "name": STRING,
        "scope": one_of(SCOPES),
        "window_seconds": INTEGER,
        "order": one_of(STEP_ORDERS),
        "total_visitors": INTEGER,
        **_FUNNEL_SUMS,
        "never_entered": INTEGER,
        "steps": list_of(ref("FunnelStepNumbers")),
        "meta": ref("Meta"),
    },
    {
        **EXPLAIN,
        "breakdown": record(
            {
                "dimension": STRING,
                "data": list_of(
                    record(
                        {
                            "value": NAME,
                            "is_other": BOOLEAN,
                            **_FUNNEL_SUMS,
                            "steps": list_of(ref("FunnelStepNumbers")),
                        }
                    )
                ),
            }
        ),
    },
)
