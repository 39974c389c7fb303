"""An answer as it is sent: rendered once, kept, and sent again with where it came from."""

import hashlib
from datetime import datetime

import msgspec
import orjson

from queryapi.answer import Answer

# Say when and where an answer was made, not what it is: no part of its ETag.
_MOMENT = "generated_at"
_ORIGIN = frozenset({_MOMENT, "cached_at", "source"})
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class Rendered(msgspec.Struct, frozen=True, array_like=True):
    """An answer in JSON. `meta` stands apart: it is another one when the answer is sent again."""

    etag: str
    max_age_seconds: int
    body: bytes
    meta: bytes | None

    @property
    def bytes(self) -> int:
        """What it takes to keep."""
        return len(self.body) + len(self.meta or b"") + len(self.etag)


def render(answer: Answer) -> Rendered:
    """The answer in JSON; datetimes become RFC 3339 with `Z`."""
    meta = None if answer.meta is None else orjson.dumps(answer.meta, option=_OPTIONS)
    return Rendered(
        f'W/"{_fingerprint(answer)}"', answer.max_age_seconds, orjson.dumps(answer.body, option=_OPTIONS), meta
    )


def payload(rendered: Rendered, cached_at: datetime | None) -> bytes:
    """The whole body, which says so when it was kept since `cached_at` (SPEC R67)."""
    if rendered.meta is None:
        return rendered.body
    meta = rendered.meta
    if cached_at is not None:
        told = msgspec.json.decode(meta, type=dict[str, object])
        meta = orjson.dumps({**told, "source": "cache", "cached_at": cached_at}, option=_OPTIONS)
    return b'%b,"meta":%b}' % (rendered.body[:-1], meta)


def _fingerprint(answer: Answer) -> str:
    """What the answer says, whenever it was made."""
    timeless = {key: value for key, value in answer.body.items() if key != _MOMENT}
    if answer.meta is not None:
        timeless["meta"] = {key: value for key, value in answer.meta.items() if key not in _ORIGIN}
    return hashlib.blake2b(orjson.dumps(timeless), digest_size=16).hexdigest()
