"""What workers died of again and again is buried once, and nothing of it that is stored (RELIABILITY C17, C32)."""

from datetime import timedelta

from shared.event import Event, decode_envelope
from tests.worker.given import Bench, envelope, event, open_bench, recent
from tests.worker.given import entry as given_entry
from worker.batch import Entry, decode_entry, split_parts
from worker.deliver import write_off
from worker.write import write_part

DELIVERIES = 5


def sent_at_once(*events: Event) -> Entry:
    return given_entry(0, *(envelope(each, received_at=recent()) for each in events))


def buried(bench: Bench) -> list[object]:
    payloads = bench.rows("SELECT payload FROM dead_letter WHERE reason = 'crash_loop'")
    return [each.id for (payload,) in payloads for each in decode_envelope(payload).events]  # type: ignore[arg-type]


def test_late_events_that_are_stored_are_not_buried_too(database: str) -> None:
    late = [event(recent() - timedelta(days=days)) for days in (1, 2)]
    with open_bench(database) as bench:
        unacknowledged = sent_at_once(*late)
        bench.deliver([decode_entry(unacknowledged)])

        write_off(bench.desk, [unacknowledged], DELIVERIES)

        assert buried(bench) == []
        assert bench.outcomes() == {"stored": 2}


def test_of_an_entry_stored_in_part_the_rest_is_buried_once(database: str) -> None:
    late, on_time = event(recent() - timedelta(days=1)), event(recent())
    with open_bench(database) as bench:
        half_written = sent_at_once(on_time, late)
        part_of_the_late, _ = split_parts([decode_entry(half_written)])
        bench.desk.days.prepare(bench.desk.connection, {late.timestamp.date()}, set())
        bench.desk.websites.prepare(bench.desk.connection, {late.website_id}, 0)
        write_part(bench.desk, part_of_the_late, {})

        for _ in range(2):
            write_off(bench.desk, [half_written], DELIVERIES)

        assert buried(bench) == [on_time.id]
        assert bench.rows("SELECT id FROM events") == [(late.id,)]
        assert bench.outcomes() == {"stored": 1, "dead_lettered": 1}


def test_an_entry_that_is_no_part_stored_is_buried_whole_and_once(database: str) -> None:
    late, on_time = event(recent() - timedelta(days=1)), event(recent())
    with open_bench(database) as bench:
        unwritten = sent_at_once(on_time, late)

        for _ in range(2):
            write_off(bench.desk, [unwritten], DELIVERIES)

        assert buried(bench) == [on_time.id, late.id]
        assert bench.outcomes() == {"dead_lettered": 2}
