"""Sessions that are stored: found by a worker that remembers nothing, and moved by what arrived before."""

from datetime import timedelta

import pytest

from tests.worker.given import NOON, Fields, deliveries, event, open_bench

# What is stored (minutes after noon, and what is said of the event), what comes then, and the sessions afterwards.
FORGOTTEN: dict[str, tuple[list[tuple[int, Fields]], tuple[int, Fields], list[tuple[int, int]]]] = {
    "silence": ([(0, {})], (31, {}), [(0, 1), (31, 1)]),
    "client's silence": ([(0, {"session_id": "s"})], (600, {"session_id": "s"}), [(0, 2)]),
    "yesterday's id": ([(0, {})], (20, {"visitor_id": "w", "previous_visitor_id": "v"}), [(0, 2)]),
    "engagement prolongs": ([(0, {}), (20, {"event_type": "engagement"})], (40, {}), [(0, 3)]),
    "performance does not": ([(0, {}), (20, {"event_type": "performance"})], (40, {}), [(0, 2), (40, 1)]),
    "begins it": ([(1200, {"session_id": "s"})], (0, {"session_id": "s"}), [(0, 2)]),
    "longer than a day": (
        [(1200, {"session_id": "s"}), (1800, {"session_id": "s"})], (0, {"session_id": "s"}), [(0, 1), (1200, 2)],
    ),
    "much longer than a day": (
        [(20, {"session_id": "s"}), (1450, {"session_id": "s"})], (0, {}), [(0, 1), (20, 2)],
    ),
}  # fmt: skip


@pytest.mark.rule("R3")
@pytest.mark.rule("R12")
@pytest.mark.rule("R13")
@pytest.mark.rule("R16")
@pytest.mark.rule("R17")
@pytest.mark.rule("R21")
@pytest.mark.parametrize("is_late", [False, True], ids=["on time", "late"])
@pytest.mark.parametrize(("stored", "then", "sessions"), FORGOTTEN.values(), ids=FORGOTTEN)
def test_worker_that_remembers_nothing_finds_the_same_sessions(
    database: str,
    stored: list[tuple[int, Fields]],
    then: tuple[int, Fields],
    sessions: list[tuple[int, int]],
    *,
    is_late: bool,
) -> None:
    with open_bench(database) as before:
        before.write(*([event(NOON + timedelta(minutes=at), **fields)] for at, fields in stored))
    minute, fields = then
    at = NOON + timedelta(minutes=minute)
    with open_bench(database) as after:
        after.write([event(at, **fields)], received_at=at + timedelta(hours=2 * is_late))

        assert after.sessions() == [(NOON + timedelta(minutes=start), events) for start, events in sessions]
        after.assert_canonical()


@pytest.mark.rule("R19")
@pytest.mark.rule("R21")
def test_of_two_events_at_once_the_one_that_arrived_first_begins_the_session(database: str) -> None:
    first, second = deliveries(
        [event(NOON, referrer="https://a.example/")], [event(NOON, referrer="https://b.example/")], first=10**6
    )
    with open_bench(database) as bench:
        bench.deliver([second])
        bench.deliver([first])

        assert bench.rows("SELECT DISTINCT source FROM events") == [("a.example",)]
        bench.assert_canonical()
