"""What was asked, so that the same question gets the same answer as long as nothing changed (SPEC R71)."""

import hashlib
from datetime import datetime
from typing import NamedTuple

import msgspec

from queryapi.answer import Report
from queryapi.call import Call, asked_range
from queryapi.comparison import COMPARE_PARAMETERS, comparison_range, parse_compare
from queryapi.database import Reader
from queryapi.fixed import fixed
from queryapi.query import Range
from queryapi.ranges import RANGE_PARAMETERS
from queryapi.rows import whole
from shared.release import release


class Question(NamedTuple):
    """One that can be kept. `digest` tells it from every other; `last_day` is the last UTC day, as ISO 8601,
    whose events can change its answer, None when those of any day can."""

    digest: bytes
    website_id: str
    last_day: str | None
    asked_at: datetime


async def recognise(call: Call, report: Report, name: str) -> Question | None:
    """The question of a call under the `name` of its report; None where its answer may not be kept, or nobody
    asks it again: of a range that ends this instant. Raises AppError 400 as the report would."""
    if report.reach is None:
        return None
    asked, last_day = None, None
    if report.scalars >= RANGE_PARAMETERS:
        asked = await asked_range(call)
        if asked.until == call.now:
            return None
        last_day = (_last_moment(call, report, asked) + report.reach).date().isoformat()
    return Question(_digest(call, asked, name), call.website.website_id, last_day, call.now)


async def data_version(reader: Reader, question: Question) -> str:
    """Equal as long as no event that matters to the question has changed, exact at every commit."""
    values = {"website_id": question.website_id, "last_day": question.last_day}
    row = (await reader.rows(fixed("reads/data_version", values)))[0]
    return f"{row['changes']}.{whole(row['dropped_days'])}"


def _last_moment(call: Call, report: Report, asked: Range) -> datetime:
    """Where the range ends, or the one it is set against when that is later."""
    if not report.scalars >= COMPARE_PARAMETERS:
        return asked.until
    against = comparison_range(call.params, asked, parse_compare(call.params), call.now)
    return asked.until if against is None else max(asked.until, against.until)


def _digest(call: Call, asked: Range | None, report_name: str) -> bytes:
    """Of everything but the data that decides an answer. The release stands for the rules of this code; rows
    that a job classifies anew are changed rows."""
    left_out = frozenset[str]() if asked is None else RANGE_PARAMETERS
    values = sorted(
        (parameter, sorted(set(values)))
        for parameter, values in call.params.values.items()
        if parameter not in left_out
    )
    span = None if asked is None else (asked.since, asked.until, asked.zone.key, asked.label, asked.days)
    parts = (release(), report_name, call.website, span, values, repr(call.filters), call.exact_up_to)
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=32).digest()
