"""Whole workers, killed, stopped and cut off: every event once (RELIABILITY C15-C19, C31, C32)."""

import signal
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
import redis

from shared.stream import CONSUMER_GROUP, stream_key
from tests.worker.given import Stream, envelope, event, open_bench, recent, running_worker, wait_until
from worker.failure import FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, delay_seconds
from worker.ownership import Ownership

PARTITIONS = 4
FAILPOINTS = ["after_read", "after_begin", "mid_copy", "before_commit", "after_commit", "after_ack"]


def fill(stream: Stream, entries: int = 40) -> list[str]:
    """Events on time and late, some with the client's id, over all partitions; their ids."""
    ids: list[str] = []
    for number in range(entries):
        events = [event(recent(number), visitor_id=f"v{number}", is_client_id=number % 3 == 0) for _ in range(3)]
        events.append(event(recent() - timedelta(days=number % 3, hours=1), visitor_id=f"v{number}"))
        stream.send(envelope(*events), partition=number % PARTITIONS)
        ids += [str(item.id) for item in events]
    return ids


def assert_once(database: str, ids: list[str]) -> None:
    with open_bench(database) as bench:
        stored = [str(row[0]) for row in bench.rows("SELECT id FROM events")]
        assert sorted(stored) == sorted(ids)
        assert bench.outcomes() == {"stored": len(ids)}
        assert bench.rows("SELECT 1 FROM dead_letter") == []
        bench.assert_canonical()


@pytest.mark.parametrize("point", FAILPOINTS)
def test_killed_anywhere_stores_once(database: str, redis_url: str, point: str) -> None:
    stream = Stream(redis_url)
    ids = fill(stream)
    with running_worker(database, redis_url, FAIL_AT=f"worker.{point}:2", BATCH_SIZE="30") as worker:
        assert worker.wait() == 137

    with running_worker(database, redis_url):
        wait_until(lambda: stream.waiting(PARTITIONS) == 0)

    assert_once(database, ids)


def test_two_workers_share_and_one_takes_over_from_the_dead(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    with (
        running_worker(database, redis_url) as one,
        running_worker(database, redis_url) as two,
        open_bench(database) as bench,
    ):

        def shares() -> list[object]:
            return [row[0] for row in bench.rows("SELECT cardinality(partitions) FROM worker_status ORDER BY 1")]

        wait_until(lambda: shares() == [2, 2])
        ids = fill(stream)
        one.signal(signal.SIGKILL)
        wait_until(lambda: stream.waiting(PARTITIONS) == 0)
        assert two.process.poll() is None
    assert_once(database, ids)


def test_stopped_worker_cannot_commit_after_another_took_over(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    ids = fill(stream)
    with (
        running_worker(database, redis_url, FAIL_AT="worker.before_commit:1:sleep=3") as stopped,
        open_bench(database) as bench,
    ):

        def in_transaction() -> bool:
            found = bench.rows(
                "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'analytics-worker %%'"
                " AND datname = current_database() AND state = 'idle in transaction'"
            )
            return len(found) > 0

        wait_until(in_transaction)
        stopped.signal(signal.SIGSTOP)
        # What any other worker does with one that has been silent for too long.
        Ownership(bench.desk.connection, PARTITIONS, silent_seconds=0).balance()
        bench.rows("SELECT pg_advisory_unlock_all()::text")
        with running_worker(database, redis_url):
            wait_until(lambda: stream.waiting(PARTITIONS) == 0)
            stopped.signal(signal.SIGCONT)
            wait_until(lambda: bench.rows("SELECT count(*) FROM worker_status") == [(2,)])
    assert_once(database, ids)


@pytest.mark.parametrize("point", ["mid_copy", "before_commit"])
def test_cut_connection_loses_and_doubles_nothing(database: str, redis_url: str, point: str) -> None:
    stream = Stream(redis_url)
    ids = fill(stream)
    with running_worker(database, redis_url, FAIL_AT=f"worker.{point}:1:sleep=1"), open_bench(database) as bench:

        def cut() -> bool:
            found = bench.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'analytics-worker %%'"
                " AND datname = current_database() AND (state = 'idle in transaction' OR query LIKE 'COPY%%')"
            )
            return len(found) > 0

        wait_until(cut)
        wait_until(lambda: stream.waiting(PARTITIONS) == 0)
    assert_once(database, ids)


def test_operational_error_is_retried_and_never_dead_letters(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    ids = fill(stream, entries=4)
    failures = ",".join(f"worker.before_commit:{number}:raise" for number in (1, 2, 3))
    with running_worker(database, redis_url, FAIL_AT=failures):
        wait_until(lambda: stream.waiting(PARTITIONS) == 0)
    assert_once(database, ids)


def test_sigterm_ends_the_batch_and_gives_everything_up(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    stream.inbox.open(range(PARTITIONS))
    ids = fill(stream)
    with (
        running_worker(database, redis_url, FAIL_AT="worker.after_read:1:sleep=0.5") as worker,
        open_bench(database) as bench,
    ):
        wait_until(lambda: sum(stream.inbox.depth(number).pending for number in range(PARTITIONS)) > 0)

        worker.signal(signal.SIGTERM)

        assert worker.wait() == 0
        assert sum(stream.inbox.depth(number).pending for number in range(PARTITIONS)) == 0
        assert bench.rows("SELECT 1 FROM worker_status") == []
    with running_worker(database, redis_url):
        wait_until(lambda: stream.waiting(PARTITIONS) == 0)
    assert_once(database, ids)


def test_entry_that_workers_die_of_is_written_off_alone(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    stream.inbox.open(range(PARTITIONS))
    good, bad = event(recent()), event(recent())
    stream.send(envelope(bad))
    (dead,) = stream.inbox.read([0], 1, 0)
    entry_id = f"{dead.milliseconds}-{dead.sequence}"
    for _ in range(4):
        stream.inbox.claim(0, [entry_id])
    stream.send(envelope(good))

    with running_worker(database, redis_url):
        wait_until(lambda: stream.waiting(PARTITIONS) == 0)

    with open_bench(database) as bench:
        assert bench.rows("SELECT id FROM events") == [(good.id,)]
        assert bench.rows("SELECT reason, payload FROM dead_letter") == [("crash_loop", dead.payloads[0])]
        assert bench.outcomes() == {"stored": 1, "dead_lettered": 1}


def test_group_that_vanished_is_made_again_from_the_start(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    with running_worker(database, redis_url), open_bench(database) as bench:
        stream.send(envelope(event(recent())))
        wait_until(lambda: bench.rows("SELECT count(*) FROM events") == [(1,)])
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()
            for number in range(PARTITIONS):
                stream.send(envelope(event(recent())), partition=number)

        wait_until(lambda: bench.rows("SELECT count(*) FROM events") == [(1 + PARTITIONS,)])
        assert stream.client.xinfo_groups(stream_key(0))[0]["name"] == CONSUMER_GROUP.encode()


@pytest.mark.rule("R62")
def test_production_keeps_events_of_unknown_websites_aside(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    name = f"site-{uuid4().hex[:8]}"
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO websites (website_id, name) VALUES (%s, 'Known')", (name,))
    stream.send(envelope(event(recent(), website_id=name), event(recent(), website_id="nobody")))

    with running_worker(database, redis_url, ENVIRONMENT="production"):
        wait_until(lambda: stream.waiting(PARTITIONS) == 0)

    with open_bench(database) as bench:
        assert bench.rows("SELECT website_id FROM events") == [(name,)]
        assert bench.rows("SELECT website_id, reason FROM dead_letter") == [("nobody", "unknown_website")]
        assert bench.outcomes() == {"stored": 1, "unknown_website": 1}


@pytest.mark.parametrize("attempt", [1, 2, 5, 50])
def test_pauses_grow_to_a_limit(attempt: int) -> None:
    assert FIRST_DELAY_SECONDS / 2 <= delay_seconds(attempt) <= LONGEST_DELAY_SECONDS
