"""Stream entries as parts."""

from datetime import timedelta

import pytest

from tests.worker.given import NOON, SITE, deliveries, entry, envelope, event
from worker.batch import ON_TIME, decode_entry, split_parts
from worker.claim import first_by_key


def test_late_events_go_by_day_and_before_those_on_time() -> None:
    late = [event(NOON - timedelta(days=days)) for days in (1, 3, 1)]
    fresh = event(NOON - timedelta(minutes=15))

    parts = split_parts(deliveries([fresh, *late], received_at=NOON))

    assert [len(part.events) for part in parts] == [1, 2, 1]
    assert [part.number != ON_TIME for part in parts] == [True, True, False]
    assert parts[0].number < parts[1].number
    assert all(len(part.entries) == 1 for part in parts)


def test_entry_without_events_is_still_written() -> None:
    (part,) = split_parts([decode_entry(entry(0))])

    assert len(part.entries) == 1


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"\xff", b"[2]", b"[" * 100_000, b'[1,"2026-01-01T00:00:00",null,"",false,[]]']
)
def test_payload_that_is_no_envelope_spoils_no_other(payload: bytes) -> None:
    delivery = decode_entry(entry(0, payload, envelope(event(NOON))))

    assert [incoming.position for incoming in delivery.events] == [1]
    assert [bad.position for bad in delivery.undecodable] == [0]


def test_arrival_orders_the_events_of_a_partition() -> None:
    one = decode_entry(entry(0, envelope(event(NOON), event(NOON)), envelope(event(NOON))))
    two = decode_entry(entry(1, envelope(event(NOON))))

    arrivals = [incoming.arrival for incoming in one.events + two.events]

    assert arrivals == sorted(set(arrivals))


@pytest.mark.rule("R57")
def test_first_arrival_of_an_id_stays() -> None:
    first = event(NOON, is_client_id=True, page="/first")
    again = event(NOON - timedelta(minutes=1), is_client_id=True, id=first.id, page="/again")
    elsewhere = event(NOON, is_client_id=True, id=first.id, website_id="other")
    (part,) = split_parts(deliveries([first], [again, elsewhere], received_at=NOON))

    first_ones = first_by_key(part.events).values()

    assert sorted((incoming.event.website_id, incoming.event.page) for incoming in first_ones) == [
        ("other", "/"),
        (SITE, "/first"),
    ]
