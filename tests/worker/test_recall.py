"""What is read of the past when memory does not hold it, in both flavours."""

from datetime import timedelta

import msgspec
import pytest

from shared.clock import utc_now
from tests.worker.given import NOON, deliveries, event, open_bench
from worker.batch import split_parts
from worker.memory import Memory
from worker.recall import newest_event, recall


@pytest.mark.rule("R12")
@pytest.mark.rule("R13")
@pytest.mark.rule("R16")
@pytest.mark.parametrize("session_id", [None, "mine"])
def test_session_goes_on_after_its_owner_changed(database: str, session_id: str | None) -> None:
    with open_bench(database) as before:
        before.write([event(NOON, visitor_id="old", session_id=session_id, referrer="https://a.example/")])
    later = NOON + timedelta(minutes=30)
    with open_bench(database) as after:
        after.write([event(later, visitor_id="new", previous_visitor_id="old", session_id=session_id)])
        after.desk.memory.forget(later)
        after.write(
            [event(later + timedelta(minutes=30), visitor_id="new", previous_visitor_id="old", session_id=session_id)]
        )

        assert after.sessions() == [(NOON, 3)]
        assert after.rows("SELECT DISTINCT visitor_id FROM events ORDER BY 1") == [("new",), ("old",)]
        after.assert_canonical()


def test_full_memory_forgets_nothing_that_counts(database: str) -> None:
    def wave(minute: int) -> list[list[msgspec.Struct]]:
        return [[event(NOON + timedelta(minutes=minute), visitor_id=f"v{number}")] for number in range(20)]

    memory = Memory(max_keys=5)
    memory.forget(newest=NOON - timedelta(days=2))
    with open_bench(database, memory) as bench:
        for minute in (0, 20, 40):
            bench.write(*wave(minute))  # pyright: ignore[reportArgumentType]

        assert bench.sessions() == [(NOON, 3)] * 20


def test_newest_event_is_no_earlier_than_any(database: str) -> None:
    now = utc_now()
    ahead = event(now + timedelta(minutes=5), website_id="another")
    with open_bench(database) as bench:
        nothing = newest_event(bench.desk.connection)
        bench.write([event(now - timedelta(days=3))])
        old = newest_event(bench.desk.connection)
        bench.write([event(now), ahead, event(now - timedelta(days=1))])

        assert timedelta(0) <= nothing - (now - timedelta(days=2)) < timedelta(hours=1)
        assert nothing <= old < now
        assert newest_event(bench.desk.connection) == ahead.timestamp


def test_who_is_in_a_session_is_not_looked_up(database: str) -> None:
    memory = Memory()
    memory.forget(newest=NOON)
    with open_bench(database, memory) as bench:
        bench.write([event(NOON)])
        # Whoever looked it up would take it for another, and later, session.
        bench.rows(
            "UPDATE events SET session_hash = 1, session_started_at = timestamp + interval '1 s',"
            " timestamp = timestamp + interval '1 s' RETURNING 1"
        )
        for minute in (1, 2):
            bench.write([event(NOON + timedelta(minutes=minute))])

        assert bench.rows("SELECT DISTINCT session_started_at FROM events WHERE session_hash <> 1") == [(NOON,)]


@pytest.mark.rule("R21")
def test_event_from_before_a_visitor_came_back_is_looked_up(database: str) -> None:
    memory = Memory(max_keys=1)
    memory.forget(newest=NOON - timedelta(days=2))
    with open_bench(database, memory) as bench:
        bench.write([event(NOON)])
        bench.write([event(NOON, visitor_id="another")])
        # Remembered is only what it begins, unless the one before is looked up.
        bench.write([event(NOON + timedelta(minutes=50))])
        bench.write([event(NOON + timedelta(minutes=25))])

        assert bench.sessions() == [(NOON, 1), (NOON, 2), (NOON + timedelta(minutes=50), 1)]


@pytest.mark.rule("R21")
def test_event_from_before_all_that_is_remembered_of_a_session_is_looked_up(database: str) -> None:
    late, later = NOON + timedelta(hours=12), NOON + timedelta(hours=24, seconds=1)
    with open_bench(database) as bench:
        bench.write([event(NOON, session_id="s")])
        bench.desk.memory.forget(newest=NOON)
        # So long after, that nothing stored can take it.
        bench.write([event(later, session_id="s")])
        bench.write([event(late, session_id="s")])

        assert bench.sessions() == [(NOON, 2), (later, 1)]


@pytest.mark.rule("R16")
def test_a_session_is_looked_up_to_the_end_of_its_24_hours(database: str) -> None:
    with open_bench(database) as bench:
        bench.write([event(NOON, session_id="s")])
        bench.desk.memory.forget(newest=NOON)
        bench.write([event(NOON + timedelta(hours=24), session_id="s")])

        assert bench.sessions() == [(NOON, 2)]


def test_sessions_of_a_visitor_with_events_without_end_are_looked_up_in_part(database: str) -> None:
    with open_bench(database) as bench:
        bench.write([event(NOON)])
        bench.rows(
            "INSERT INTO events SELECT (jsonb_populate_record(events, jsonb_build_object('id', gen_random_uuid(),"
            " 'session_hash', number, 'session_id', number::text))).* FROM events, generate_series(1, 10500) number"
            " RETURNING 1"
        )

        found = recall(
            bench.desk.connection, Memory(), split_parts(deliveries([event(NOON, session_id="x")]))[0].events
        )

        assert max(map(len, found.values())) == 10_000
