"""What could not be stored is listed, sent again, and counted once (RELIABILITY G12)."""

import psycopg
import pytest

from shared.cli import build_parser
from shared.command_database import CommandError
from shared.event import decode_envelope
from shared.launch import run
from tests.worker.given import SITE, Bench, Stream, event, open_bench, recent
from worker.batch import decode_entry

PARTITIONS = range(4)


def command(database: str, redis_url: str, words: str) -> int:
    environ = {"DATABASE_URL": database, "REDIS_URL": redis_url, "STREAM_PARTITIONS": "4"}
    return run(build_parser().parse_args(["dead-letters", *words.split()]), environ)


def bury_two(bench: Bench) -> None:
    """An event that its sender named and one that it did not, of a day that seemed to be dropped."""
    day = recent().date()
    bench.rows("INSERT INTO dropped_days (day) VALUES (%s) RETURNING day", day)
    bench.write([event(recent(), is_client_id=True), event(recent(1))])
    bench.rows("DELETE FROM dropped_days RETURNING day")


def consume(bench: Bench, stream: Stream) -> None:
    stream.inbox.open(PARTITIONS)
    bench.deliver([decode_entry(entry) for entry in stream.inbox.read(PARTITIONS, 100, 0)])


def test_what_is_sent_again_is_stored_and_no_longer_counted_as_dead(
    database: str, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_bench(database) as bench:
        bury_two(bench)
        capsys.readouterr()
        before = bench.outcomes()

        assert command(database, redis_url, "list") == 0
        listed = capsys.readouterr().out
        assert command(database, redis_url, "replay") == 0
        told = capsys.readouterr().out
        consume(bench, Stream(redis_url))

        assert before == {"dead_lettered": 2}
        assert [line.split("\t")[1:3] for line in listed.splitlines()] == [[SITE, "day_dropped"]] * 2
        assert bench.outcomes() == {"stored": 2, "dead_lettered": 0}
        assert bench.rows("SELECT count(*) FROM dead_letter") == [(0,)]
        assert told == "2 sent again, 0 left that nobody can read\n"


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_replay_that_died_before_its_end_counts_nothing_twice(
    database: str, redis_url: str, *, is_stored: bool
) -> None:
    stream = Stream(redis_url)
    with open_bench(database) as bench:
        bury_two(bench)
        letters = bench.rows("SELECT * FROM dead_letter")
        command(database, redis_url, "replay")
        if is_stored:
            consume(bench, stream)
        # As if the letters were still there: sent, and not yet gone from the table.
        columns = ", ".join(["%s"] * len(letters[0]))
        for letter in letters:
            bench.rows(f"INSERT INTO dead_letter VALUES ({columns}) RETURNING reason", *letter)
        command(database, redis_url, "replay")

        consume(bench, stream)

        assert bench.rows("SELECT count(*) FROM events") == [(2,)]
        assert bench.outcomes()["duplicate"] == 2


def test_what_dies_again_is_kept_again_and_what_nobody_can_read_stays(
    database: str, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_bench(database) as bench:
        bench.write([event(recent(), page="/\0")])
        capsys.readouterr()
        bench.rows(
            "INSERT INTO dead_letter (partition, entry_ms, entry_seq, position, reason, error, payload)"
            " VALUES (3, 1, 0, 0, 'undecodable', 'no', '\\xff') RETURNING reason"
        )

        assert command(database, redis_url, "replay") == 1
        told = capsys.readouterr().out
        consume(bench, Stream(redis_url))

        assert told == "1 sent again, 1 left that nobody can read\n"
        reasons = bench.rows("SELECT reason FROM dead_letter ORDER BY reason")
        assert reasons == [("invalid",), ("undecodable",)]
        assert bench.outcomes() == {"dead_lettered": 1}


def test_the_letters_of_one_website_go_alone(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    with open_bench(database) as bench:
        bench.write([event(recent(), page="/\0"), event(recent(), website_id="other", page="/\0")])

        command(database, redis_url, "replay --website other")

        assert bench.rows("SELECT website_id FROM dead_letter") == [(SITE,)]
        stream.inbox.open(PARTITIONS)
        sent = [decode_envelope(entry.payloads[0]) for entry in stream.inbox.read(PARTITIONS, 100, 0)]
        assert [one.events[0].website_id for one in sent] == ["other"]


def test_without_redis_every_letter_stays(database: str) -> None:
    with open_bench(database) as bench:
        bury_two(bench)

        with pytest.raises(CommandError, match="Redis does not answer"):
            command(database, "redis://127.0.0.1:1/0", "replay")

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM dead_letter").fetchone() == (2,)
        assert connection.execute("SELECT sum(events) FROM ingest_counts").fetchone() == (2,)
