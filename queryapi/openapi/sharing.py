"""What is said of share links."""

from queryapi.moments import MAX_MOMENT_CHARACTERS
from queryapi.openapi.components import bare_list
from queryapi.openapi.operation import (
    ASKED,
    CHANGED,
    FILTERS,
    WEBSITE,
    Errors,
    Operation,
    Operations,
    Sent,
    and_also,
)
from queryapi.openapi.schema import (
    BOOLEAN,
    INTEGER,
    MOMENT,
    STRING,
    UUID_TEXT,
    Properties,
    list_of,
    nullable,
    record,
    text,
)
from queryapi.share import MAX_SHARE_NAME_CHARACTERS
from queryapi.share_routes import MAX_TOKEN_CHARACTERS
from queryapi.stretch import STRETCH_PARAMETERS
from shared.passwords import MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARACTERS

_GROUP, _MANAGE = "Share links", "manage"
_PATH = "/api/v1/websites/{website_id}/shares"
_FILTERS = list_of({"type": "array"})
_SHARE: Properties = {
    "id": UUID_TEXT, "name": STRING, "has_password": BOOLEAN, "filters": _FILTERS,
    "expires_at": nullable(MOMENT), "created_at": MOMENT,
}  # fmt: skip
_SENT = record(
    {},
    {
        "name": nullable(text(1, MAX_SHARE_NAME_CHARACTERS)),
        "password": nullable(text(MIN_PASSWORD_CHARACTERS, MAX_PASSWORD_BYTES)),
        "filters": {
            "anyOf": [_FILTERS, {"type": "object", "additionalProperties": list_of(STRING)}, {"type": "null"}],
            "description": "As in a report, or values by dimension; met by everything that the link shows.",
        },
        "expires_at": {
            **nullable({**MOMENT, "maxLength": MAX_MOMENT_CHARACTERS}), "description": "Null: until revoked."
        },
    },
)  # fmt: skip
_OPENED = record({"access_token": STRING, "expires_in": INTEGER, "website_id": STRING, "filters": _FILTERS})
_PUBLIC: Errors = {status: codes for status, codes in CHANGED.items() if status not in {401, 403}}

SHARING: Operations = {
    ("GET", _PATH): Operation(
        group=_GROUP, summary="List the share links of a website", scope=_MANAGE, scalars=STRETCH_PARAMETERS,
        answers={200: bare_list(record(_SHARE))}, errors={**ASKED, **WEBSITE},
    ),
    ("POST", _PATH): Operation(
        group=_GROUP, summary="Make a share link", scope=_MANAGE,
        answers={201: record(_SHARE, {"url": STRING, "token": STRING})},
        errors=and_also({**CHANGED, **WEBSITE}, _400=FILTERS, _409=("too_many_shares",), _503=("overloaded",)),
        sent=Sent(_SENT, {"name": "For the press", "filters": {"country": ["DE"]}}),
        description="Its `url` and `token` are told this once.",
    ),
    ("DELETE", f"{_PATH}/{{share_id}}"): Operation(
        group=_GROUP, summary="Revoke a share link", scope=_MANAGE, answers={204: None},
        errors=and_also({**ASKED, **WEBSITE}, _404=("share_not_found",)),
        description="It is void within five seconds, with the read tokens that were given for it.",
    ),
    ("POST", "/api/v1/shares/session"): Operation(
        group=_GROUP, summary="A read token for a share link", scope=None, answers={200: _OPENED},
        errors=and_also(
            _PUBLIC,
            _401=("password_required", "wrong_password"),
            _404=("share_not_found",),
            _429=("too_many_attempts",),
            _503=("overloaded",),
        ),
        sent=Sent(
            record({"token": text(1, MAX_TOKEN_CHARACTERS)}, {"password": nullable(text(1, MAX_PASSWORD_BYTES))}),
            {"token": "from-the-share-link"},
        ),
        description=(
            "It opens reports, free queries and funnels of one website for 15 minutes, narrowed by the link's filters."
        ),
    ),
}  # fmt: skip
