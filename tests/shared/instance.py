"""`analytics up` as a process, for tests that use it as a person does."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "shared.launch"]
DEADLINE_SECONDS = 90


class Instance:
    """One running `analytics up` on `data_dir`, ready for requests."""

    def __init__(self, data_dir: Path, port: int, directory: Path = ROOT, **settings: str) -> None:
        self.data_dir = data_dir
        self.output = data_dir.with_name("output.txt")
        self.environ = environ_of(data_dir, INGEST_PORT=str(port), **settings)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*COMMAND, "up"], cwd=directory, env=self.environ, stdout=output, stderr=output
            )
        wait_for(lambda: "Ctrl-C stops everything" in self.said(), self)
        ready = re.search(r"Ready: (http://\S+:(\d+))", self.said())
        assert ready is not None
        self.url, self.port = ready[1], int(ready[2])

    def said(self) -> str:
        return self.output.read_text("utf-8")

    def run(self, *arguments: str) -> str:
        """What another command of the same data directory prints."""
        return subprocess.run(
            [*COMMAND, *arguments], cwd=ROOT, env=self.environ, check=True, capture_output=True, text=True
        ).stdout.strip()

    def track(self, page: str) -> int:
        event = {"website_id": "site-123", "visitor_id": "visitor-456", "event_type": "pageview", "page": page}
        body = json.dumps({"events": [event]}).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
        request = urllib.request.Request(f"{self.url}/api/v1/analytics/event/batch", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)

    def page_views(self) -> int:
        token = self.run("token", "--role", "viewer", "--website", "site-123")
        url = f"{self.url}/api/v1/analytics/dashboard/site-123?days=1"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(json.load(answer)["metrics"]["page_views"])

    def check(self, name: str) -> str:
        """The status of one check of the detailed health report."""
        with urllib.request.urlopen(f"{self.url}/api/v1/analytics/health", timeout=30) as answer:
            return str(json.load(answer)["checks"][name]["status"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE_SECONDS)


def environ_of(data_dir: Path, **more: str) -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(data_dir), **more}


def wait_for(condition: Callable[[], bool], instance: Instance) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        logs = [path.read_text("utf-8")[-2000:] for path in (instance.data_dir / "logs").glob("*.log")]
        assert time.monotonic() < deadline, "\n".join([instance.said(), *logs])
        assert instance.process.poll() is None, instance.said()
        time.sleep(0.1)
