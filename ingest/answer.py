"""What a sender is told (SPEC R54-R56, R68)."""

from ingest.gateway import Outcome
from ingest.refusal import EventError, Warned
from shared.errors import AppError

DROPPED_HEADER = "X-Analytics-Dropped"
UNKNOWN_FIELDS_HEADER = "X-Analytics-Unknown-Fields"
# A header must stay short whatever a client invents.
MAX_UNKNOWN_FIELDS = 20
MAX_FIELD_NAME = 64

Body = dict[str, object]


def answer_single(outcome: Outcome) -> Body:
    """The body of a 202; raises AppError 400 with the event's own code when it was refused."""
    for _, error in outcome.refused:
        raise AppError(400, error.code, error.message, details={"field": error.field} if error.field else {})
    if outcome.dropped:
        return {"status": "dropped", "reason": outcome.drop_reasons[0]}
    assert outcome.last_accepted is not None
    body: Body = {"status": "accepted", "id": outcome.last_accepted.id}
    if outcome.warnings:
        body["warnings"] = [_warning(warned) for warned in outcome.warnings]
    return body


def answer_batch(outcome: Outcome) -> tuple[int, Body]:
    """202, or 400 with the same body when not one event was good."""
    body: Body = {
        "status": "accepted",
        "accepted": outcome.accepted,
        "rejected": len(outcome.refused),
        "dropped": len(outcome.dropped),
        "errors": [_error(index, error) for index, error in outcome.refused],
        "warnings": [{"index": warned.position, **_warning(warned)} for warned in outcome.warnings],
    }
    if outcome.accepted or outcome.dropped:
        return 202, body
    return 400, body | {"status": "rejected"}


def outcome_headers(outcome: Outcome) -> list[tuple[bytes, bytes]]:
    """The headers that say what was left out."""
    headers: list[tuple[bytes, bytes]] = []
    if outcome.dropped:
        headers.append((DROPPED_HEADER.lower().encode(), ", ".join(outcome.drop_reasons).encode()))
    if outcome.unknown_fields:
        names = sorted(filter(_is_plain, outcome.unknown_fields))[:MAX_UNKNOWN_FIELDS]
        headers.append((UNKNOWN_FIELDS_HEADER.lower().encode(), ", ".join(names).encode() or b"?"))
    return headers


def _is_plain(name: str) -> bool:
    return 0 < len(name) <= MAX_FIELD_NAME and name.isascii() and name.isprintable() and "," not in name


def _error(index: int, error: EventError) -> Body:
    body: Body = {"index": index, "code": error.code, "error": error.message}
    return body | {"field": error.field} if error.field else body


def _warning(warned: Warned) -> Body:
    return {"code": warned.code, "field": warned.field, "warning": warned.warning}
