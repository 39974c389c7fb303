"""The commands `analytics dead-letters list` and `dead-letters replay` (RELIABILITY G12)."""

import argparse
from collections.abc import Iterator, Mapping

import msgspec
import psycopg
import redis
from psycopg.rows import DictRow

from shared.cluster import connect_cluster
from shared.command_database import CommandError, transaction
from shared.event import Envelope, Event, decode_envelope, encode_envelope
from shared.seen import IMPORTED_BUCKET, seen_bucket, seen_key
from shared.settings import Settings
from shared.stream import stream_key
from sql.statements import read

# Read at a time.
LETTERS_AT_ONCE = 500
_PLACE = ("partition", "entry_ms", "entry_seq", "position")
_FIRST: Mapping[str, object] = {"partition": -1, "entry_ms": 0, "entry_seq": 0, "position": 0}


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List what could not be stored, or send it through the stream once more; 1 where something was left."""
    with transaction(settings) as connection:
        letters = _letters(connection, arguments.website)
        if arguments.action == "list":
            for letter in letters:
                died = f"{letter['died_at']:%Y-%m-%dT%H:%M:%S%z}"
                print(died, letter["website_id"] or "-", letter["reason"], letter["error"].replace("\n", " "), sep="\t")
            return 0
        try:
            with _streams(settings) as client:
                # All of them first: what dies again is a new letter.
                done = [_replay(connection, client, letter, settings) for letter in list(letters)]
        except redis.RedisError as error:
            raise CommandError(f"Redis does not answer: {error}; what was not sent is kept, run it again") from error
    print(f"{sum(done)} sent again, {len(done) - sum(done)} left that nobody can read")
    return 0 if all(done) else 1


def _streams(settings: Settings) -> redis.Redis | redis.RedisCluster:
    cluster = settings.stream_cluster
    return connect_cluster(cluster) if cluster else redis.Redis.from_url(settings.redis_url)


def _letters(connection: psycopg.Connection[DictRow], website_id: str | None) -> Iterator[DictRow]:
    place = _FIRST
    while True:
        values = {**place, "website_id": website_id, "limit": LETTERS_AT_ONCE}
        letters = connection.execute(read("reads/dead_letters"), values).fetchall()
        yield from letters
        if len(letters) < LETTERS_AT_ONCE:
            return
        place = {name: letters[-1][name] for name in _PLACE}


def _replay(
    connection: psycopg.Connection[DictRow],
    client: redis.Redis | redis.RedisCluster,
    letter: DictRow,
    settings: Settings,
) -> bool:
    """Send one letter and throw it away, or leave it. It is in the stream before it is gone from the table; should the
    command end between the two it is sent twice, and counts once by its id, as a client's retry does."""
    taken = connection.execute(read("writes/dead_letter_take"), {name: letter[name] for name in _PLACE}).fetchone()
    if taken is None:
        # Erased meanwhile.
        connection.commit()
        return True
    try:
        envelope = decode_envelope(taken["payload"])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        connection.rollback()
        return False
    for event in envelope.events:
        connection.execute(read("writes/forget_seen"), _seen(event, envelope))
    events = [msgspec.structs.replace(event, is_client_id=True) for event in envelope.events]
    payload = encode_envelope(msgspec.structs.replace(envelope, events=events))
    client.xadd(stream_key(letter["partition"] % settings.stream_partitions), {"0": payload})
    connection.commit()
    return True


def _seen(event: Event, envelope: Envelope) -> dict[str, object]:
    return {
        "bucket": IMPORTED_BUCKET if event.is_imported else seen_bucket(event.id, envelope.received_at),
        "key": seen_key(event.website_id, event.id),
        "website_id": event.website_id,
        "timestamp": event.timestamp,
        "id": event.id,
    }
