"""What looks at a product while faults hit it: reads as a person would, frozen snapshots, resources, old days."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import redis

from shared.clock import utc_now
from tests.chaos.invariants import judge_counts, judge_events, read_streams
from tests.chaos.ledger import Ledger
from tests.chaos.product import Product
from tests.flow.pipeline import request
from tests.sql.events import Row, write

SNAPSHOT_SECONDS = 10.0
READ_SECONDS = 0.5
AGE_SECONDS = 3.0
# A report ends after STATEMENT_TIMEOUT (15 s), waits 2 s for a connection, and may be asked of a stopped server.
LONGEST_READ_SECONDS = 25.0
AGED = "aged"


class Watch:
    """Its threads run from `start` to `stop`; figures are complete after that."""

    def __init__(self, product: Product, ledger: Ledger, started: datetime, seed: int) -> None:
        self._product = product
        self._ledger = ledger
        self._started = started
        self._chance = random.Random(seed)
        self._is_over = threading.Event()
        self.violations: list[str] = []
        self.snapshots = 0
        self.snapshots_missed = 0
        self.read_milliseconds: list[float] = []
        self.read_statuses: Counter[str] = Counter()
        self.backlog_max: Counter[str] = Counter()
        self.resources_max: Counter[str] = Counter()
        self.aged_rows = 0
        self.aged_unclear = 0
        self._pool = ThreadPoolExecutor(4)
        self._work: list[Future[None]] = []

    def start(self) -> None:
        for action, seconds in (
            (self.snapshot, SNAPSHOT_SECONDS),
            (self._read, READ_SECONDS),
            (self._measure, 1.0),
            (self._age_a_day, AGE_SECONDS),
        ):
            self._work.append(self._pool.submit(self._repeat, action, seconds))

    def stop(self) -> None:
        """Raises what nobody had foreseen."""
        self._is_over.set()
        self._pool.shutdown()
        for done in self._work:
            done.result()

    def _repeat(self, action: Callable[[], None], seconds: float) -> None:
        while not self._is_over.wait(seconds):
            action()

    def snapshot(self) -> None:
        """I1 to I5 and I14 of what was accepted since the last one; the log first, then the streams, then the
        database: an event moves in that direction only."""
        accepted = self._ledger.read()
        try:
            with self._product.servers.redis() as client, self._product.servers.connect() as connection:
                connection.execute("SET statement_timeout = '60s'")
                streams = read_streams(client)
                found = judge_events(connection, accepted, streams.numbers, self._started)
                found += judge_counts(connection)
        except (psycopg.OperationalError, redis.RedisError):
            # A server is away: these numbers are looked at next time.
            self._ledger.put_back(accepted)
            self.snapshots_missed += 1
            return
        self.snapshots += 1
        found += [f"I14 {streams.vanished} pending entries are gone"] if streams.vanished else []
        self.violations += [f"at a snapshot: {violation}" for violation in found]

    def _read(self) -> None:
        """A dashboard: an answer, a 503, or nobody there; never a hang (I13)."""
        url = f"http://127.0.0.1:{self._product.query_port}/api/v1/analytics/dashboard/chaos-0?days=1"
        began = time.monotonic()
        try:
            answer = request("GET", url, headers={"Authorization": f"Bearer {self._product.token()}"})
        except OSError:
            self.read_statuses["nobody"] += 1
            return
        seconds = time.monotonic() - began
        self.read_statuses[str(answer.status)] += 1
        # Until its first event is stored there is no such website.
        if answer.status not in {200, 404, 503}:
            self.violations.append(f"I13 {answer.status} {answer.body}")
        if seconds > LONGEST_READ_SECONDS:
            self.violations.append(f"I13 a report took {seconds:.1f} s")
        if answer.status == 200:
            self.read_milliseconds.append(1000 * seconds)

    def _measure(self) -> None:
        valkey = self._product.servers.home.servers_dir / "valkey"
        bytes_on_disk = sum(path.stat().st_size for path in valkey.rglob("*") if path.is_file())
        self._at_most(self.resources_max, "aof_mb", bytes_on_disk // 2**20)
        pids = {name: self._product.pid(name) for name in self._product.launchers}
        pids |= {"valkey": self._product.servers.valkey.process.pid}
        for name, pid in pids.items():
            try:
                resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
                descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            except OSError:
                continue
            self._at_most(self.resources_max, f"{name} rss_mb", resident // 2**20)
            self._at_most(self.resources_max, f"{name} fds", descriptors)
        try:
            self._at_most(self.backlog_max, "entries", self._product.entries())
        except redis.RedisError:
            return

    def _age_a_day(self) -> None:
        """No fault: something for retention to drop, so that it is at work among the faults."""
        day = utc_now().date() - timedelta(days=self._chance.randrange(95, 3000))
        noon = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
        rows = [Row(timestamp=noon + timedelta(minutes=n), website_id=AGED, session=day.toordinal()) for n in range(20)]
        try:
            with self._product.servers.connect() as connection:
                connection.execute("SET lock_timeout = '2s'")
                connection.execute("SELECT ensure_days(%s, %s)", (day, day))
                write(connection, rows)
        except psycopg.errors.CheckViolation:
            # The same day once more: it is dropped already.
            return
        except psycopg.Error:
            self.aged_unclear += len(rows)
        else:
            self.aged_rows += len(rows)

    @staticmethod
    def _at_most(figures: Counter[str], name: str, value: int) -> None:
        figures[name] = max(figures[name], value)
