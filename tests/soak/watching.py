"""What the processes of a running product hold at a moment: memory, descriptors, connections, bytes on disk."""

from pathlib import Path

import psutil

from shared.stream import stream_key
from tests.flow.installation import Installation

# Grow with the events that they keep, however long these are kept.
KEEPS_EVENTS = tuple(
    "events event_seen ingest_ rollup_sessions rollup_site rollup_visits dead_letter data_versions".split()
)
# The default of STREAM_PARTITIONS.
PARTITIONS = 8
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
_TABLES = """
    SELECT coalesce(parent.relname, relation.relname), sum(pg_total_relation_size(relation.oid))::bigint
    FROM pg_class relation
    LEFT JOIN pg_inherits ON inhrelid = relation.oid
    LEFT JOIN pg_class parent ON parent.oid = inhparent
    WHERE relation.relkind = 'r' AND relation.relnamespace = 'public'::regnamespace
    GROUP BY 1
"""


def look(product: Installation) -> dict[str, float]:
    """By name, such as `worker memory`: bytes, or how many."""
    found = _processes(product.instance.process.pid)
    with product.superuser() as connection:
        for name, size in connection.execute(_TABLES).fetchall():
            found[f"table {name}" if not name.startswith(KEEPS_EVENTS) else f"kept {name}"] = size
        row = connection.execute(_CONNECTIONS).fetchone()
        assert row is not None
        found["PostgreSQL connections"] = row[0]
    with product.operator() as client:
        found["Valkey connections"] = client.info("clients")["connected_clients"]
        found["Valkey data memory"] = client.info("memory")["used_memory"]
        found["stream entries"] = sum(client.xlen(stream_key(number)) for number in range(PARTITIONS))
        found["AOF bytes"] = client.info("persistence")["aof_current_size"]
    found["kept logs"] = sum(path.stat().st_size for path in Path(product.home.logs_dir).iterdir())
    return found


def _processes(pid: int) -> dict[str, float]:
    found: dict[str, float] = {}
    supervisor = psutil.Process(pid)
    for process in (supervisor, *supervisor.children(recursive=True)):
        try:
            name = _name(process)
            # What is shared, such as the buffers of PostgreSQL, counts for nobody.
            held = {"memory": process.memory_full_info().uss, "descriptors": process.num_fds(), "processes": 1}
        except psutil.NoSuchProcess:
            continue
        for what, count in held.items():
            key = f"{name} {what}"
            found[key] = found.get(key, 0) + count
    return found


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    line = " ".join(words)
    if "postgres" in line.split(" ")[0] or line.startswith("postgres"):
        return "PostgreSQL"
    if "valkey-server" in line:
        return "Valkey"
    return next((name for name in ("worker", "front-door") if name in words), "supervisor")
