"""One transaction a part: what is in the database after it, in both flavours."""

import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as generated
from hypothesis import strategies as st

from shared.event import Revenue, decode_envelope
from tests.sql.facts import differences
from tests.worker.given import NOON, SITE, Fields, entry, envelope, event, open_bench
from worker.batch import decode_entry
from worker.failure import PoisonFloodError
from worker.recall import newest_event


@pytest.mark.rule("R19")
def test_row_carries_event_and_session(database: str) -> None:
    with open_bench(database) as bench:
        bench.write(
            [
                event(NOON, page="/a", hostname="example.com", referrer="https://www.google.com/"),
                event(
                    NOON + timedelta(seconds=5),
                    event_type="buy",
                    page="/b",
                    hostname="other.example",
                    revenue=Revenue("19.99", "EUR"),
                    properties=msgspec.Raw(b'{"plan":"pro","n":1.50}'),
                ),
            ]
        )

        rows = bench.rows(
            "SELECT event_type, page, hostname, source, browser, session_started_at, revenue_amount::text,"
            " properties::text, is_new_user, user_agent FROM events ORDER BY timestamp"
        )

    assert rows == [
        ("pageview", "/a", "example.com", "Google", "Chrome", NOON, None, None, None, None),
        ("buy", "/b", "example.com", "Google", "Chrome", NOON, "19.9900", '{"n": 1.50, "plan": "pro"}', None, None),
    ]


@pytest.mark.rule("G14")
def test_redelivered_entry_counts_once(database: str) -> None:
    with open_bench(database) as bench:
        # One entry in three parts: on time, yesterday, the day before.
        given = bench.write([event(NOON - timedelta(days=days)) for days in (0, 1, 2)], [event(NOON)], received_at=NOON)

        bench.deliver(given)
        bench.deliver(given)

        assert bench.rows("SELECT count(*), count(DISTINCT id) FROM events") == [(4, 4)]
        assert bench.outcomes() == {"stored": 4}


@pytest.mark.rule("R57")
@pytest.mark.rule("G14")
def test_client_id_counts_once_in_any_grouping(database: str) -> None:
    ids = [uuid4() for _ in range(6)]
    with open_bench(database) as bench:
        bench.write([event(NOON, id=name, is_client_id=True) for name in ids])
        bench.write(
            [event(NOON, id=name, is_client_id=True) for name in ids[3:]], [event(NOON, id=ids[0], is_client_id=True)]
        )
        bench.write([event(NOON + timedelta(hours=7), id=name, is_client_id=True) for name in [*ids, ids[0]]])
        bench.write([event(NOON, id=ids[0], is_client_id=True, website_id="another")])

        assert bench.rows("SELECT website_id, count(*) FROM events GROUP BY 1 ORDER BY 1") == [
            ("another", 1),
            (SITE, 6),
        ]
        assert bench.outcomes() == {"stored": 7, "duplicate": 11}


@pytest.mark.rule("R18")
def test_campaigns_split_sessions_of_websites_that_want_it_whoever_wrote_their_beginning(database: str) -> None:
    """In the next batch, by a worker that has to look the session up, and before a beginning that came early."""
    first, again, other, untagged, earlier = (NOON + timedelta(minutes=at) for at in (0, 5, 10, 15, -5))
    with open_bench(database) as bench:
        bench.rows(
            "INSERT INTO websites (website_id, name, split_on_campaign) VALUES (%s, 'x', true) RETURNING 1", SITE
        )
        bench.write([event(first, query="utm_source=a")])
        bench.write([event(again, query="utm_source=a")])
    with open_bench(database) as bench:
        bench.write([event(other, query="utm_source=b"), event(untagged)])
        bench.write([event(earlier)], received_at=untagged)

        assert bench.sessions() == [(earlier, 1), (first, 2), (other, 2)]
        assert bench.rows("SELECT DISTINCT session_started_at, utm_source FROM events ORDER BY 1") == [
            (earlier, None),
            (first, "a"),
            (other, "b"),
        ]
        bench.assert_canonical()


@pytest.mark.rule("R21")
@pytest.mark.rule("R20")
def test_late_event_moves_the_start_of_a_stored_session(database: str) -> None:
    with open_bench(database) as bench:
        bench.write([event(NOON, referrer="https://b.example/"), event(NOON + timedelta(minutes=20))])
        bench.rows("DELETE FROM rollup_dirty RETURNING 1")

        bench.write(
            [event(NOON - timedelta(minutes=25), referrer="https://a.example/")],
            received_at=NOON + timedelta(minutes=30),
        )

        assert bench.sessions() == [(NOON - timedelta(minutes=25), 3)]
        assert bench.rows("SELECT DISTINCT source FROM events") == [("a.example",)]
        assert bench.rows("SELECT count(DISTINCT bucket) FROM rollup_dirty") == [(3,)]
        bench.assert_canonical()


@pytest.mark.rule("R19")
@pytest.mark.rule("R21")
def test_session_moved_under_one_key_is_moved_under_all(database: str) -> None:
    with open_bench(database) as bench:
        bench.write([event(NOON + timedelta(seconds=47), session_id="s", referrer="https://b.example/")])
        # Found by the visitor alone: nothing looks under the key of the client's session.
        bench.write([event(NOON, referrer="https://a.example/")])
        bench.write([event(NOON + timedelta(seconds=265), session_id="s")])

        assert bench.sessions() == [(NOON, 3)]
        bench.assert_canonical()


@pytest.mark.rule("R12")
@pytest.mark.rule("R21")
def test_late_event_moves_what_a_session_became_after_midnight(database: str) -> None:
    midnight = NOON + timedelta(hours=12)
    with open_bench(database) as bench:
        bench.write([event(midnight - timedelta(minutes=5), visitor_id="today", referrer="https://b.example/")])
        bench.write([event(midnight + timedelta(minutes=5), visitor_id="tomorrow", previous_visitor_id="today")])

        bench.write(
            [event(midnight - timedelta(minutes=25), visitor_id="today", referrer="https://a.example/")],
            received_at=midnight,
        )

        assert bench.sessions() == [(midnight - timedelta(minutes=25), 3)]
        bench.assert_canonical()


@pytest.mark.rule("R3")
def test_event_without_session_is_counted_and_not_stored(database: str) -> None:
    with open_bench(database) as bench:
        bench.write([event(NOON, event_type="engagement", engaged_ms=5)])

        assert bench.rows("SELECT 1 FROM events") == []
        assert bench.outcomes() == {"no_session": 1}


POISON: dict[str, Fields] = {
    "nul": {"page": "/\0"},
    "number": {"revenue": Revenue("no number", "EUR")},
    "huge": {"revenue": Revenue("1e30", "EUR")},
    "range": {"engaged_ms": 2**40},
    "json": {"properties": msgspec.Raw(b'{"a":"\\u0000"}')},
}


@pytest.mark.parametrize("fields", POISON.values(), ids=POISON)
def test_poison_goes_to_dead_letter_alone(database: str, fields: Fields) -> None:
    # The first of its session: what else is in the session must not suffer from it.
    poison = event(NOON - timedelta(seconds=1), **fields)
    with open_bench(database) as bench:
        bench.write(
            [event(NOON + timedelta(seconds=at), visitor_id=f"v{at % 7}") for at in range(50)], [poison, event(NOON)]
        )

        (letter,) = bench.rows("SELECT reason, website_id, payload, error FROM dead_letter")
        assert letter[:2] == ("invalid", SITE)
        assert isinstance(letter[2], bytes) and decode_envelope(letter[2]).events[0].id == poison.id
        assert letter[3]
        assert bench.outcomes() == {"stored": 51, "dead_lettered": 1}


def test_poison_that_is_sent_again_dies_once(database: str) -> None:
    poison = event(NOON, page="/\0", is_client_id=True)
    with open_bench(database) as bench:
        bench.write([poison, event(NOON)])
        bench.write([event(NOON), poison])

        assert bench.rows("SELECT count(*) FROM dead_letter") == [(1,)]
        assert bench.outcomes() == {"stored": 2, "dead_lettered": 1, "duplicate": 1}


def test_undecodable_payload_is_kept_as_it_is(database: str) -> None:
    with open_bench(database) as bench:
        bench.deliver([decode_entry(entry(0, b"\xff\x00", envelope(event(NOON))))])

        assert bench.rows("SELECT reason, payload FROM dead_letter") == [("undecodable", b"\xff\x00")]
        assert bench.outcomes() == {"stored": 1, "dead_lettered": 1}


def test_flood_of_poison_stops_the_worker(database: str) -> None:
    with open_bench(database) as bench:
        with pytest.raises(PoisonFloodError):
            bench.write([event(NOON, page="/\0") for _ in range(150)])

        assert bench.rows("SELECT 1 FROM dead_letter") == []


def test_event_of_a_dropped_day_is_refused(database: str) -> None:
    with open_bench(database) as bench:
        bench.rows("INSERT INTO dropped_days (day) VALUES (%s) RETURNING day", NOON.date())

        bench.write([event(NOON)])

        assert bench.rows("SELECT reason FROM dead_letter") == [("day_dropped",)]
        assert bench.outcomes() == {"dead_lettered": 1}


def test_event_of_a_day_that_its_website_dropped_is_refused(database: str) -> None:
    with open_bench(database) as bench:
        bench.rows("INSERT INTO dropped_site_days (website_id, day) VALUES (%s, %s) RETURNING day", SITE, NOON.date())

        bench.write([event(NOON), event(NOON, website_id="site-2")])

        assert bench.rows("SELECT website_id, reason FROM dead_letter") == [(SITE, "day_dropped")]
        assert bench.rows("SELECT website_id FROM events") == [("site-2",)]
        assert bench.outcomes() == {"stored": 1, "dead_lettered": 1}


def test_vanished_partition_is_made_again(database: str) -> None:
    with open_bench(database) as bench:
        bench.write([event(NOON)])
        bench.rows("SELECT drop_events_of(%s)", NOON.date())

        bench.write([event(NOON)])

        assert bench.rows("SELECT count(*) FROM events") == [(1,)]


_moments = st.integers(0, 90_000).map(lambda second: NOON + timedelta(seconds=second))
_histories = st.lists(
    st.tuples(_moments, st.sampled_from(["a", "b"]), st.sampled_from([None, None, "s"]), st.integers(0, 3)),
    min_size=1,
    max_size=14,
)


@pytest.mark.rule("R19")
@pytest.mark.rule("R20")
@pytest.mark.rule("R21")
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@generated(history=_histories, chance=st.randoms(use_true_random=False))
def test_any_split_and_redelivery_keeps_rows_canonical(
    database: str, history: list[tuple[datetime, str, str | None, int]], chance: random.Random
) -> None:
    items = [
        event(
            at, id=UUID(int=number), visitor_id=visitor, session_id=session_id, referrer=f"https://r{number}.example/"
        )
        for number, (at, visitor, session_id, _) in enumerate(history)
    ]
    received_at = NOON + timedelta(days=2)
    with open_bench(database) as bench:
        bench.rows(
            "WITH marked AS (INSERT INTO rollup_dirty (website_id, bucket) SELECT DISTINCT website_id,"
            " date_bin('15 minutes', timestamp, '2000-01-01 00:00+00') FROM events),"
            " gone AS (DELETE FROM events), l AS (DELETE FROM ingest_ledger) DELETE FROM ingest_counts RETURNING 1"
        )
        for (_, _, _, fate), item in zip(history, items, strict=True):
            on_time = chance.random() < 0.5
            given = bench.write([item], received_at=item.timestamp if on_time else received_at)
            if fate == 1:
                bench.deliver(given)
            if fate == 2:
                bench.desk.memory.forget(newest_event(bench.desk.connection))
            if fate == 3:
                bench.desk.connection.execute("CALL rollup_refresh()")
            assert differences(bench.desk.connection) == []

        bench.assert_canonical()
        assert bench.rows("SELECT count(*) FROM events") == [(len(items),)]
        assert bench.outcomes() == {"stored": len(items)}
        too_long = bench.rows(
            "SELECT session_hash FROM events GROUP BY 1 HAVING max(timestamp) - min(timestamp) > interval '24 hours'"
        )
        assert too_long == []
