"""The figures of a run (RELIABILITY 4.5): one JSON object, and a short table for people."""

import json
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from tests.chaos.invariants import read_dead
from tests.chaos.load import Summary
from tests.chaos.product import Product

if TYPE_CHECKING:
    from tests.chaos.storm import Storm


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one storm did, counted. `violations` is empty when every invariant held."""

    seed: int
    seconds: float
    violations: list[str]
    faults: int
    faults_injected: dict[str, int]
    deaths_at_failpoints: dict[str, int]
    requests_sent: int
    events_sent: int
    events_accepted: int
    events_stored: int
    duplicates_suppressed: int
    dead_lettered: dict[str, int]
    status: dict[str, int]
    retries: int
    lost_connections: int
    # By SQLSTATE, or the kind of an error that has none.
    worker_retries: dict[str, int]
    ack_ms: dict[str, float]
    first_202_after_fault_s: dict[str, float]
    first_202_at_the_end_s: float
    drained_events_a_second: float
    read_ms: dict[str, float]
    read_status: dict[str, int]
    snapshots: int
    snapshots_missed: int
    backlog_max: dict[str, int]
    resources_max: dict[str, int]
    server_starts: dict[str, int]
    days_aged: int
    versions: dict[str, str]

    @classmethod
    def of(cls, storm: "Storm", summary: Summary, violations: list[str]) -> "Figures":
        watch, product = storm.watch, storm.product
        with product.servers.connect() as connection:
            outcomes = {
                str(name): int(events)
                for name, events in connection.execute(
                    "SELECT outcome, sum(events)::bigint FROM ingest_counts GROUP BY outcome"
                ).fetchall()
            }
            dead = read_dead(connection)
            versions = _versions(connection)
        return cls(
            seed=storm.weather.seed,
            seconds=storm.weather.seconds,
            violations=violations,
            faults=storm.injected.total(),
            faults_injected=dict(sorted(storm.injected.items())),
            deaths_at_failpoints=dict(sorted(product.deaths.items())),
            requests_sent=summary.requests,
            events_sent=summary.events_sent,
            events_accepted=storm.ledger.count(),
            events_stored=outcomes.get("stored", 0),
            duplicates_suppressed=outcomes.get("duplicate", 0),
            dead_lettered=dict(dead.reasons),
            status=summary.statuses,
            retries=summary.retries,
            lost_connections=summary.lost_connections,
            worker_retries=_retries(product),
            ack_ms=quantiles(summary.milliseconds),
            first_202_after_fault_s=_recovery(storm),
            first_202_at_the_end_s=round(storm.recovered_seconds, 2),
            drained_events_a_second=round(storm.drained),
            read_ms=quantiles(sorted(watch.read_milliseconds)),
            read_status=dict(watch.read_statuses),
            snapshots=watch.snapshots,
            snapshots_missed=watch.snapshots_missed,
            backlog_max=dict(watch.backlog_max),
            resources_max=dict(watch.resources_max),
            server_starts={name: server.starts for name, server in product.servers.by_name().items()},
            days_aged=watch.aged_rows // 20,
            versions=versions,
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def table(self) -> str:
        """What a person wants to know first."""
        rows = [
            ("seed, seconds", f"{self.seed}, {self.seconds:.0f}"),
            ("faults", f"{self.faults}, {sum(self.deaths_at_failpoints.values())} of them deaths at named places"),
            ("events accepted", f"{self.events_accepted:,}"),
            ("stored", f"{self.events_stored:,}"),
            ("duplicates suppressed", f"{self.duplicates_suppressed:,}"),
            ("dead letters", f"{self.dead_lettered}"),
            ("answers", f"{self.status}, {self.lost_connections} connections lost"),
            ("202 after ms", f"{self.ack_ms}"),
            ("reports ms", f"{self.read_ms}, {self.read_status}"),
            ("first 202 after the last fault", f"{self.first_202_at_the_end_s} s"),
            ("snapshots", f"{self.snapshots}, {self.snapshots_missed} missed"),
            ("at most", f"{self.backlog_max} {self.resources_max}"),
            ("violations", "\n  ".join(["none" if not self.violations else "", *self.violations])),
        ]
        return "\n".join(f"{name:<32}{value}" for name, value in rows)


def quantiles(ascending: Sequence[float]) -> dict[str, float]:
    """Of an ascending series."""
    if not ascending:
        return {}
    places = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    last = len(ascending) - 1
    return {name: round(ascending[min(last, int(share * len(ascending)))], 1) for name, share in places.items()}


def _recovery(storm: "Storm") -> dict[str, float]:
    """For each kind of fault the longest wait for the next 202."""
    accepted = sorted(storm.ledger.accepted_at)
    longest: dict[str, float] = {}
    place = 0
    for at, name in storm.injected_at:
        while place < len(accepted) and accepted[place] < at:
            place += 1
        if place < len(accepted):
            longest[name] = max(longest.get(name, 0.0), round(accepted[place] - at, 2))
    return dict(sorted(longest.items()))


def _retries(product: Product) -> dict[str, int]:
    found: Counter[str] = Counter()
    for path in product.servers.home.logs_dir.glob("worker*.log"):
        for line in path.read_text(errors="replace").splitlines():
            if '"write_failed"' in line or '"worker_interrupted"' in line:
                told: dict[str, str | None] = json.loads(line)
                found[told["sqlstate"] or told["error"] or ""] += 1
    return dict(found.most_common())


def _versions(connection: psycopg.Connection) -> dict[str, str]:
    row = connection.execute("SHOW server_version").fetchone()
    return {"python": platform.python_version(), "postgresql": str(row[0]) if row else ""}
