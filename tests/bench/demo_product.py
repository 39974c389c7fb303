"""The product with its demo, as `make demo` starts it, for whoever looks at the page."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from shared.clock import utc_now
from tests.flow.pipeline import free_port, request, wait_until

# Two months of visits are made and stored in about 30 s on two cores.
_FILL_SECONDS = 180


@dataclass(frozen=True)
class DemoProduct:
    """Where it answers, and a token of its owner."""

    origin: str
    token: str

    def count(self, query: str) -> int:
        """Page views of the demo's website."""
        address = f"{self.origin}/api/v1/analytics/dashboard/demo?{query}"
        answer = request("GET", address, headers={"Authorization": f"Bearer {self.token}"})
        return int(answer.body["metrics"]["page_views"]) if answer.status == 200 else 0

    def look(self, browser: Browser, options: Mapping[str, Any]) -> BrowserContext:
        """A browser that remembers nothing, signed in."""
        context = browser.new_context(**options)
        context.add_init_script(f"sessionStorage.setItem('analytics.token', {self.token!r})")
        return context


@contextmanager
def demo_product() -> Generator[DemoProduct]:
    """Everything of its own in a directory that goes away; places are known when DATA_DIR/geo has a database."""
    places = sorted(Path(os.environ.get("DATA_DIR", "data")).resolve().glob("geo/*.mmdb"))
    with TemporaryDirectory() as directory:
        environ = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": directory,
            "INGEST_PORT": str(free_port()),
            "GEO_DB": ",".join(map(str, places)),
        }
        launch = [sys.executable, "-m", "shared.launch"]
        with (Path(directory) / "log").open("wb") as log:
            running = subprocess.Popen([*launch, "up", "--demo"], env=environ, stdout=log, stderr=log)
        try:
            origin = f"http://127.0.0.1:{environ['INGEST_PORT']}"
            wait_until(lambda: _answers(origin), "the product's start", 120)
            token = subprocess.run([*launch, "token"], env=environ, capture_output=True, check=True, text=True)
            product = DemoProduct(origin, token.stdout.strip().splitlines()[-1])
            wait_until(lambda: _is_full(product), "two months of visits", _FILL_SECONDS)
            yield product
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(timeout=60)


def _answers(origin: str) -> bool:
    try:
        return request("GET", f"{origin}/ready").status == 200
    except OSError:
        return False


def _is_full(product: DemoProduct) -> bool:
    """Whether the days that are over get no more visits."""
    today = utc_now().date()
    past = f"from={today - timedelta(days=60)}&to={today - timedelta(days=1)}"
    before = product.count(past)
    time.sleep(3)
    return 0 < before == product.count(past)
