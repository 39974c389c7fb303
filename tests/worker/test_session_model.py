"""Sessions against an independent model, at the edges where they end."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, example, settings
from hypothesis import given as generated
from hypothesis import strategies as st

from shared.event import Event
from tests.worker.given import NOON, event, open_bench
from tests.worker.session_model import sessions_of
from tests.worker.test_session import place
from worker.memory import Memory

# Seconds at, just before and just after where sessions end.
_edges = st.tuples(
    st.sampled_from([0, 900, 1800, 3600, 43_200, 84_600, 86_400, 88_200]),
    st.sampled_from([-1, 0, 0, 0, 1]),
    st.sampled_from([0, 0, 1800]),
)
_kinds = st.tuples(
    st.sampled_from(["today", "tomorrow"]),
    st.sampled_from([None, None, None, "s"]),
    st.sampled_from(["pageview", "pageview", "signup", "engagement", "performance", "identify"]),
)
_Batches = list[list[tuple[tuple[int, int, int], tuple[str, str | None, str]]]]
_batches = st.lists(st.lists(st.tuples(_edges, _kinds), min_size=1, max_size=4), min_size=1, max_size=4)
_AT_ONCE = (0, 0, 0), ("today", "s", "pageview")
_BEFORE = {"today": "yesterday", "tomorrow": "today"}


@pytest.mark.rule("R3")
@pytest.mark.rule("R12")
@pytest.mark.rule("R13")
@pytest.mark.rule("R16")
@pytest.mark.rule("R17")
@pytest.mark.rule("R21")
@settings(max_examples=400, deadline=None)
@example([[(edge, ("today", "s", "pageview")) for edge in ((1800, 0, 0), (86_400, 0, 0))], [_AT_ONCE]])
@generated(_batches)
def test_events_fall_into_sessions_as_the_model_says(batches: _Batches) -> None:
    given = _events(batches)
    memory = Memory()

    placed = [session for batch in given for session in place(memory, *batch) if session is not None]

    found = {session.session_hash: session for session in placed}
    events = Counter(session.session_hash for session in placed)
    assert sorted((s.started_at, s.last_at, events[s.session_hash]) for s in found.values()) == sorted(
        (s.started_at, s.last_at, s.events) for s in sessions_of(given)
    )


@pytest.mark.rule("R12")
@pytest.mark.rule("R13")
@pytest.mark.rule("R16")
@pytest.mark.rule("R21")
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@generated(
    batches=_batches, old=st.integers(0, 4), max_keys=st.integers(0, 3), chance=st.randoms(use_true_random=False)
)
def test_so_they_do_whatever_memory_has_room_for(
    database: str, batches: _Batches, old: int, max_keys: int, chance: random.Random
) -> None:
    # Nobody sends under yesterday's id once today's was given.
    given = _events(
        [
            [(edge, ("today" if number < old else "tomorrow", *kind[1:])) for edge, kind in batch]
            for number, batch in enumerate(batches)
        ]
    )
    expected = sessions_of(given)
    assume(not any(session.is_tied for session in expected))
    with open_bench(database, Memory(max_keys)) as bench:
        bench.rows("DELETE FROM events RETURNING 1")
        bench.desk.memory.forget(newest=NOON - timedelta(days=2))
        for batch in given:
            if chance.random() < 0.3:
                ((newest,),) = bench.rows("SELECT coalesce(max(timestamp), %s) FROM events", NOON)
                assert isinstance(newest, datetime)
                bench.desk.memory.forget(newest.astimezone(UTC))
            bench.write(*([item] for item in batch), received_at=NOON)

        assert bench.rows(
            "SELECT min(session_started_at), max(timestamp) FILTER (WHERE event_type NOT IN ('performance',"
            " 'identify')), count(*) FROM events GROUP BY session_hash ORDER BY 1, 2, 3"
        ) == sorted((s.started_at, s.last_at, s.events) for s in expected)


def _events(batches: _Batches) -> list[list[Event]]:
    return [
        [
            event(
                NOON + timedelta(hours=1, seconds=sum(edge)),
                visitor_id=visitor,
                previous_visitor_id=_BEFORE[visitor],
                session_id=session_id,
                event_type=event_type,
            )
            for edge, (visitor, session_id, event_type) in batch
        ]
        for batch in batches
    ]
