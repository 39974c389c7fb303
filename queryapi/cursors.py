"""Where a long list goes on (SPEC B12): a place in it, signed for the one question it was made for.

The signature covers the report, the website and every parameter but the size of a page, so a cursor fits no
other question. It grants nothing: whoever brings it needs a token for the website all the same.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson

from queryapi.call import Call
from queryapi.params import Params, bad_parameter
from shared.errors import AppError

# They may change from page to page, all others may not.
PAGE_PARAMETERS = frozenset({"cursor", "limit"})
DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_MAC_BYTES = 16
_MOMENT_BYTES = 8
_TIE_BYTES = 17
_PLACE_BYTES = 3 * _MOMENT_BYTES + _TIE_BYTES
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Place(NamedTuple):
    """The last row shown, by its time and what tells it from others of that time, and the range [since, until)
    that the first page resolved: the days of `days=7` do not move while somebody turns pages."""

    since: datetime
    until: datetime
    moment: datetime
    tie: int


@dataclass(frozen=True)
class Signer:
    """Signs the places of one installation, with a key that all its processes share."""

    key: bytes

    def sign(self, call: Call, report: str, place: Place) -> str:
        """The cursor of a place in the list that `call` asked for."""
        packed = _pack(place)
        return _text(packed + self._mac(call, report, packed))

    def place(self, call: Call, report: str) -> Place | None:
        """The place that the request names, None for the beginning; raises AppError 400 `invalid_cursor` for
        anything that was not signed for this very question."""
        cursor = call.params.text("cursor")
        if cursor is None:
            return None
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError as error:
            raise _invalid() from error
        packed, mac = raw[:_PLACE_BYTES], raw[_PLACE_BYTES:]
        if not hmac.compare_digest(mac, self._mac(call, report, packed)) or _text(raw) != cursor:
            raise _invalid()
        return _unpack(packed)

    def _mac(self, call: Call, report: str, packed: bytes) -> bytes:
        asked = {name: sorted(values) for name, values in call.params.values.items() if name not in PAGE_PARAMETERS}
        question = orjson.dumps([report, call.website.website_id, asked], option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self.key, packed + question, "sha256")[:_MAC_BYTES]


def parse_page_limit(params: Params) -> int:
    """How many rows a page has; raises AppError 400."""
    return params.whole("limit", 1, MAX_LIMIT) or DEFAULT_LIMIT


def _pack(place: Place) -> bytes:
    moments = [(moment - _EPOCH) // _MICROSECOND for moment in (place.since, place.until, place.moment)]
    return b"".join(moment.to_bytes(_MOMENT_BYTES, signed=True) for moment in moments) + place.tie.to_bytes(
        _TIE_BYTES, signed=True
    )


def _unpack(packed: bytes) -> Place:
    since, until, moment = (
        _EPOCH + int.from_bytes(packed[at : at + _MOMENT_BYTES], signed=True) * _MICROSECOND
        for at in range(0, 3 * _MOMENT_BYTES, _MOMENT_BYTES)
    )
    return Place(since, until, moment, int.from_bytes(packed[3 * _MOMENT_BYTES :], signed=True))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _invalid() -> AppError:
    return bad_parameter("cursor", "not one of this list; begin again without it", "invalid_cursor")
