"""What is said of those who sign in with a browser: the set-up, sessions, users."""

from queryapi.openapi.components import bare_list
from queryapi.openapi.operation import ASKED, AWAY, CHANGED, Errors, Operation, Operations, Sent, and_also
from queryapi.openapi.schema import BOOLEAN, MOMENT, STRING, UUID_TEXT, Properties, list_of, nullable, one_of, record
from queryapi.openapi.schema import text as text_of
from queryapi.stretch import STRETCH_PARAMETERS
from queryapi.user import MAX_USER_WEBSITES, ROLES
from shared.passwords import MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARACTERS
from shared.setup_link import SETUP_TOKEN_CHARACTERS
from shared.users import MAX_EMAIL_CHARACTERS, MAX_USER_NAME_CHARACTERS

_GROUP, _MANAGE = "People", "manage"
_WHO: Properties = {
    "id": UUID_TEXT, "email": STRING, "name": STRING, "role": one_of(ROLES), "websites": nullable(list_of(STRING)),
}  # fmt: skip
_USER: Properties = {**_WHO, "disabled": BOOLEAN, "created_at": MOMENT}
_EMAIL = text_of(3, MAX_EMAIL_CHARACTERS)
_ANY_PASSWORD = text_of(1, MAX_PASSWORD_BYTES)
_NEW_PASSWORD = text_of(MIN_PASSWORD_CHARACTERS, MAX_PASSWORD_BYTES)
_SETUP_TOKEN = text_of(1, SETUP_TOKEN_CHARACTERS)
_NAME = nullable(text_of(1, MAX_USER_NAME_CHARACTERS))
_USER_SENT = record(
    {"email": _EMAIL, "role": one_of(ROLES)},
    {
        "name": _NAME,
        "websites": {
            **nullable({**list_of(STRING), "maxItems": MAX_USER_WEBSITES}), "description": "Null: every website."
        },
        "disabled": nullable(BOOLEAN),
        "password": {**nullable(_NEW_PASSWORD), "description": "Made, and told once, where a user is made without."},
    },
)  # fmt: skip
_SIGNED_IN = record({"user": record(_WHO)})
_ORIGIN = ("origin_required", "foreign_origin")
_PUBLIC: Errors = {status: codes for status, codes in CHANGED.items() if status not in {401, 403}}
_SIGNING = and_also(_PUBLIC, _403=_ORIGIN, _429=("too_many_attempts",), _503=("overloaded",))
_EXAMPLE = {"email": "grace@example.com", "role": "viewer", "websites": ["site-123"]}
_USERS_CHANGED = and_also(CHANGED, _409=("user_exists",), _422=("unknown_website",), _503=("overloaded",))
_NO_USER = ("user_not_found",)
_PAGE_ONLY = "For a page in a browser: the cookie it was given at sign-in is what counts, with its `Origin`."

PEOPLE: Operations = {
    ("GET", "/api/v1/setup"): Operation(
        group=_GROUP, summary="Whether the first user is still to be made", scope=None,
        answers={200: record({"is_open": BOOLEAN})}, errors={400: ASKED[400], 503: AWAY},
    ),
    ("POST", "/api/v1/setup"): Operation(
        group=_GROUP, summary="Make the first user", scope=None, answers={201: _SIGNED_IN},
        errors=and_also(_SIGNING, _403=("invalid_setup_token",), _409=("setup_closed", "user_exists")),
        sent=Sent(
            record({"token": _SETUP_TOKEN, "email": _EMAIL, "password": _NEW_PASSWORD}, {"name": _NAME}),
            {"token": "from-the-printed-link", "email": "ada@example.com", "password": "a-long-password-of-yours"},
        ),
        description="With the token of the link that is printed at the start, or by `analytics setup`.",
    ),
    ("GET", "/api/v1/session"): Operation(
        group=_GROUP, summary="Who is signed in", scope=None, answers={200: _SIGNED_IN},
        errors={400: ASKED[400], 401: ("unauthorized",), 503: AWAY}, description=_PAGE_ONLY,
    ),
    ("POST", "/api/v1/session"): Operation(
        group=_GROUP, summary="Sign in", scope=None, answers={200: _SIGNED_IN},
        errors=and_also(_SIGNING, _401=("wrong_credentials",)),
        sent=Sent(
            record({"email": _EMAIL, "password": _ANY_PASSWORD}),
            {"email": "ada@example.com", "password": "a-long-password-of-yours"},
        ),
    ),
    ("DELETE", "/api/v1/session"): Operation(
        group=_GROUP, summary="Sign out", scope=None, answers={204: None},
        errors={400: ASKED[400], 403: _ORIGIN, 503: AWAY}, description=_PAGE_ONLY,
    ),
    ("PUT", "/api/v1/session/password"): Operation(
        group=_GROUP, summary="Change one's own password", scope=None, answers={204: None},
        errors=and_also(
            _SIGNING, _401=("unauthorized",), _403=("wrong_password",), _409=("password_changed",)
        ),
        sent=Sent(
            record({"current": _ANY_PASSWORD, "new": _NEW_PASSWORD}),
            {"current": "a-long-password-of-yours", "new": "an-even-longer-password"},
        ),
        description="It ends every other session of the user.",
    ),
    ("GET", "/api/v1/users"): Operation(
        group=_GROUP, summary="List the users", scope=_MANAGE, scalars=STRETCH_PARAMETERS, errors=ASKED,
        answers={200: bare_list(record(_USER), has_website=False)}, description="For owners of every website.",
    ),
    ("POST", "/api/v1/users"): Operation(
        group=_GROUP, summary="Make a user", scope=_MANAGE, answers={201: record(_USER, {"password": STRING})},
        errors=and_also(_USERS_CHANGED, _409=("too_many_users",)), sent=Sent(_USER_SENT, _EXAMPLE),
    ),
    ("GET", "/api/v1/users/{user_id}"): Operation(
        group=_GROUP, summary="One user", scope=_MANAGE, answers={200: record(_USER)},
        errors=and_also(ASKED, _404=_NO_USER),
    ),
    ("PUT", "/api/v1/users/{user_id}"): Operation(
        group=_GROUP, summary="Replace a user", scope=_MANAGE, answers={200: record(_USER)},
        errors=and_also(_USERS_CHANGED, _404=_NO_USER, _409=("last_owner",)), sent=Sent(_USER_SENT, _EXAMPLE),
        description="A new password, or being disabled, ends every session of the user.",
    ),
    ("DELETE", "/api/v1/users/{user_id}"): Operation(
        group=_GROUP, summary="Delete a user", scope=_MANAGE, answers={204: None},
        errors=and_also(ASKED, _404=_NO_USER, _409=("last_owner",)),
    ),
}  # fmt: skip
