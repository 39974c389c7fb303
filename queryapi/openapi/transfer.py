"""What is said of getting all events of a website out, and in again."""

from queryapi.export import EXPORT_PARAMETERS, FORMATS, MAX_EXPORT_LIMIT
from queryapi.import_lines import MAX_IMPORT_LINES
from queryapi.import_routes import MAX_IMPORT_BYTES
from queryapi.imports import MAX_IMPORT_DAYS
from queryapi.openapi.operation import ASKED, AWAY, WEBSITE, Operation, Operations, Sent, and_also
from queryapi.openapi.parameters import Parameter
from queryapi.openapi.schema import INTEGER, STRING, one_of, record, whole

_GROUP, _MANAGE = "Moving", "manage"
_MEDIA_TYPES = tuple(FORMATS.values())
_LINE = (
    '{"timestamp": "2026-03-02T10:00:00Z", "id": "0190163d-8694-739b-aea5-966c26f8ad91", "website_id": "old-site",'
    ' "received_at": "2026-03-02T10:00:01Z", "session_started_at": "2026-03-02T10:00:00Z", "session_hash": "42",'
    ' "arrival": "1", "rules_version": 1, "interactive": true, "is_bot": false, "is_persistent": false,'
    ' "visitor_id": "visitor-456", "session_id": "session-789", "event_type": "pageview", "page": "/home",'
    ' "channel": "Direct", "device": "desktop"}'
)

TRANSFER: Operations = {
    ("GET", "/api/v1/websites/{website_id}/export"): Operation(
        group=_GROUP, summary="Every stored event, page by page", scope=_MANAGE, media_types=_MEDIA_TYPES,
        answers={200: STRING}, scalars=EXPORT_PARAMETERS, example="limit=100&format=csv",
        own={
            "limit": Parameter("Most events of a page.", whole(1, MAX_EXPORT_LIMIT, MAX_EXPORT_LIMIT)),
            "cursor": Parameter("`X-Next-Cursor` of the page before, for the same range.", STRING),
            "format": Parameter(
                "Lines of JSON, or CSV with a header line on every page.",
                {**one_of(tuple(FORMATS)), "default": "ndjson"},
            ),
        },
        errors=and_also(
            ASKED, _404=WEBSITE[404],
            _400=("incomplete_range", "invalid_range", "range_too_long", "invalid_date", "out_of_range",
                  "invalid_cursor"),
        ),
        description="The oldest first; without `from` and `to` all there are. `X-Next-Cursor` is the `cursor` of the"
        " next page, absent on the last.",
    ),
    ("POST", "/api/v1/websites/{website_id}/import"): Operation(
        group=_GROUP, summary="Take in what was exported", scope=_MANAGE,
        answers={
            200: record({"website_id": STRING, "events": INTEGER, "added": INTEGER, "present": INTEGER}),
        },
        errors=and_also(
            ASKED, _404=WEBSITE[404], _409=("day_dropped",), _415=("unsupported_media_type", "unsupported_encoding"),
            _400=("invalid_json", "invalid_csv", "invalid_unicode", "invalid_encoding", "too_deep"),
            _413=("body_too_large", "line_too_long", "too_many_events", "too_many_days"),
            _422=("invalid_type", "invalid_value", "missing_field", "unknown_field", "too_long",
                  "timestamp_out_of_range"),
            _503=(*AWAY, "too_many_imports"),
        ),
        sent=Sent(STRING, _LINE, media_types=_MEDIA_TYPES),
        description="Pages of an export, as lines of JSON or as CSV, plain or packed with gzip: at most"
        f" {MAX_IMPORT_LINES} events of {MAX_IMPORT_DAYS} days in {MAX_IMPORT_BYTES // 2**20} MiB, before and after"
        " unpacking. They may come from another website. `added` events are committed; `present` ones were there, and"
        " sending a page again adds nothing. After any 4xx nothing of the page was stored, `details` has the `line` and"
        " the `field`; after 503 whole days of it may be: send it again.",
    ),
}  # fmt: skip
