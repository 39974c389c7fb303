"""Event number n: what is sent of it, and the SQL that says what must be stored of it.

Everything follows from the number and the run's first moment, so that 10 million events need be remembered
only as ranges of numbers. The number itself travels in the title.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

# No log may hold it: it is in every event.
CANARY = "kanarienvogel"
CANARY_ADDRESS = "203.0.113.77"
# What the database refuses.
POISON_PAGE = "/poison"
# One event in so many is refused by the gateway (RELIABILITY 4.1: 0.05 %), and one in so many by the database:
# fewer, because each has the worker write its batch several times over to find it.
REFUSED_EVERY, POISON_EVERY = 2000, 40_000
REFUSED_AT, _POISON_AT = 1234, 3210
# One in so many happened hours before it is sent.
_LATE_EVERY, _LATE_AT = 200, 7
_VERSION_7 = 0x7 << 76 | 0b10 << 62
_RANDOM = 0x4 << 76 | 0b10 << 62


def bodies(numbers: Iterable[int], started: datetime, *, has_ids: bool) -> bytes:
    """A batch of these events as a client sends it."""
    return orjson.dumps({"events": [_event(number, started, has_ids=has_ids) for number in numbers]})


def _event(number: int, started: datetime, *, has_ids: bool) -> dict[str, object]:
    visit = number // 12
    event: dict[str, object] = {
        "website_id": f"chaos-{visit % 5}",
        "visitor_id": f"{CANARY}-{visit % 40_000}",
        "page": POISON_PAGE if is_poison(number) else f"/p/{number % 499}",
        "title": f"{number} {CANARY} ä\t\\",
        "hostname": "shop.example",
    }
    if number % 10 == 3:
        event |= {"event_type": "signup", "properties": {"number": number, "text": "größer"}}
    if number % _LATE_EVERY == _LATE_AT:
        event["timestamp"] = (started - timedelta(hours=1 + number % 47)).isoformat()
    if is_refused(number):
        event["scroll_depth"] = 101
    if has_ids:
        event["id"] = str(event_id(number, started))
    return event


def event_id(number: int, started: datetime) -> UUID:
    """Mostly of version 7; one in five names no time."""
    if number % 5 == 0:
        return UUID(int=0xC4A05 << 100 | number % 97 << 80 | _RANDOM | number)
    return UUID(int=int(started.timestamp() * 1000) << 80 | _VERSION_7 | number)


def is_refused(number: int) -> bool:
    """The gateway names it in `rejected`."""
    return number % REFUSED_EVERY == REFUSED_AT


def is_poison(number: int) -> bool:
    """The gateway takes it and the database does not."""
    return number % POISON_EVERY == _POISON_AT


def start_of_run(now: datetime) -> datetime:
    """Whole seconds: what is sent is compared with what is stored."""
    return now.astimezone(UTC).replace(microsecond=0)


# In two pieces, because the statement of a connection that is ended is logged.
_CANARY = f"'{CANARY[:5]}' || '{CANARY[5:]}'"
# What every check reads from: the events of a run by number, and whether each is stored as it was sent.
STORED = f"""
SELECT
    number,
    website_id = 'chaos-' || number / 12 %% 5
        AND visitor_id = {_CANARY} || '-' || number / 12 %% 40000
        AND page = '/p/' || number %% 499
        AND title = number || ' ' || {_CANARY} || ' ä\t\\'
        AND hostname = 'shop.example'
        AND event_type = CASE number %% 10 WHEN 3 THEN 'signup' ELSE 'pageview' END
        AND (
            properties IS NOT DISTINCT FROM
            CASE number %% 10 WHEN 3 THEN jsonb_build_object('number', number, 'text', 'größer') END
        )
        AND (
            number %% {_LATE_EVERY} <> {_LATE_AT}
            OR "timestamp" = %(started)s::timestamptz - make_interval(hours => (1 + number %% 47)::integer)
        ) AS is_as_sent
FROM (
    SELECT split_part(title, ' ', 1)::bigint AS number, *
    FROM events
    WHERE website_id LIKE 'chaos-%%'
        AND split_part(title, ' ', 1)::bigint >= %(since)s
        AND split_part(title, ' ', 1)::bigint < %(until)s
) numbered
"""
# For a look at few of many events; and a refusal that only the database makes.
INDEXES = (
    "CREATE INDEX chaos_number ON events ((split_part(title, ' ', 1)::bigint)) WHERE website_id LIKE 'chaos-%'",
    f"CREATE INDEX chaos_poison ON events (website_id) WHERE 1 / (page <> '{POISON_PAGE}')::integer > 1",
)
