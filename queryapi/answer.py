"""What a report gives back, before it is JSON."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from queryapi.call import Call


class Answer(NamedTuple):
    """A body without its `meta`, for how many seconds its reader may keep it, and the `meta`."""

    body: Mapping[str, object]
    max_age_seconds: int
    meta: Mapping[str, object] | None = None


class Report(NamedTuple):
    """A report, the parameters it takes (those that stand once, those that may be repeated), and the scope it needs."""

    answer: Callable[[Call], Awaitable[Answer]]
    scalars: frozenset[str]
    repeatable: frozenset[str]
    scope: str = "stats:read"
