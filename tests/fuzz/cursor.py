"""The cursors of long lists, API keys and bearer tokens: what only we can have made."""

from datetime import UTC, datetime
from typing import Any

from queryapi.call import Call
from queryapi.cursors import Place, Signer
from queryapi.params import Params
from shared.api_keys import parse_key_id
from shared.errors import AppError
from shared.registry import Website
from shared.tokens import bearer_token

_NOBODY: Any = None
_SINCE, _UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)
_signer = Signer(b"a key of this test alone........")
_PLACE = Place(_SINCE, _UNTIL, _SINCE, 7)


def check(data: bytes) -> None:
    text = data.decode("latin-1")
    cursor = _signer.sign(_call({}), "recent", _PLACE)
    for sent in (text, _changed(cursor, data)):
        try:
            place = _signer.place(_call({"cursor": (sent,)}), "recent")
        except AppError as error:
            if sent == cursor or (error.status, error.code) != (400, "invalid_cursor"):
                raise
        else:
            assert place is None if sent == "" else (sent, place) == (cursor, _PLACE)
    try:
        token = bearer_token(text)
        parse_key_id(token)
    except AppError as error:
        if error.status != 401:
            raise


def _changed(cursor: str, data: bytes) -> str:
    """`cursor` with other characters at the places that `data` names, two bytes each."""
    characters = list(cursor)
    for place, character in zip(data[::2], data[1::2], strict=False):
        characters[place % len(characters)] = chr(character)
    return "".join(characters)


def _call(values: dict[str, tuple[str, ...]]) -> Call:
    return Call(Website(website_id="site-1"), Params(values), _UNTIL, _NOBODY, 0)
