"""What a client may say of a funnel (SPEC F1, R72, R73); null and a missing field mean the same."""

import math
from typing import NamedTuple
from uuid import UUID, uuid4

from queryapi.fields import Fields, Json, as_fields, clean, parse_object, refuse
from queryapi.funnel import (
    DEFAULT_WINDOW_SECONDS,
    MAX_STEPS,
    MAX_WINDOW_SECONDS,
    MIN_STEPS,
    SCOPES,
    STEP_ORDERS,
    Definition,
    Scalar,
    Step,
)
from queryapi.funnel_pattern import MAX_STARS, count_stars, matches_everything

MAX_NAME_CHARACTERS = 200
# The limits of what is stored of an event (SPEC R1, R4, R6): beyond them nothing can match.
MAX_EVENT_TYPE_CHARACTERS = 100
MAX_PAGE_CHARACTERS = 2048
MAX_PROPERTIES = 50
MAX_KEY_BYTES = 128
MAX_VALUE_BYTES = 1024
MAX_ORDER = 2**31 - 1
INT64 = range(-(2**63), 2**63)
PAGEVIEW = "pageview"
# Never a step: they are no visit of their own, so nobody could be said to have entered (SPEC R1, R3, R75).
NO_STEPS = frozenset({"engagement", "performance", "identify"})

_FIELDS = frozenset({"website_id", "name", "steps", "scope", "window_seconds", "order"})
# What we give and a client may send back: known, and ignored.
_GIVEN = frozenset({"id", "created_at", "updated_at"})
_STEP_FIELDS = frozenset({"id", "name", "page", "event_type", "order", "properties"})


class Submitted(NamedTuple):
    """A definition as it was sent; `website_id` is None when it was not."""

    website_id: str | None
    definition: Definition


def parse_definition(body: bytes, *, keep_ids: bool) -> Submitted:
    """The definition in a request's body. With `keep_ids` steps keep the ids that were sent with them.
    Raises AppError 400 when it is no JSON, 422 when it is no funnel."""
    fields = parse_object(body)
    fields.check_known(_FIELDS | _GIVEN)
    fields.require("name")
    definition = Definition(
        name=fields.label("name", MAX_NAME_CHARACTERS) or "",
        steps=_parse_steps(fields.require("steps"), keep_ids=keep_ids),
        scope=fields.choice("scope", SCOPES) or "visitor",
        order=fields.choice("order", STEP_ORDERS) or "ordered",
        window_seconds=fields.whole("window_seconds", 1, MAX_WINDOW_SECONDS) or DEFAULT_WINDOW_SECONDS,
    )
    return Submitted(fields.text("website_id", 128), definition)


def _parse_steps(sent: Json, *, keep_ids: bool) -> tuple[Step, ...]:
    if not isinstance(sent, list):
        raise refuse("invalid_type", "steps", "must be a list")
    if len(sent) < MIN_STEPS:
        raise refuse("too_few_steps", "steps", f"fewer than {MIN_STEPS}", limit=MIN_STEPS)
    if len(sent) > MAX_STEPS:
        raise refuse("too_many_steps", "steps", f"more than {MAX_STEPS}", limit=MAX_STEPS)
    steps: dict[int, Step] = {}
    ids: set[UUID] = set()
    for index, item in enumerate(sent):
        fields = as_fields(item, f"steps[{index}]", f"steps[{index}].")
        fields.check_known(_STEP_FIELDS)
        order = fields.whole("order", 0, MAX_ORDER)
        order = index + 1 if order is None else order
        if order in steps:
            raise refuse("duplicate_order", fields.at("order"), f"{order} is given to another step")
        steps[order] = parse_step(fields, keep_ids=keep_ids)
        if steps[order].id in ids:
            raise refuse("duplicate_id", fields.at("id"), "is given to another step")
        ids.add(steps[order].id)
    return tuple(steps[order] for order in sorted(steps))


def parse_step(fields: Fields, *, keep_ids: bool) -> Step:
    """One step, or a goal; raises AppError 422 where no event, or any, could be one."""
    event_type = fields.label("event_type", MAX_EVENT_TYPE_CHARACTERS) or PAGEVIEW
    if event_type in NO_STEPS:
        raise refuse("invalid_value", fields.at("event_type"), f"{event_type} cannot be a step")
    page = fields.text("page", MAX_PAGE_CHARACTERS) or ""
    if count_stars(page) > MAX_STARS:
        raise refuse("invalid_value", fields.at("page"), f"more than {MAX_STARS} wildcards", limit=MAX_STARS)
    if event_type == PAGEVIEW and (not page or matches_everything(page)):
        raise refuse("step_matches_everything", fields.at("page"), "needs a page, or another event_type than pageview")
    sent_id = _parse_id(fields)
    return Step(
        id=sent_id if keep_ids and sent_id else uuid4(),
        name=fields.label("name", MAX_NAME_CHARACTERS) or (page or event_type)[:MAX_NAME_CHARACTERS],
        page=page,
        event_type=event_type,
        properties=_parse_properties(fields),
    )


def _parse_id(fields: Fields) -> UUID | None:
    sent = fields.text("id", 64)
    try:
        return UUID(sent) if sent else None
    except ValueError as error:
        raise refuse("invalid_value", fields.at("id"), "must be a UUID") from error


def _parse_properties(fields: Fields) -> dict[str, Scalar]:
    sent = fields.values.get("properties")
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        raise refuse("invalid_type", fields.at("properties"), "must be an object")
    if len(sent) > MAX_PROPERTIES:
        raise refuse("invalid_value", fields.at("properties"), f"more than {MAX_PROPERTIES} keys", limit=MAX_PROPERTIES)
    return dict(_parse_property(fields.at("properties"), clean(key), value) for key, value in sent.items())


def _parse_property(path: str, key: str, value: Json) -> tuple[str, Scalar]:
    if not key or "\0" in key or len(key.encode()) > MAX_KEY_BYTES:
        raise refuse("invalid_value", path, f"a key must have 1 to {MAX_KEY_BYTES} bytes", limit=MAX_KEY_BYTES)
    field = f"{path}.{key}"
    if isinstance(value, str):
        value = clean(value)
        if "\0" in value or len(value.encode()) > MAX_VALUE_BYTES:
            raise refuse("invalid_value", field, f"must have at most {MAX_VALUE_BYTES} bytes", limit=MAX_VALUE_BYTES)
        return key, value
    if isinstance(value, bool):
        return key, value
    if isinstance(value, int | float):
        if not (math.isfinite(value) if isinstance(value, float) else value in INT64):
            raise refuse("invalid_value", field, "a number fits neither int64 nor float64")
        return key, value
    raise refuse("invalid_type", field, "must be text, a number, true or false")
