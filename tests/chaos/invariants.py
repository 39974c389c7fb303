"""What must hold of everything that was accepted (RELIABILITY 4.2), of a running product and at the end."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg
import redis

from shared.event import decode_envelope
from shared.stream import CONSUMER_GROUP, stream_key
from tests.chaos.events import CANARY, CANARY_ADDRESS, REFUSED_AT, REFUSED_EVERY, STORED, is_refused
from tests.chaos.ledger import WEBSITES, Ledger, events_of_website, merged
from tests.chaos.product import PARTITIONS, SECRET, Product
from tests.sql.facts import differences
from worker.upkeep import LEADER_LOCK

# As many examples of a violation as help.
EXAMPLES = 5
# Characters of a log on either side of what may not be in it.
QUOTED = 300
# No service of ours may take more, whatever happens (I10). What Valkey takes depends on the backlog.
MOST_MIB, MOST_DESCRIPTORS = 600, 1000


class Streams(NamedTuple):
    """What lies in the streams at one moment."""

    numbers: Counter[int]
    entries: int
    pending: int
    # Pending entries whose content is gone (I14).
    vanished: int


def read_streams(client: "redis.Redis") -> Streams:
    """All streams at one moment; raises redis.RedisError."""
    numbers: Counter[int] = Counter()
    entries = pending = vanished = 0
    with client.pipeline(transaction=True) as pipeline:
        for partition in range(PARTITIONS):
            pipeline.xrange(stream_key(partition))
            pipeline.xpending_range(stream_key(partition), CONSUMER_GROUP, "-", "+", 1_000_000)
        answers: list[Any] = pipeline.execute(raise_on_error=False)
    for there, waiting in zip(answers[::2], answers[1::2], strict=True):
        if isinstance(there, Exception):
            raise there
        ids: set[bytes] = set()
        for entry_id, fields in there:
            ids.add(entry_id)
            for payload in fields.values():
                numbers.update(numbers_of(payload))
        entries += len(ids)
        # A stream whose group has yet to be made has nothing pending.
        rows: list[dict[str, bytes]] = [] if isinstance(waiting, Exception) else waiting
        pending += len(rows)
        vanished += sum(1 for row in rows if row["message_id"] not in ids)
    return Streams(numbers, entries, pending, vanished)


def numbers_of(payload: bytes) -> list[int]:
    """The numbers of the events of one envelope, but of those that are none of a run's."""
    try:
        events = decode_envelope(payload).events
    except msgspec.MsgspecError:
        return []
    return [int(event.title.partition(" ")[0]) for event in events if event.title and event.title[0].isdigit()]


class Dead(NamedTuple):
    """The dead letters of a run."""

    numbers: Counter[int]
    reasons: Counter[str]
    # Events beyond the first of a letter that holds many: they are counted as one.
    uncounted: int


def read_dead(connection: psycopg.Connection) -> Dead:
    rows = connection.execute("SELECT reason, payload FROM dead_letter").fetchall()
    numbers: Counter[int] = Counter()
    uncounted = 0
    for _, payload in rows:
        found = numbers_of(bytes(payload))
        numbers.update(found)
        uncounted += max(0, len(found) - 1)
    return Dead(numbers, Counter(str(reason) for reason, _ in rows), uncounted)


def judge_events(
    connection: psycopg.Connection, accepted: Iterable[range], elsewhere: Counter[int], started: datetime
) -> list[str]:
    """I1 to I4 of these numbers, in one snapshot; `elsewhere` is what lay in the streams before it."""
    batches = merged(accepted)
    if not batches:
        return []
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        dead = read_dead(connection).numbers
        since, until = batches[0].start, batches[-1].stop
        connection.execute("CREATE TEMP TABLE chaos_accepted (first bigint, beyond bigint) ON COMMIT DROP")
        with connection.cursor().copy("COPY chaos_accepted FROM STDIN") as copy:
            for batch in batches:
                copy.write_row((batch.start, batch.stop))
        connection.execute(
            "CREATE TEMP TABLE chaos_stored ON COMMIT DROP AS SELECT number, count(*) AS copies,"
            f" bool_and(is_as_sent) AS is_as_sent FROM ({STORED}) stored GROUP BY number".encode(),
            {"since": since, "until": until, "started": started},
        )
        connection.execute("ANALYZE chaos_stored")
        absent = _numbers(
            connection,
            "SELECT n FROM chaos_accepted CROSS JOIN generate_series(first, beyond - 1) AS each (n)"
            " WHERE NOT EXISTS (SELECT FROM chaos_stored WHERE number = n)",
        )
        twice = _numbers(connection, "SELECT number FROM chaos_stored WHERE copies > 1")
        changed = _numbers(connection, "SELECT number FROM chaos_stored WHERE NOT is_as_sent")
        both = _numbers(connection, "SELECT number FROM chaos_stored WHERE number = ANY (%s)", list(dead))
        refused = _numbers(
            connection, "SELECT number FROM chaos_stored WHERE number %% %s = %s", REFUSED_EVERY, REFUSED_AT
        )
    lost = [number for number in absent if not is_refused(number) and not dead[number] and not elsewhere[number]]
    return [
        *_say("I1 lost", lost),
        *_say("I1 stored and dead", both),
        *_say("I2 stored twice", twice),
        *_say("I2 dead twice", [number for number, copies in dead.items() if copies > 1]),
        *_say("I3 stored and never accepted", refused),
        *_say("I4 stored otherwise than sent", changed),
    ]


def judge_counts(connection: psycopg.Connection) -> list[str]:
    """I5 as far as the database alone can tell, in one snapshot; and I12."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM events WHERE website_id LIKE 'chaos-%'),"
        " (SELECT coalesce(sum(events), 0) FROM ingest_counts WHERE outcome = 'stored'),"
        " (SELECT count(*) FROM dead_letter),"
        " (SELECT coalesce(sum(events), 0) FROM ingest_counts WHERE outcome IN ('dead_lettered', 'unknown_website')),"
        f" (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {LEADER_LOCK})".encode()
    ).fetchone()
    assert row is not None
    stored, counted, dead, counted_dead, leaders = map(int, row)
    found = [f"I5 {stored} stored, {counted} counted"] if stored != counted else []
    found += [f"I5 {dead} dead letters, {counted_dead} counted"] if dead != counted_dead else []
    return found + ([f"I12 {leaders} leaders"] if leaders > 1 else [])


def judge_end(connection: psycopg.Connection, client: "redis.Redis", ledger: Ledger, next_number: int) -> list[str]:
    """I3, I5, I6, I7 and I14 of a product at rest."""
    streams = read_streams(client)
    found = [f"I6 {streams.entries} entries, {streams.pending} pending"] if streams.entries or streams.pending else []
    found += [f"I14 {streams.vanished} pending entries are gone"] if streams.vanished else []
    row = connection.execute(
        "SELECT max(split_part(title, ' ', 1)::bigint) FROM events WHERE website_id LIKE 'chaos-%'"
    ).fetchone()
    if row is not None and row[0] is not None and row[0] >= next_number:
        found.append(f"I3 {row[0]} was never sent")
    found += _judge_balance(connection, ledger)
    wrong = [row for row in differences(connection) if "chaos-" in str(row)]
    return found + ([f"I7 {len(wrong)} rows differ: {wrong[:2]}"] if wrong else [])


def _judge_balance(connection: psycopg.Connection, ledger: Ledger) -> list[str]:
    """I5: everything accepted, and nothing but what may have been, was taken from the streams."""
    rows = connection.execute(
        "SELECT website_id, sum(events)::bigint FROM ingest_counts WHERE outcome <> 'bot' GROUP BY website_id"
    ).fetchall()
    taken = {str(website): int(events) for website, events in rows}
    dead = read_dead(connection)
    if dead.reasons["crash_loop"]:
        # Letters that nobody decoded are counted under no website: the sums must do.
        total = sum(taken.values()) + dead.uncounted
        least = sum(events_of_website(ledger.accepted, website) for website in range(WEBSITES))
        most = least + sum(events_of_website(ledger.unclear, website) for website in range(WEBSITES))
        return [] if least <= total <= most else [f"I5 {total} taken, accepted {least} to {most}"]
    found: list[str] = []
    for website in range(WEBSITES):
        least = events_of_website(ledger.accepted, website)
        most = least + events_of_website(ledger.unclear, website)
        total = taken.get(f"chaos-{website}", 0)
        if not least <= total <= most:
            found.append(f"I5 chaos-{website}: {total} taken, accepted {least} to {most}")
    return found


def _numbers(connection: psycopg.Connection, statement: str, *values: object) -> list[int]:
    return [int(row[0]) for row in connection.execute(statement.encode(), values or None).fetchall()]


def _say(what: str, numbers: Sequence[int]) -> list[str]:
    return [f"{what}: {len(numbers)}, such as {sorted(numbers)[:EXAMPLES]}"] if numbers else []


def judge_logs(product: Product) -> list[str]:
    """I11: no log has a traceback, a secret, an address or anything of an event."""
    home = product.servers.home
    secrets = [SECRET, home.secret("postgres-analytics"), home.secret("valkey-gateway"), home.secret("valkey-worker")]
    found: list[str] = []
    for path in sorted(home.logs_dir.glob("*.log*")):
        text = path.read_text(errors="replace")
        for what in ("Traceback", CANARY, CANARY_ADDRESS):
            at = text.find(what)
            found += [f"I11 {path.name}: {text[max(0, at - QUOTED) : at + QUOTED]!r}"] if at >= 0 else []
        found += [f"I11 {path.name}: a secret" for secret in secrets if secret in text]
    return found


def explained(violation: str, logs: str) -> str:
    """`violation` with the first line of the logs that has the id of the request it names, if one does."""
    named = re.search(r"[0-9a-f]{32}", violation)
    line = next((line for line in logs.splitlines() if named and named[0] in line), "")
    return f"{violation} {line}"


def judge_resources(most: Counter[str]) -> list[str]:
    """I10 of the services, by the most that each ever had."""
    limits = {"rss_mb": MOST_MIB, "fds": MOST_DESCRIPTORS}
    return [
        f"I10 {name}: {value}"
        for name, value in most.items()
        if not name.startswith("valkey") and value > limits.get(name.rpartition(" ")[2], value)
    ]
