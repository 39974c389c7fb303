"""Sessions against an independent model, at the edges where they end."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import example, settings
from hypothesis import given as generated
from hypothesis import strategies as st

from tests.worker.given import NOON, event
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
@generated(st.lists(st.lists(st.tuples(_edges, _kinds), min_size=1, max_size=4), min_size=1, max_size=4))
def test_events_fall_into_sessions_as_the_model_says(
    batches: list[list[tuple[tuple[int, int, int], tuple[str, str | None, str]]]],
) -> None:
    given = [
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
    memory = Memory()

    placed = [session for batch in given for session in place(memory, *batch) if session is not None]

    found = {session.session_hash: session for session in placed}
    events = Counter(session.session_hash for session in placed)
    assert sorted((s.started_at, s.last_at, events[s.session_hash]) for s in found.values()) == sorted(
        (s.started_at, s.last_at, s.events) for s in sessions_of(given)
    )
