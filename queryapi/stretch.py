"""Lists of things that were made (websites, funnels, keys, users, share links), a stretch at a time (SPEC R66)."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from starlette.requests import Request

from queryapi.lists import parse_limit, parse_offset
from queryapi.params import NO_PARAMETERS, parse_params

T = TypeVar("T")
STRETCH_PARAMETERS = frozenset({"limit", "offset"})


class Stretch(NamedTuple):
    """How many are asked for, and how many come before them."""

    limit: int
    offset: int


class Listed(NamedTuple, Generic[T]):
    """Those of a stretch, and how many there are in all."""

    items: list[T]
    total: int


def parse_stretch(request: Request) -> Stretch:
    """The stretch a request asks for; raises AppError 400, as for any parameter beside it."""
    params = parse_params(request.scope["query_string"], STRETCH_PARAMETERS, NO_PARAMETERS)
    return Stretch(parse_limit(params), parse_offset(params))


def listed_body(listed: Listed[T], stretch: Stretch, body: Callable[[T], object], now: datetime) -> dict[str, object]:
    """The answer that lists them, each as `body` has it."""
    return {
        "data": [body(item) for item in listed.items],
        "total": listed.total,
        "limit": stretch.limit,
        "offset": stretch.offset,
        "meta": {"generated_at": now, "warnings": []},
    }
