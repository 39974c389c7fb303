"""CPU seconds of processes of this machine: on a shared one they say more than the clock."""

import os
from pathlib import Path

import msgspec
import redis

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def backend_seconds(pid: int) -> float:
    """User and system time of a process; 0 for one that runs elsewhere."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def redis_seconds(client: redis.Redis) -> float:
    """User and system time of a Redis server."""
    values = msgspec.convert(client.info("cpu"), dict[str, float], strict=False)
    return values["used_cpu_user"] + values["used_cpu_sys"]


def peak_bytes(pid: int) -> int:
    """The most memory a process has had, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
