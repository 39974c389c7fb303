"""`python -m tests.soak HOURS`: run the whole product under a steady load, and see that nothing grows.

Every look takes the memory, descriptors and connections of each process, the sizes of the log and of each table. At the
end each has its slope by the hour; the command fails when one that has no reason to grow has grown (judging.py).
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from shared.clock import utc_now
from shared.embedded.home import open_home
from shared.embedded.settings import fill_settings
from shared.settings import read_settings
from shared.tokens import make_token
from tests.flow.installation import Installation
from tests.shared.instance import Instance
from tests.soak.judging import MAX_GROWTH, Sample, trend
from tests.soak.load import PASSING, WEBSITES, Load
from tests.soak.watching import look

SAMPLES = 240
MIB = 2**20
# By the last word of a name: below this, growth is noise.
FLOORS = {"memory": 8 * MIB, "descriptors": 8, "connections": 4, "processes": 2, "entries": 1000}
TABLE_FLOOR = MIB
# What grows by nature up to a limit, whose slope says nothing.
BOUNDS = {
    # Written anew at twice its last size, and not before 64 MiB: a sawtooth.
    "AOF bytes": 3 * 64 * MIB,
    # A server process keeps open what it has once read, up to max_files_per_process.
    "PostgreSQL descriptors": 20 * 1000,
}


def main() -> None:
    """Exits with 1 when something was not flat, or was refused."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("hours", type=float)
    parser.add_argument("--events", type=int, default=50, help="a second; 50 by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="analytics-soak-") as directory:
        Path(directory).chmod(0o755)
        # Answers are kept up to a size that is reached before the warm-up is over.
        instance = Instance(
            Path(directory, "data"),
            0,
            TRUSTED_PROXIES="127.0.0.1/32",
            RATE_LIMIT_PER_CLIENT="1000000",
            CACHE_BYTES="2MiB",
        )
        try:
            product = Installation(instance, open_home(instance.data_dir, print))
            _sign_in(product)
            for website_id in (*WEBSITES, PASSING):
                product.manage("POST", "/websites", {"id": website_id, "name": website_id})
            problems = _soak(product, options.hours, options.events)
        finally:
            instance.stop()
    if problems:
        sys.exit("\n".join(problems))


def _soak(product: Installation, hours: float, events_a_second: int) -> list[str]:
    samples: dict[str, list[Sample]] = {}
    began = time.monotonic()
    with Load(product, events_a_second) as load:
        for number in range(1, SAMPLES + 1):
            time.sleep(max(0.0, began + number * hours * 3600 / SAMPLES - time.monotonic()))
            _sign_in(product)
            seconds = time.monotonic() - began
            for name, value in look(product).items():
                samples.setdefault(name, []).append(Sample(seconds, value))
    print(f"{load.sent} events and {load.reports} reports in {hours:g} h, {len(load.refused)} refused")
    return [*_judge(samples, load.sent), *(f"refused: {what}" for what in sorted(set(load.refused)))]


def _sign_in(product: Installation) -> None:
    """A token lasts a day, and a soak may last longer."""
    settings = fill_settings(read_settings(product.instance.environ), product.home, "operator")
    product.owner["Authorization"] = f"Bearer {make_token(settings, utc_now, role='owner', websites=None)}"


def _judge(samples: dict[str, list[Sample]], events: int) -> list[str]:
    problems: list[str] = []
    for name, taken in sorted(samples.items()):
        # What came and went, as an autovacuum does, has no trend.
        if len(taken) < SAMPLES // 2:
            continue
        found = trend(taken)
        floor = TABLE_FLOOR if name.startswith("table ") else FLOORS.get(name.rpartition(" ")[2])
        if name in BOUNDS:
            is_good, said = max(sample.value for sample in taken) < BOUNDS[name], "bounded"
        elif floor is None:
            is_good, said = True, f"{(taken[-1].value - taken[0].value) / max(1, events):.0f} bytes an event"
        else:
            is_good, said = found.is_flat(floor), "flat"
        slope = {"what": name, "level": round(found.level), "per_hour": round(found.per_hour)}
        print(json.dumps({**slope, "is": said if is_good else "NOT FLAT"}), flush=True)
        if not is_good:
            problems.append(f"{name}: grew by {found.growth:.0f} from {found.level:.0f} (limit {MAX_GROWTH:.0%})")
    return problems


if __name__ == "__main__":
    main()
