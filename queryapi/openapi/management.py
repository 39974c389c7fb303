"""What is said of everything that is made, changed and removed: funnels, goals, websites, keys, events."""

from queryapi.call import REPEATABLE_PARAMETERS
from queryapi.explain import EXPLAIN_PARAMETER
from queryapi.filters import MAX_FILTERS
from queryapi.funnel import (
    DEFAULT_WINDOW_SECONDS,
    MAX_STEPS,
    MAX_WINDOW_SECONDS,
    MIN_STEPS,
    SCOPES,
    STEP_ORDERS,
)
from queryapi.funnel_definition import (
    MAX_EVENT_TYPE_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_ORDER,
    MAX_PAGE_CHARACTERS,
    MAX_PROPERTIES,
)
from queryapi.funnel_performance import PERFORMANCE_PARAMETERS
from queryapi.moments import MAX_MOMENT_CHARACTERS
from queryapi.openapi.answers import FUNNEL_PERFORMANCE, GOAL
from queryapi.openapi.components import HEAD, bare_list
from queryapi.openapi.operation import ASKED, CHANGED, FILTERS, REPORTED, WEBSITE, Operation, Operations, Sent, and_also
from queryapi.openapi.schema import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    STRING,
    UUID_TEXT,
    Properties,
    list_of,
    nullable,
    one_of,
    record,
    ref,
    text,
    whole,
)
from queryapi.purge import MAX_END_CHARACTERS
from queryapi.stretch import STRETCH_PARAMETERS
from queryapi.website import (
    GPC,
    IDENTITIES,
    MAX_DOMAIN_CHARACTERS,
    MAX_DOMAINS,
    MAX_ENGAGED_THRESHOLD_SECONDS,
    MAX_ID_CHARACTERS,
    MAX_RETENTION_DAYS,
    MAX_ZONE_CHARACTERS,
)
from queryapi.website import MAX_NAME_CHARACTERS as MAX_WEBSITE_NAME
from shared.api_keys import KEY_SCOPES, MAX_KEY_NAME_CHARACTERS
from shared.networks import MAX_EXCLUDED_NETWORKS, MAX_NETWORK_CHARACTERS
from shared.registry import MIN_RETENTION_DAYS

_FUNNELS, _WEBSITES, _KEYS = "Goals and funnels", "Websites", "API keys"
_WRITE, _MANAGE = "funnels:write", "manage"
_NAME = text(1, MAX_NAME_CHARACTERS)
_PROPERTIES = {
    "type": "object",
    "maxProperties": MAX_PROPERTIES,
    "additionalProperties": {"type": ["string", "number", "boolean"]},
    "description": "What the event must carry, all of it.",
}
_STEP_SENT: Properties = {
    "id": nullable(UUID_TEXT),
    "name": nullable(_NAME),
    "page": {
        **nullable(text(0, MAX_PAGE_CHARACTERS)), "description": "The page; `*` stands for a part, `**` for any rest.",
    },
    "event_type": {**nullable(text(1, MAX_EVENT_TYPE_CHARACTERS)), "description": "`pageview` where it is not sent."},
    "properties": nullable(_PROPERTIES),
}  # fmt: skip
_GOAL_SENT = record({}, _STEP_SENT)
_STEP = record(
    {"id": UUID_TEXT, "order": INTEGER, "name": STRING, "page": STRING, "event_type": STRING},
    {"properties": _PROPERTIES},
)
FUNNEL = record(
    {
        "id": UUID_TEXT, "website_id": STRING, "name": STRING, "steps": list_of(_STEP), "scope": one_of(SCOPES),
        "window_seconds": INTEGER, "order": one_of(STEP_ORDERS), "created_at": MOMENT, "updated_at": MOMENT,
    }
)  # fmt: skip
_FUNNEL_SENT = record(
    {
        "name": _NAME,
        "steps": {
            **list_of(record({}, {**_STEP_SENT, "order": nullable(whole(0, MAX_ORDER))})),
            "minItems": MIN_STEPS, "maxItems": MAX_STEPS,
        },
    },
    {
        "website_id": {**nullable(STRING), "description": "Required where a funnel is made."},
        "scope": nullable(one_of(SCOPES)),
        "order": nullable(one_of(STEP_ORDERS)),
        "window_seconds": nullable(whole(1, MAX_WINDOW_SECONDS, DEFAULT_WINDOW_SECONDS)),
    },
)  # fmt: skip
_TRAITS: Properties = {
    "name": nullable(text(1, MAX_WEBSITE_NAME)),
    "timezone": {**nullable(text(1, MAX_ZONE_CHARACTERS)), "description": "An IANA name; `UTC` where it is not sent."},
    "domains": nullable({**list_of(text(1, MAX_DOMAIN_CHARACTERS)), "maxItems": MAX_DOMAINS}),
    "gpc": {**nullable(one_of(GPC)), "description": "What becomes of visitors who ask not to be tracked."},
    "retention_days": {
        **nullable(whole(MIN_RETENTION_DAYS, MAX_RETENTION_DAYS)),
        "description": "Days raw events are kept, at most the installation's; null for those.",
    },
    "identity": nullable(one_of(IDENTITIES)),
    "is_public": {**nullable(BOOLEAN), "description": "Whether reports can be read without a token."},
    "excluded_networks": nullable({**list_of(text(1, MAX_NETWORK_CHARACTERS)), "maxItems": MAX_EXCLUDED_NETWORKS}),
    "engaged_threshold_s": {
        **nullable(whole(1, MAX_ENGAGED_THRESHOLD_SECONDS)),
        "description": "Seconds of engagement from which a session of one page view is no bounce; null: none are.",
    },
    "split_on_campaign": {
        **nullable(BOOLEAN),
        "description": "Whether another campaign begins another session, from then on.",
    },
}
_WEBSITE = record(
    {
        "id": STRING, "name": STRING, "timezone": STRING, "domains": list_of(STRING), "gpc": one_of(GPC),
        "retention_days": nullable(INTEGER), "identity": one_of(IDENTITIES), "is_public": BOOLEAN,
        "excluded_networks": list_of(STRING), "engaged_threshold_s": nullable(INTEGER), "split_on_campaign": BOOLEAN,
        "created_at": MOMENT,
    }
)  # fmt: skip
_WEBSITE_ID = {**text(1, MAX_ID_CHARACTERS), "pattern": "^[A-Za-z0-9._:-]+$"}
_KEY: Properties = {
    "id": STRING, "website_id": STRING, "name": STRING, "scopes": list_of(one_of(KEY_SCOPES)),
    "expires_at": nullable(MOMENT), "created_at": MOMENT, "last_used_at": nullable(MOMENT),
}  # fmt: skip
_KEY_SENT = record(
    {"scopes": {**list_of(one_of(KEY_SCOPES)), "minItems": 1, "uniqueItems": True}},
    {
        "name": nullable(text(1, MAX_KEY_NAME_CHARACTERS)),
        "expires_at": {
            **nullable({**MOMENT, "maxLength": MAX_MOMENT_CHARACTERS}),
            "description": "Null: until revoked.",
        },
    },
)
_PURGE_SENT = record(
    {"from": text(1, MAX_END_CHARACTERS), "to": text(1, MAX_END_CHARACTERS)},
    {
        "filters": {
            **list_of({"type": "array"}), "maxItems": MAX_FILTERS,
            "description": "Those of reports; all of them must be met.",
        },
        "dry_run": {**BOOLEAN, "default": True, "description": "Only `false` removes anything."},
    },
)  # fmt: skip
_STEPS_EXAMPLE = [{"page": "/"}, {"page": "/pricing*"}, {"event_type": "signup"}]
_FUNNEL_EXAMPLE = {"website_id": "site-123", "name": "Sign up", "steps": _STEPS_EXAMPLE}
_STEP_ERRORS = ("step_matches_everything",)
_FUNNEL_CHANGED = and_also(
    CHANGED, _409=("name_taken",),
    _422=("too_few_steps", "too_many_steps", "duplicate_order", "duplicate_id", *_STEP_ERRORS),
)  # fmt: skip
_GOAL_CHANGED = and_also(CHANGED, _404=("website_not_found",), _409=("name_taken",), _422=_STEP_ERRORS)
_WEBSITE_CHANGED = and_also(CHANGED, _422=("invalid_timezone", "reserved_id"))
_IF_MATCH = {"If-Match": "The `ETag` of the version that is meant; 412 when it has changed."}
_NO_FUNNEL = ("funnel_not_found",)
_FUNNEL_PATH, _KEYS_PATH = "/api/v1/funnels/{id}", "/api/v1/websites/{website_id}/keys"
_GOALS_PATH, _WEBSITE_PATH = "/api/v1/websites/{website_id}/goals", "/api/v1/websites/{website_id}"
_IS_WEBSITE = and_also(ASKED, _404=("website_not_found",))

MANAGEMENT: Operations = {
    ("POST", "/api/v1/funnels"): Operation(
        group=_FUNNELS, summary="Make a funnel", scope=_WRITE, answers={201: FUNNEL},
        errors=and_also(
            _FUNNEL_CHANGED, _400=("invalid_header",), _404=("website_not_found",), _409=("too_many_funnels",)
        ),
        sent=Sent(_FUNNEL_SENT, _FUNNEL_EXAMPLE), description="No two funnels of a website have one name.",
        headers={"Idempotency-Key": "1 to 255 visible characters; a second request with it gives the same funnel."},
    ),
    ("GET", _FUNNEL_PATH): Operation(
        group=_FUNNELS, summary="List the funnels of a website", answers={200: bare_list(FUNNEL)}, errors=_IS_WEBSITE,
        scalars=STRETCH_PARAMETERS, description="Here the path ends with the id of a website.",
    ),
    ("PUT", _FUNNEL_PATH): Operation(
        group=_FUNNELS, summary="Replace a funnel", scope=_WRITE, answers={200: FUNNEL},
        errors=and_also(
            _FUNNEL_CHANGED, _404=_NO_FUNNEL, _409=("immutable_field", "changed_meanwhile"),
            _412=("precondition_failed",),
        ),
        sent=Sent(_FUNNEL_SENT, {"name": "Sign up", "steps": _STEPS_EXAMPLE, "scope": "session"}), headers=_IF_MATCH,
        description="Steps keep the ids they are sent with.",
    ),
    ("DELETE", _FUNNEL_PATH): Operation(
        group=_FUNNELS, summary="Delete a funnel", scope=_WRITE, answers={204: None},
        errors=and_also(ASKED, _404=_NO_FUNNEL, _409=("changed_meanwhile",), _412=("precondition_failed",)),
        headers=_IF_MATCH,
    ),
    ("GET", f"{_FUNNEL_PATH}/performance"): Operation(
        group=_FUNNELS, summary="How a funnel performs", answers={200: FUNNEL_PERFORMANCE, 304: None},
        errors={**REPORTED, 404: _NO_FUNNEL}, scalars=PERFORMANCE_PARAMETERS | {EXPLAIN_PARAMETER},
        repeatable=REPEATABLE_PARAMETERS, example="days=30&breakdown=device",
    ),
    ("GET", _GOALS_PATH): Operation(
        group=_FUNNELS, summary="List the goals of a website", errors=_IS_WEBSITE,
        answers={200: bare_list(record(GOAL), is_paged=False)},
    ),
    ("POST", _GOALS_PATH): Operation(
        group=_FUNNELS, summary="Make a goal", scope=_WRITE, answers={201: record(GOAL)},
        errors=and_also(_GOAL_CHANGED, _409=("too_many_goals",)), sent=Sent(_GOAL_SENT, {"page": "/thanks"}),
        description="No two goals of a website have one name.",
    ),
    ("PUT", f"{_GOALS_PATH}/{{goal_id}}"): Operation(
        group=_FUNNELS, summary="Replace a goal", scope=_WRITE, answers={200: record(GOAL)},
        errors=and_also(_GOAL_CHANGED, _404=("goal_not_found",)), sent=Sent(_GOAL_SENT, {"event_type": "signup"}),
    ),
    ("DELETE", f"{_GOALS_PATH}/{{goal_id}}"): Operation(
        group=_FUNNELS, summary="Delete a goal", scope=_WRITE, answers={204: None},
        errors=and_also(_IS_WEBSITE, _404=("goal_not_found",)),
    ),
    ("GET", "/api/v1/websites"): Operation(
        group=_WEBSITES, summary="List the websites of the token", scalars=STRETCH_PARAMETERS, errors=ASKED,
        answers={200: bare_list(_WEBSITE, has_website=False)}, example="limit=5",
    ),
    ("POST", "/api/v1/websites"): Operation(
        group=_WEBSITES, summary="Register a website", scope=_MANAGE, answers={201: _WEBSITE},
        errors=and_also(_WEBSITE_CHANGED, _409=("website_exists",)),
        sent=Sent(
            record({"id": _WEBSITE_ID}, _TRAITS),
            {"id": "shop", "timezone": "Europe/Vienna", "domains": ["shop.example"]},
        ),
    ),
    ("GET", _WEBSITE_PATH): Operation(
        group=_WEBSITES, summary="One website", answers={200: _WEBSITE}, errors=_IS_WEBSITE
    ),
    ("PUT", _WEBSITE_PATH): Operation(
        group=_WEBSITES, summary="Replace a website", scope=_MANAGE, answers={200: _WEBSITE},
        errors=and_also(_WEBSITE_CHANGED, _404=("website_not_found",), _409=("immutable_field",)),
        sent=Sent(record({}, {"id": nullable(_WEBSITE_ID), **_TRAITS}), {"name": "Shop", "timezone": "Europe/Vienna"}),
        description="What is not sent has its default again.",
    ),
    ("DELETE", _WEBSITE_PATH): Operation(
        group=_WEBSITES, summary="Delete a website", scope=_MANAGE, answers={204: None}, errors=_IS_WEBSITE,
        scalars=frozenset({"purge"}), description="With its funnels, goals and keys; its events with `purge=true`.",
    ),
    ("GET", _KEYS_PATH): Operation(
        group=_KEYS, summary="List the keys of a website", scope=_MANAGE, scalars=STRETCH_PARAMETERS,
        errors=_IS_WEBSITE, answers={200: bare_list(record(_KEY))},
    ),
    ("POST", _KEYS_PATH): Operation(
        group=_KEYS, summary="Make a key", scope=_MANAGE, answers={201: record({**_KEY, "key": STRING})},
        errors=and_also(CHANGED, _404=("website_not_found",), _409=("too_many_keys",)),
        sent=Sent(_KEY_SENT, {"name": "Nightly export", "scopes": ["stats:read"]}),
        description="`key` is shown by this answer alone.",
    ),
    ("DELETE", f"{_KEYS_PATH}/{{key_id}}"): Operation(
        group=_KEYS, summary="Revoke a key", scope=_MANAGE, answers={204: None},
        errors=and_also(_IS_WEBSITE, _404=("key_not_found",)),
    ),
    ("DELETE", "/api/v1/websites/{website_id}/visitors/{visitor_id}"): Operation(
        group="Erasure", summary="Erase a visitor", scope=_MANAGE,
        answers={
            200: record({"website_id": STRING, "events": INTEGER, "rolled_up_rows": INTEGER, "dead_letters": INTEGER})
        },
        errors=and_also(_IS_WEBSITE, _422=("invalid_value",)),
        description="The id may have slashes in it; it is 1 to 255 characters long.",
    ),
    ("POST", "/api/v1/websites/{website_id}/purge"): Operation(
        group="Erasure", summary="Remove the events that meet filters", scope=_MANAGE,
        answers={
            200: record(
                {
                    **HEAD, "dry_run": BOOLEAN, "events": INTEGER, "sessions": INTEGER, "visitors": INTEGER,
                    "meta": ref("BareMeta"),
                }
            )
        },
        errors=and_also(
            CHANGED, _404=WEBSITE[404],
            _400=("invalid_range", "range_too_long", "invalid_date", "out_of_range", *FILTERS),
            _422=("too_many_events",),
        ),
        sent=Sent(_PURGE_SENT, {"from": "2026-03-01", "to": "2026-03-02", "filters": [["is", "page", ["/a"]]]}),
    ),
}  # fmt: skip
