"""A range as what each source of numbers can answer."""

from datetime import datetime
from typing import NamedTuple

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.query import Range


class Spans(NamedTuple):
    """A range as whole buckets of the rollups, and the cut edges that only raw events can answer."""

    whole: tuple[datetime, datetime] | None
    edges: tuple[tuple[datetime, datetime], ...]


def spans(asked: Range) -> Spans:
    """`asked` divided at the first and the last quarter of an hour inside it."""
    first, last = grain_ceiling(asked.since), grain_floor(asked.until)
    if first >= last:
        return Spans(None, ((asked.since, asked.until),))
    edges = [(asked.since, first)] if asked.since < first else []
    if last < asked.until:
        edges.append((last, asked.until))
    return Spans((first, last), tuple(edges))
