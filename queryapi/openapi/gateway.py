"""What is said of the gateway's routes, for whose code this package has no eyes: `tests/openapi` holds the numbers
here against it."""

from queryapi.openapi.components import NAME
from queryapi.openapi.operation import Errors, Operation, Operations, Sent
from queryapi.openapi.parameters import Parameter
from queryapi.openapi.schema import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    STRING,
    Properties,
    list_of,
    nullable,
    one_of,
    record,
    text,
    whole,
)

MAX_SINGLE_BYTES = 65_536
MAX_BATCH_BYTES = 1_048_576
MAX_BATCH_EVENTS = 1000
MAX_PROPERTIES = 50
EVENT_CODES = (
    "invalid_json", "invalid_type", "missing_field", "invalid_value", "invalid_url", "invalid_unicode", "too_large",
    "number_out_of_range", "timestamp_out_of_range", "event_too_old", "forbidden_website",
)  # fmt: skip
_MEASURE = {"type": "number", "minimum": 0, "maximum": 1_000_000_000}
_TEXTS = ("page", "url", "referrer", "user_agent", "ip_address", "title", "hostname", "language", "screen", "source",
          "ref", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")  # fmt: skip

EVENT_FIELDS: Properties = {
    **dict.fromkeys(_TEXTS, NAME),
    "page": {**NAME, "description": "The path, or a whole URL in `url`; a page view needs one of them."},
    "ip_address": {**NAME, "description": "Counts for a key with the scope `ingest`, and in development."},
    "website_id": text(1, 128),
    "event_type": nullable(text(1, 100)),
    "id": {**nullable(text(1, 128)), "description": "Chosen by the sender: the same id counts once."},
    "timestamp": {**nullable(MOMENT), "description": "When it happened; by default, when it arrives."},
    "sent_at": {**nullable(MOMENT), "description": "The sender's clock as it sends: `timestamp` is corrected by it."},
    "visitor_id": nullable(text(0, 255)),
    "session_id": nullable(text(0, 255)),
    "properties": {
        **nullable({"type": "object"}), "description": f"At most {MAX_PROPERTIES} keys; objects are flattened."
    },
    "time_on_page": nullable(whole(0, 86_400)),
    "engaged_ms": nullable(whole(0, 86_400_000)),
    "scroll_depth": nullable(whole(0, 100)),
    "interactive": nullable(BOOLEAN),
    "webdriver": {**nullable(BOOLEAN), "description": "A program drives the browser: the event is a robot's."},
    "revenue": nullable(
        record({"amount": {"type": ["string", "number"]}, "currency": {**text(3, 3), "description": "ISO 4217."}})
    ),
    "performance": nullable(
        record({}, {name: nullable(_MEASURE) for name in ("lcp", "inp", "cls", "fcp", "ttfb", "load")})
    ),
}  # fmt: skip
_EVENT = record(
    {"website_id": EVENT_FIELDS["website_id"]},
    {name: field for name, field in EVENT_FIELDS.items() if name != "website_id"},
)
_BATCH = {
    "anyOf": [
        record(
            {"events": {**list_of(_EVENT), "minItems": 1, "maxItems": MAX_BATCH_EVENTS}}, {"sent_at": nullable(MOMENT)}
        ),
        {**list_of(_EVENT), "minItems": 1, "maxItems": MAX_BATCH_EVENTS},
    ]
}
_WARNING: Properties = {"code": STRING, "field": STRING, "warning": STRING}
TAKEN = {
    "anyOf": [
        record(
            {"status": {"const": "accepted"}, "id": {"type": "string", "format": "uuid"}},
            {"warnings": list_of(record(_WARNING))},
        ),
        record({"status": {"const": "dropped"}, "reason": STRING}),
    ]
}
TAKEN_BATCH = record(
    {
        "status": one_of(("accepted", "rejected")),
        "accepted": INTEGER,
        "rejected": INTEGER,
        "dropped": INTEGER,
        "errors": list_of(record({"index": INTEGER, "code": one_of(EVENT_CODES), "error": STRING}, {"field": STRING})),
        "warnings": list_of(record({"index": INTEGER, **_WARNING})),
    }
)
_ERRORS: Errors = {
    400: (*EVENT_CODES, "invalid_encoding"),
    401: ("invalid_token", "token_expired", "key_expired", "lifetime_too_long"),
    403: ("forbidden",),
    413: ("body_too_large", "too_many_events"),
    415: ("unsupported_media_type", "unsupported_encoding"),
    429: ("rate_limited",),
    503: ("unavailable",),
}
_PAGE = {
    "website_id": "site-123", "event_type": "pageview", "page": "/pricing", "referrer": "https://google.com",
    "properties": {"plan": "pro"},
}  # fmt: skip
_SHARED = (
    "`202` means that the event is on disk. A token is not needed; a key with the scope `ingest` makes `ip_address`,"
    " `user_agent` and older times count. Events that are not wanted are dropped with `202` and a reason."
)

_PIXEL = {
    name: Parameter("As in the body of an event.", STRING)
    for name in (
        "website_id", "page", "url", "title", "referrer", "event_type", "source", "ref", "utm_source", "utm_medium",
        "utm_campaign", "utm_term", "utm_content",
    )
}  # fmt: skip

GATEWAY: Operations = {
    ("POST", "/api/v1/analytics/event"): Operation(
        group="Sending events", summary="Send one event", scope=None, answers={202: TAKEN}, errors=_ERRORS,
        sent=Sent(_EVENT, _PAGE), description=f"{_SHARED} At most {MAX_SINGLE_BYTES} bytes.",
    ),
    ("POST", "/api/v1/analytics/event/batch"): Operation(
        group="Sending events", summary="Send up to 1000 events", scope=None, answers={202: TAKEN_BATCH},
        errors=_ERRORS, sent=Sent(_BATCH, {"events": [_PAGE, {**_PAGE, "event_type": "signup"}]}, is_batch=True),
        description=f"{_SHARED} At most {MAX_BATCH_BYTES} bytes. Each bad event is told in `errors`; `400` with the"
        " same body when not one was good.",
    ),
    ("POST", "/api/v1/events/track"): Operation(
        group="Sending events", summary="Send one event or many", scope=None,
        answers={202: {"anyOf": [TAKEN, TAKEN_BATCH]}}, errors=_ERRORS,
        sent=Sent({"anyOf": [_EVENT, *_BATCH["anyOf"]]}, _PAGE, is_batch=True), description=_SHARED,
    ),
    ("GET", "/p.gif"): Operation(
        group="Sending events", summary="Send a page view by a picture", scope=None, media_types=("image/gif",),
        answers={200: STRING}, own=_PIXEL, scalars=frozenset(_PIXEL), example="website_id=site-123&page=/pricing",
        errors={**_ERRORS, 400: (*EVENT_CODES, "unknown_parameter", "duplicate_parameter", "query_too_long")},
        description="Without `page` and `url`, of the page that shows the picture.",
    ),
    **{
        ("GET", path): Operation(
            group="Sending events", summary=summary, scope=None, answers={200: STRING, 304: None}, errors={},
            media_types=(media_type,),
        )
        for path, summary, media_type in (
            ("/script.js", "The newest tracker", "text/javascript"),
            ("/script.v1.js", "Version 1 of the tracker, for ever", "text/javascript"),
            ("/analytics.d.ts", "The tracker's types", "text/plain"),
        )
    },
}  # fmt: skip
