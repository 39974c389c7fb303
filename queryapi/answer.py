"""What a report gives back, before it is JSON."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

from queryapi.call import Call

# A session that began in the range, or one that a filter picks, may go on for a day and a quarter of an hour,
# and is read to the end of the bucket it ends in.
SESSION_REACH = timedelta(hours=24, minutes=30)


class Answer(NamedTuple):
    """A body without its `meta`, for how many seconds its reader may keep it, and the `meta`."""

    body: Mapping[str, object]
    max_age_seconds: int
    meta: Mapping[str, object] | None = None


class Report(NamedTuple):
    """A report, the parameters it takes (those that stand once, those that may be repeated), and the scope it needs.

    `reach` says that the answer may be kept: the website, the parameters and the events up to so long after the
    range decide it, and nothing else. None for one that is computed each time."""

    answer: Callable[[Call], Awaitable[Answer]]
    scalars: frozenset[str]
    repeatable: frozenset[str]
    scope: str = "stats:read"
    reach: timedelta | None = None

    @property
    def is_shareable(self) -> bool:
        """Whether a share link opens it: filters narrow it, and no single event is shown."""
        return "filters" in self.scalars and self.scope == "stats:read"
