"""Fills a website with weeks of made-up traffic, then goes on at the pace of the clock.

Everything takes the way of real events: through the gateway, the stream and the worker.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import msgspec
import structlog

from ingest.batch_client import BatchClient
from ingest.demo_traffic import HOST, WEBSITE_ID, Event, day_events
from shared.clock import Clock

log = structlog.get_logger()

# What is shown at first is 30 days, beside the 30 before.
HISTORY_DAYS = 61
# As many as the gateway takes of one request (SPEC R55).
BATCH_EVENTS = 1000
ANSWER_SECONDS = 30
LONGEST_WAIT_SECONDS = 5.0
_WEBSITE: Event = {"id": WEBSITE_ID, "name": "Lumen (demo)", "timezone": "Europe/Vienna", "domains": [HOST]}
_FUNNEL: Event = {
    "website_id": WEBSITE_ID,
    "name": "From a lamp to an order",
    "steps": [
        {"name": "Looks at a lamp", "page": "/lamps/*", "order": 1},
        {"name": "Cart", "page": "/cart", "order": 2},
        {"name": "Checkout", "page": "/checkout", "order": 3},
        {"name": "Order", "event_type": "purchase", "order": 4},
    ],
}
_GOALS: tuple[Event, ...] = (
    {"name": "Ordered", "event_type": "purchase"},
    {"name": "Subscribed to the newsletter", "event_type": "newsletter"},
    {"name": "Read in the journal", "page": "/journal/*"},
)


def run_demo(url: str, make_token: Callable[[], str], clock: Clock) -> None:
    """Register the website at `url`, send its past, the newest day first, then what happens, until interrupted.
    Raises DeliveryError where the product cannot be reached. Started again it counts nothing twice."""
    register(url, make_token())
    sent_until = clock()
    today = sent_until.date()
    with BatchClient(url, make_token()) as client:
        for back in range(HISTORY_DAYS):
            send_day(client, today - timedelta(days=back), sent_until)
    log.info("history_sent", days=HISTORY_DAYS)
    while True:
        # A token holds for a day.
        with BatchClient(url, make_token()) as client:
            _live(client, today, sent_until, clock)
        today += timedelta(days=1)


def register(url: str, token: str) -> None:
    """Make the website, its funnel and its goals, unless they are there."""
    _post(f"{url}/api/v1/websites", token, _WEBSITE)
    _post(f"{url}/api/v1/funnels", token, _FUNNEL)
    for goal in _GOALS:
        _post(f"{url}/api/v1/websites/{WEBSITE_ID}/goals", token, goal)


def send_day(client: BatchClient, day: date, until: datetime) -> int:
    """Send what happens on `day` before `until`; gives how many events that were."""
    events = [event for event in day_events(day) if _moment(event) < until]
    for first in range(0, len(events), BATCH_EVENTS):
        _send(client, events[first : first + BATCH_EVENTS])
    return len(events)


def _live(client: BatchClient, day: date, since: datetime, clock: Clock) -> None:
    """Each event of `day` from `since` on, when its time has come."""
    waiting = [event for event in day_events(day) if _moment(event) >= since]
    while waiting:
        now = clock()
        due = [event for event in waiting[:BATCH_EVENTS] if _moment(event) <= now]
        if due:
            _send(client, due)
            del waiting[: len(due)]
        else:
            time.sleep(min(LONGEST_WAIT_SECONDS, (_moment(waiting[0]) - now).total_seconds()))


def _moment(event: Event) -> datetime:
    return datetime.fromisoformat(str(event["timestamp"]))


def _send(client: BatchClient, events: Sequence[Event]) -> None:
    receipt = client.send([msgspec.json.encode(event) for event in events])
    if receipt.rejected or receipt.dropped:
        log.warning("events_refused", rejected=dict(receipt.rejected), dropped=dict(receipt.dropped))


def _post(url: str, token: str, body: Event) -> None:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        # A funnel of this name is made once, however often this runs.
        "Idempotency-Key": "demo",
    }
    request = urllib.request.Request(url, msgspec.json.encode(body), headers)  # noqa: S310 -- always our own http
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310 -- always our own http
            pass
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 409:
                log.warning("not_registered", url=url, status=error.code)
