"""A storm: load, faults after a plan, and at the end the question whether everything is as it must be."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg
import redis

from shared.clock import utc_now
from tests.chaos.events import INDEXES, start_of_run
from tests.chaos.faults import FAULTS, Planned, Undo, plan
from tests.chaos.figures import Figures
from tests.chaos.invariants import explained, judge_end, judge_events, judge_logs, judge_resources, read_streams
from tests.chaos.ledger import Ledger
from tests.chaos.load import LARGEST, Orders, Summary
from tests.chaos.product import ROOT, Product, running_product
from tests.chaos.watch import Watch
from tests.sql.facts import dirty_rows

# What is left at the end must become less within this.
DRAIN_SECONDS = 300.0
# When to try again what could not be undone.
AGAIN_SECONDS = 0.5
# I9: after the last fault the first 202 must come within this.
RECOVERY_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What a storm is like; `programs` is the bin directory of another PostgreSQL."""

    seed: int
    seconds: float
    faults_every: float = 1.5
    events_a_second: float = 2000
    workers: int = 2
    programs: Path | None = None


@dataclass
class Storm:
    """A storm under way."""

    product: Product
    weather: Weather
    report: Callable[[str], None]
    started: datetime = field(default_factory=lambda: start_of_run(utc_now()))
    injected: Counter[str] = field(default_factory=Counter[str])
    injected_at: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    violations: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.product.directory / "accepted.log")
        self.watch = Watch(self.product, self.ledger, self.started, self.weather.seed)

    def begin(self) -> None:
        """Start the services, and return when they take events."""
        with self.product.servers.connect() as connection:
            for index in INDEXES:
                connection.execute(index.encode())
        for name in ("gateway", "reader", *(f"worker-{number}" for number in range(self.weather.workers))):
            self.product.start(name)
        self.product.wait(self.product.is_ready, "a gateway")

    @contextmanager
    def load(self) -> Generator["subprocess.Popen[bytes]"]:
        """Senders at work until they are told to stop, at the end of the block at the latest."""
        orders = Orders(
            port=self.product.ingest_port,
            log=str(self.ledger.path),
            seed=self.weather.seed,
            events_a_second=self.weather.events_a_second,
            largest=min(LARGEST, max(100, int(self.weather.events_a_second / 8))),
            started=self.started,
        )
        command = [sys.executable, "-m", "tests.chaos.load", msgspec.json.encode(orders).decode()]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                # The block failed: what was sent does not matter any more.
                process.kill()
                process.communicate()

    def inject(self, faults: list[Planned]) -> None:
        """Carry out the plan, each fault at its time, and undo what has to be."""
        began = time.monotonic()
        undoing: list[tuple[float, Undo]] = []
        waiting = list(faults)
        while (now := time.monotonic() - began) < self.weather.seconds:
            for item in [item for item in undoing if item[0] <= now]:
                undoing.remove(item)
                if item[1].action() is False:
                    undoing.append((now + AGAIN_SECONDS, item[1]))
            if waiting and waiting[0].at <= now:
                planned = waiting.pop(0)
                undo = FAULTS[planned.name](self.product, random.Random(planned.seed))
                self.injected[planned.name] += 1
                self.injected_at.append((time.time(), planned.name))
                if undo is not None:
                    undoing.append((now + undo.seconds, undo))
            self.product.servers.supervise()
            time.sleep(0.02)
        self.product.heal()
        self.product.servers.wait_ready()
        for _, undo in undoing:
            undo.action()

    def calm(self, process: "subprocess.Popen[bytes]") -> Summary:
        """After the last fault: load goes on until it is taken again, then everything must come to rest."""
        calm_at = time.time()
        self.product.wait(lambda: self._accepted_since(calm_at), "a 202 after the last fault", 60)
        self.recovered_seconds = time.time() - calm_at
        process.terminate()
        output, _ = process.communicate(timeout=60)
        summary = msgspec.json.decode(output, type=Summary)
        self.report(f"load is over; first 202 after the last fault in {self.recovered_seconds:.2f} s")
        backlog, began = self._backlog(), time.monotonic()
        self._wait_gone(self.product.entries, "fewer entries")
        self.drained = backlog / max(0.1, time.monotonic() - began)
        self.report(f"drained {backlog} events")
        self._wait_gone(self._dirty_rows, "fewer buckets that are not rolled up")
        return summary

    def judge(self, summary: Summary) -> list[str]:
        """Every violation, of a product at rest."""
        self.ledger.read()
        logs = self.product.logs()
        found = [explained(violation, logs) for violation in (*self.watch.violations, *summary.violations)]
        with self.product.servers.connect() as connection, self.product.servers.redis() as client:
            found += judge_events(connection, self.ledger.accepted, Counter(), self.started)
            found += judge_end(connection, client, self.ledger, summary.next_number)
        found += judge_logs(self.product)
        found += judge_resources(self.watch.resources_max)
        if self.recovered_seconds > RECOVERY_SECONDS:
            found.append(f"I9 the first 202 after the last fault came after {self.recovered_seconds:.1f} s")
        return found

    def has_written_since(self, moment: float) -> bool:
        """Whether a worker has committed entries since then, in seconds since 1970."""
        try:
            with self.product.servers.connect() as connection:
                statement = "SELECT 1 FROM ingest_ledger WHERE consumed_at > to_timestamp(%s) LIMIT 1"
                return connection.execute(statement, (moment,)).fetchone() is not None
        except psycopg.OperationalError:
            return False

    def _accepted_since(self, moment: float) -> bool:
        ledger = Ledger(self.ledger.path)
        ledger.read()
        return any(at > moment for at in ledger.accepted_at[-50:])

    def _backlog(self) -> int:
        with self.product.servers.redis() as client:
            return read_streams(client).numbers.total()

    def _wait_gone(self, left: Callable[[], int], what: str) -> None:
        """However much is left, as long as it becomes less."""
        least = sys.maxsize

        def is_less() -> bool:
            nonlocal least
            try:
                found = left()
            except (psycopg.Error, redis.RedisError):
                return False
            is_less = found < least
            least = min(found, least)
            return is_less

        while least:
            self.product.wait(is_less, what, DRAIN_SECONDS)

    def _dirty_rows(self) -> int:
        with self.product.servers.connect() as connection:
            return dirty_rows(connection)


def run_storm(weather: Weather, report: Callable[[str], None]) -> Figures:
    """One storm on a product of its own; what it did and what it broke."""
    with running_product(weather.programs) as product:
        storm = Storm(product, weather, report)
        storm.begin()
        report(f"storm of {weather.seconds:.0f} s, seed {weather.seed}")
        storm.watch.start()
        try:
            with storm.load() as process:
                storm.inject(plan(weather.seed, weather.seconds, weather.faults_every))
                summary = storm.calm(process)
        finally:
            storm.watch.stop()
        report("at rest; looking at every event")
        violations = storm.judge(summary)
        return Figures.of(storm, summary, violations)
