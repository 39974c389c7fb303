"""The parameter `filters`, from its text to the condition in SQL."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from queryapi.fields import clean
from queryapi.filters import parse_filters, patterns, read_filters
from queryapi.params import parse_params
from queryapi.query import Query, Range
from queryapi.statement import compile_query
from shared.errors import AppError

_SINCE, _UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)


def check(data: bytes) -> None:
    """The query string that begins the data may not fail either."""
    try:
        parse_params(data, frozenset({"days", "filters"}), frozenset({"page", "prop:"}))
    except AppError as error:
        if error.status != 400:
            raise
    try:
        text = data.decode()
        filters = parse_filters(text)
    except UnicodeDecodeError:
        return
    except AppError as error:
        if error.status != 400 or not error.details["field"]:
            raise
        return
    # A segment keeps the document as it was read, and means the same.
    assert read_filters(json.loads(clean(json.dumps(json.loads(text), ensure_ascii=False))), "filters") == filters
    assert all(isinstance(pattern, str) for pattern in patterns(filters))
    query = Query(
        website_id="site-1",
        range=Range(since=_SINCE, until=_UNTIL, zone=ZoneInfo("UTC"), label="7 days"),
        metrics=("page_views", "unique_visitors", "sessions"),
        filters=filters,
        as_of=_UNTIL,
    )
    compile_query(query)
