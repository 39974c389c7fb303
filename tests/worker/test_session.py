"""Which session an event belongs to, as pure logic."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from shared.event import Event
from tests.worker.given import NOON, deliveries, event
from worker.batch import split_parts
from worker.memory import Memory
from worker.session import Draft, Session, place_event
from worker.source import campaign_of


def place(memory: Memory, *events: Event, splits_on_campaign: bool = False) -> list[Session | None]:
    """The sessions of events written as one batch, in time order."""
    draft = Draft(memory.known)
    batch = [
        incoming
        for part in split_parts(deliveries(*([item] for item in events), received_at=NOON))
        for incoming in part.events
    ]
    placed = [place_event(draft, incoming, splits_on_campaign=splits_on_campaign) for incoming in batch]
    for session in draft.changed:
        assert session.first is not None
        session.campaign = campaign_of(session.first.event)
    memory.keep(draft)
    return placed


def minutes(*offsets: float) -> list[datetime]:
    return [NOON + timedelta(minutes=offset) for offset in offsets]


@pytest.mark.rule("R16")
@pytest.mark.rule("G9")
@pytest.mark.parametrize(("gap_seconds", "sessions"), [(0, 1), (1799, 1), (1800, 1), (1800.000001, 2), (1801, 2)])
def test_session_ends_after_1800_seconds_of_silence(gap_seconds: float, sessions: int) -> None:
    placed = place(Memory(), event(NOON), event(NOON + timedelta(seconds=gap_seconds)))

    assert len({id(session) for session in placed}) == sessions


@pytest.mark.rule("R16")
def test_session_lasts_24_hours_at_most() -> None:
    offsets = [step * 25 for step in range(59)]

    placed = place(Memory(), *(event(at) for at in minutes(*offsets)))

    starts = sorted({session.started_at for session in placed if session is not None})
    assert starts == minutes(0, 24 * 60 + 10)


@pytest.mark.rule("R18")
def test_midnight_referrer_and_campaign_split_nothing() -> None:
    midnight = datetime(2026, 3, 3, tzinfo=UTC)

    first, second = place(
        Memory(),
        event(midnight - timedelta(minutes=5), referrer="https://a.example/"),
        event(midnight + timedelta(minutes=5), referrer="https://pay.example/"),
    )

    assert first is second


# What the events of one visitor, a minute apart, say of their campaign, and which session each is in.
@pytest.mark.rule("R18")
@pytest.mark.parametrize(
    ("queries", "sessions"),
    [
        (["", "utm_source=a", "utm_source=a", ""], [0, 1, 1, 1]),
        (["utm_source=a", "", "utm_source=a"], [0, 0, 0]),
        (["utm_source=a", "utm_source=b", "utm_source=a"], [0, 1, 2]),
        (["utm_source=a", "utm_source=a&utm_campaign=spring"], [0, 1]),
        (["utm_source=a", "utm_source=a&utm_content=button", "ref=b"], [0, 0, 0]),
    ],
    ids=["begun by none", "interrupted", "three", "another name", "no other campaign"],
)
def test_another_campaign_splits_where_a_website_wants_it(queries: list[str], sessions: list[int]) -> None:
    events = [event(at, query=query) for at, query in zip(minutes(*range(len(queries))), queries, strict=True)]

    placed = place(Memory(), *events, splits_on_campaign=True)
    others = place(Memory(), *events)

    order = list(dict.fromkeys(session.session_hash for session in placed if session is not None))
    assert [order.index(session.session_hash) for session in placed if session is not None] == sessions
    assert len({session.session_hash for session in others if session is not None}) == 1


@pytest.mark.rule("R18")
@pytest.mark.parametrize(
    ("known", "late", "sessions"),
    [
        (["utm_source=a", "", "utm_source=a"], (1, "utm_source=b"), 1),
        (["", "utm_source=a"], (-1, ""), 2),
        (["utm_source=a"], (-1, ""), 2),
        (["utm_source=a"], (-1, "utm_source=a"), 1),
        ([""], (-1, "utm_source=a"), 1),
        (["utm_source=a"], (-1, "utm_source=b"), 2),
    ],
    ids=["inside", "before the untagged", "untagged before", "same before", "before none", "another before"],
)
def test_late_event_splits_as_if_it_had_come_in_time(known: list[str], late: tuple[int, str], sessions: int) -> None:
    memory = Memory()
    times = minutes(*(2 * number for number in range(len(known))))
    events = [event(at, query=query) for at, query in zip(times, known, strict=True)]
    minute, query = late

    placed = place(memory, *events, splits_on_campaign=True)
    placed += place(memory, event(minutes(minute)[0], query=query), splits_on_campaign=True)

    assert len({session.session_hash for session in placed if session is not None}) == sessions


@pytest.mark.rule("R13")
@pytest.mark.rule("R18")
def test_a_campaign_splits_neither_the_clients_session_nor_off_what_needs_one() -> None:
    first, second = minutes(0, 1)

    named = place(
        Memory(),
        *(event(at, session_id="s", query=f"utm_source={at.minute}") for at in (first, second)),
        splits_on_campaign=True,
    )
    engaged = place(
        Memory(),
        event(first, query="utm_source=a"),
        event(second, event_type="engagement", query="utm_source=b"),
        splits_on_campaign=True,
    )

    assert named[0] is named[1]
    assert engaged[0] is engaged[1]


@pytest.mark.rule("R3")
@pytest.mark.parametrize("event_type", ["engagement", "performance", "identify"])
def test_passive_event_needs_an_open_session(event_type: str) -> None:
    alone = place(Memory(), event(NOON, event_type=event_type))
    before, _ = place(Memory(), event(NOON, event_type=event_type), event(NOON + timedelta(seconds=1)))
    _, after = place(Memory(), event(NOON), event(NOON + timedelta(seconds=1), event_type=event_type))

    assert alone == [None]
    assert before is None
    assert after is not None


@pytest.mark.rule("R17")
@pytest.mark.parametrize(
    ("event_type", "prolongs"), [("pageview", True), ("signup", True), ("engagement", True), ("performance", False)]
)
def test_activity_prolongs_the_session(event_type: str, *, prolongs: bool) -> None:
    first, second, third = minutes(0, 20, 40)

    placed = place(Memory(), event(first), event(second, event_type=event_type), event(third))

    assert (placed[0] is placed[2]) is prolongs


@pytest.mark.rule("R12")
def test_session_goes_on_under_tomorrows_id() -> None:
    memory = Memory()
    first, second, third = minutes(0, 20, 40)
    before = place(memory, event(first, visitor_id="today"))
    over = place(memory, event(second, visitor_id="tomorrow", previous_visitor_id="today"))

    after = place(memory, event(third, visitor_id="tomorrow", previous_visitor_id="today"))

    assert before[0] is not None and over[0] is not None and after[0] is not None
    assert before[0].session_id == over[0].session_id == after[0].session_id


@pytest.mark.rule("R13")
def test_client_session_is_not_split_by_silence_but_by_24_hours() -> None:
    first, second, third = minutes(0, 5 * 60, 25 * 60)

    placed = place(Memory(), *(event(at, session_id="s") for at in (first, second, third)))

    assert [session.session_id for session in placed if session] == ["s", "s", f"s~{int(third.timestamp())}"]


@pytest.mark.rule("R13")
def test_client_session_belongs_to_its_visitor() -> None:
    one, two = place(Memory(), event(NOON, session_id="s", visitor_id="a"), event(NOON, session_id="s", visitor_id="b"))

    assert one is not None and two is not None
    assert one.session_id == two.session_id
    assert one.session_hash != two.session_hash


@pytest.mark.rule("R13")
def test_a_name_that_comes_again_after_days_is_another_session() -> None:
    first, later = (
        place(Memory(), event(NOON + timedelta(days=days), session_id="s", id=UUID(int=days)))[0] for days in (0, 3)
    )

    assert first is not None and later is not None
    assert first.session_id == later.session_id
    assert first.session_hash != later.session_hash


@pytest.mark.rule("R21")
@pytest.mark.parametrize(
    ("late", "joins"), [(-1801, None), (-1800, 0), (60, 0), (1800 + 600, 0), (5000 - 1800, 1), (5000, 1)]
)
def test_late_event_joins_the_session_within_reach(late: int, joins: int | None) -> None:
    memory = Memory()
    known = place(memory, *(event(NOON + timedelta(seconds=at)) for at in (0, 600, 5000)))

    (session,) = place(memory, event(NOON + timedelta(seconds=late)))

    earlier, later = (item.session_hash for item in (known[0], known[2]) if item is not None)
    assert session is not None
    assert {earlier: 0, later: 1}.get(session.session_hash) == joins
    assert session.started_at <= NOON + timedelta(seconds=late)


@pytest.mark.rule("R21")
def test_bridge_between_two_sessions_merges_nothing() -> None:
    memory = Memory()
    first, last = place(memory, *(event(at) for at in minutes(0, 50)))

    (bridge,) = place(memory, event(minutes(25)[0]))

    assert first is not None and last is not None and bridge is not None
    assert bridge.session_hash == first.session_hash != last.session_hash


@pytest.mark.rule("R15")
def test_new_user_is_unknown_unless_an_earlier_session_of_a_lasting_id_is_at_hand() -> None:
    first, second = place(Memory(), *(event(at) for at in minutes(0, 60)))
    (derived, again) = place(Memory(), *(event(at, previous_visitor_id="w") for at in minutes(0, 60)))

    assert [session.is_new_user for session in (first, second, derived, again) if session] == [None, False, None, None]


@pytest.mark.rule("R21")
@pytest.mark.rule("G14")
@generated(
    st.lists(st.integers(0, 12_000), min_size=1, max_size=25, unique=True).flatmap(
        lambda seconds: st.tuples(st.just(seconds), st.permutations(seconds))
    )
)
def test_order_inside_a_batch_does_not_matter(orders: tuple[list[int], list[int]]) -> None:
    def sessions(seconds: list[int]) -> set[tuple[str, datetime, datetime]]:
        items = [event(NOON + timedelta(seconds=at), id=UUID(int=at)) for at in seconds]
        return {(s.session_id, s.started_at, s.last_at) for s in place(Memory(), *items) if s is not None}

    one, other = orders
    assert sessions(one) == sessions(other)
