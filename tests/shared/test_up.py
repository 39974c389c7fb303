"""`analytics up` as a person runs it: started, used, killed, started again."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

ROOT = Path(__file__).parent.parent.parent
_DEADLINE_SECONDS = 90
_COMMAND = [sys.executable, "-m", "shared.launch"]


class Instance:
    """One running `analytics up` on `data_dir`, ready for requests."""

    def __init__(self, data_dir: Path, port: int, directory: Path = ROOT) -> None:
        self.data_dir = data_dir
        self.output = data_dir.with_name("output.txt")
        self.environ = _environ(data_dir, INGEST_PORT=str(port))
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*_COMMAND, "up"], cwd=directory, env=self.environ, stdout=output, stderr=output
            )
        _wait(lambda: "Ctrl-C stops everything" in self.said(), self)
        ready = re.search(r"Ready: (http://\S+:(\d+))", self.said())
        assert ready is not None
        self.url, self.port = ready[1], int(ready[2])

    def said(self) -> str:
        return self.output.read_text("utf-8")

    def run(self, *arguments: str) -> str:
        """What another command of the same data directory prints."""
        return subprocess.run(
            [*_COMMAND, *arguments], cwd=ROOT, env=self.environ, check=True, capture_output=True, text=True
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
        return self.process.wait(_DEADLINE_SECONDS)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not tmp_path: the unprivileged user that the servers run as cannot enter it.
    with tempfile.TemporaryDirectory(prefix="analytics-up-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory, "data")


def test_everything_starts_counts_stops_and_finds_its_data_again(data_dir: Path) -> None:
    first = Instance(data_dir, 0)
    try:
        assert first.track("/one") == 202
        _wait(lambda: first.page_views() == 1, first)
        _refuses_a_second(first)
        assert "FIX" not in first.run("doctor")
        first.run("site", "add", "example.com", "--timezone", "Europe/Vienna", "--domain", "example.com")
        assert first.run("site", "list").splitlines()[0].split("\t") == [
            "example.com",
            "Europe/Vienna",
            "example.com",
        ]
    finally:
        assert first.stop() == 0
    assert "stopped" in first.said()

    second = Instance(data_dir, 0)
    try:
        assert second.page_views() == 1
        # All of it dies with the supervisor, and the next start waits for what is still ending.
        second.process.kill()
        second.process.wait()
        third = Instance(data_dir, 0)
    finally:
        second.process.kill()
    try:
        assert third.track("/two") == 202
        _wait(lambda: third.page_views() == 2, third)
    finally:
        assert third.stop() == 0


@pytest.mark.rule("R49")
def test_geo_files_lie_in_a_data_directory_that_is_named_from_here(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data_dir.parent)
    (data_dir / "geo").mkdir(parents=True)
    writer = MMDBWriter(database_type="city ipv4")
    writer.insert_network(IPSet(["46.5.0.0/16"]), {"country_code": "DE"})
    writer.to_db_file(str(data_dir / "geo" / "city.mmdb"))

    instance = Instance(Path(data_dir.name), 0, data_dir.parent)

    try:
        _wait(lambda: instance.check("geoip") == "healthy", instance)
    finally:
        assert instance.stop() == 0


def test_without_a_secret_of_its_own_servers_it_names_the_setting(data_dir: Path) -> None:
    environ = _environ(data_dir, DATABASE_URL="postgresql://localhost/none", REDIS_URL="redis://localhost:1")

    done = subprocess.run([*_COMMAND, "up"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "JWT_SECRET" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "nonsense"),
        ("REDIS_URL", "redis://127.0.0.1:99999/0"),
        ("JWT_SECRET", "short"),
    ],
)
def test_a_bad_setting_stops_the_start_by_its_name(data_dir: Path, setting: str, value: str) -> None:
    environ = _environ(data_dir, **{"INGEST_PORT": "0", setting: value})

    done = subprocess.run([*_COMMAND, "up"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith(f"analytics: {setting}: ")
    assert done.stderr.count("\n") == 1


def test_a_database_that_is_away_is_named_in_a_sentence(data_dir: Path) -> None:
    environ = _environ(data_dir, DATABASE_URL="postgresql://127.0.0.1:1/none", INGEST_PORT="0")

    for command in ("up", "migrate"):
        done = subprocess.run([*_COMMAND, command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

        assert done.returncode == 1
        assert done.stderr.startswith("analytics: database: ")


@pytest.mark.parametrize(
    "command",
    [["token", "--website", "a/b"], ["token", "--website", ""], ["import", "access-log", "x", "--website-id", "a b"]],
)
def test_arguments_that_make_no_sense_end_with_two(data_dir: Path, command: list[str]) -> None:
    done = subprocess.run(
        [*_COMMAND, *command], cwd=ROOT, env=_environ(data_dir), capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "is not a website" in done.stderr


@pytest.mark.parametrize("command", [["token"], ["site", "list"], ["doctor"], ["migrate"]])
def test_a_command_without_servers_says_what_to_do(data_dir: Path, command: list[str]) -> None:
    done = subprocess.run(
        [*_COMMAND, *command], cwd=ROOT, env=_environ(data_dir), capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "analytics up" in done.stderr
    assert "Traceback" not in done.stderr


def _refuses_a_second(first: Instance) -> None:
    environ = _environ(first.data_dir, INGEST_PORT="0")
    done = subprocess.run([*_COMMAND, "up"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "another instance is running" in done.stderr


def _environ(data_dir: Path, **more: str) -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(data_dir), **more}


def _wait(condition: Callable[[], bool], instance: Instance) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        logs = [path.read_text("utf-8")[-2000:] for path in (instance.data_dir / "logs").glob("*.log")]
        assert time.monotonic() < deadline, "\n".join([instance.said(), *logs])
        assert instance.process.poll() is None, instance.said()
        time.sleep(0.1)
