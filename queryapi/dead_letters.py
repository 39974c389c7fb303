"""Events of a visitor among those that could not be stored."""

import msgspec

from queryapi.database import changes
from queryapi.endpoint import Services
from queryapi.fixed import fixed
from queryapi.rows import Row
from shared.event import Event, decode_envelope, encode_envelope

# Read at a time: a payload is an event of 8 KB or, rarely, a whole request.
LETTERS_AT_ONCE = 100
_PLACE = ("partition", "entry_ms", "entry_seq", "position")
_FIRST = {"partition": -1, "entry_ms": 0, "entry_seq": 0, "position": 0}


async def forget_dead_letters(services: Services, website_id: str, visitor_id: str) -> int:
    """Throw away the visitor's dead letters, and the visitor's part of those of several; how many changed."""
    place: dict[str, object] = dict(_FIRST)
    changed = 0
    while True:
        values = {
            **place,
            "website_id": website_id,
            # As the gateway writes it, quotation marks included.
            "text": msgspec.json.encode(visitor_id),
            "limit": LETTERS_AT_ONCE,
        }
        async with changes(services.pool, services.settings) as reader:
            letters = await reader.rows(fixed("reads/dead_letters_with", values))
            for letter in letters:
                place = {name: letter[name] for name in _PLACE}
                payload = _without(letter, website_id, visitor_id)
                if payload == letter["payload"]:
                    continue
                name = "dead_letter_replace" if payload else "dead_letter_delete"
                changed += len(await reader.rows(fixed(f"writes/{name}", {**place, "payload": payload})))
        if len(letters) < LETTERS_AT_ONCE:
            return changed


def _without(letter: Row, website_id: str, visitor_id: str) -> bytes:
    """The payload without the visitor's events; empty where nothing is left. One that cannot be read is thrown away
    whole when it names the website too."""
    payload = letter["payload"]
    assert isinstance(payload, bytes)
    try:
        envelope = decode_envelope(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        is_ours = letter["website_id"] == website_id or msgspec.json.encode(website_id) in payload
        return b"" if is_ours else payload

    def is_of_visitor(event: Event) -> bool:
        return event.website_id == website_id and visitor_id in {event.visitor_id, event.previous_visitor_id}

    left = [event for event in envelope.events if not is_of_visitor(event)]
    if len(left) == len(envelope.events):
        return payload
    return encode_envelope(msgspec.structs.replace(envelope, events=left)) if left else b""
