"""What a client sends to an ingest route, from its bytes to what would be stored."""

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from ingest.admit import MAX_PAGE_BYTES, MAX_REFERRER_BYTES, MAX_TITLE_BYTES, Admission
from ingest.body import MAX_BATCH_BYTES
from ingest.client import Origin, Sender
from ingest.gateway import WEBSITE_ID
from ingest.identity import Naming
from ingest.parse import ClientEvent, Parsed, is_batch, parse_batch, parse_single
from ingest.properties import MAX_PROPERTIES, MAX_PROPERTIES_BYTES
from ingest.refusal import EventError
from ingest.salts import SaltBook
from ingest.timestamps import Trust, Window
from shared.errors import AppError
from shared.event import Event, decode_envelope
from shared.inflate import inflate
from shared.registry import Website

_NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
_SENDERS = tuple(
    Sender(Origin(b"\xc6\x33\x64\x07", "198.51.100.0", "Test/1"), trust, honours_body=True) for trust in Trust
)


def check(data: bytes) -> None:
    """The first byte chooses the sender, and whether the rest is packed."""
    if not data:
        return
    sender, body = _SENDERS[data[0] % 3], data[1:]
    if data[0] & 0x80:
        try:
            body = inflate(body, MAX_BATCH_BYTES)
        except AppError as error:
            if error.status not in {400, 413}:
                raise
            return
    one = parse_single(body)
    assert len(one.events) == 1
    stored = _store(one, sender)
    is_batch(body)
    try:
        many = parse_batch(body)
    except AppError as error:
        if error.status not in {400, 413}:
            raise
    else:
        _store(many, sender)
    if isinstance(one.events[0], ClientEvent):
        # Nothing depends on how events are grouped.
        assert _store(parse_batch(b"[" + body + b"]"), sender) == stored


def _store(parsed: Parsed, sender: Sender) -> list[Event]:
    """What is admitted, without the ids, some of which are random."""
    window = Window(_NOW, sender.trust, timedelta(days=90))
    admission = Admission(sender, window, _naming, parsed.sent_at, len(parsed.events))
    admitted: list[Event] = []
    for index, client in enumerate(parsed.events):
        # A wrong website is refused before anything else of the event is looked at.
        if isinstance(client, EventError) or WEBSITE_ID.fullmatch(client.website_id) is None:
            continue
        try:
            admitted.append(_finish(admission.admit(client, index, Website(website_id=client.website_id))))
        except EventError:
            continue
    found = [event for parcel in admission.seats.parcels() for event in decode_envelope(parcel.payload).events]
    assert sorted(found, key=_by_id) == sorted(admitted, key=_by_id)
    for event in admitted:
        _check_limits(event)
    return [msgspec.structs.replace(event, id=UUID(int=0)) for event in admitted]


def _by_id(event: Event) -> tuple[str, bytes]:
    return str(event.id), msgspec.json.encode(event)


def _check_limits(event: Event) -> None:
    limits = ((event.page, MAX_PAGE_BYTES), (event.referrer, MAX_REFERRER_BYTES), (event.title, MAX_TITLE_BYTES))
    for text, limit in limits:
        assert text is None or len(text.encode()) <= limit
    for value in msgspec.structs.astuple(event):
        # PostgreSQL's text can hold neither.
        assert not isinstance(value, str) or "\0" not in value.encode().decode()
    if isinstance(event.properties, msgspec.Raw):
        properties = msgspec.json.decode(event.properties, type=dict[str, str | int | float | bool | None])
        assert len(properties) <= MAX_PROPERTIES and len(bytes(event.properties)) <= MAX_PROPERTIES_BYTES
        assert not any("\0" in text for item in properties.items() for text in item if isinstance(text, str))


class _Salts:
    """As much of Redis as the salts need, without a server: a target runs thousands of times a second."""

    async def get(self, _key: str) -> bytes:
        return bytes(16)


def _finish(coroutine: Coroutine[object, None, Event]) -> Event:
    """What the coroutine returns; it has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value
    raise AssertionError("it waits")


_redis: Any = _Salts()
_naming = Naming(_redis, SaltBook(_redis, lambda: _NOW), 4)
