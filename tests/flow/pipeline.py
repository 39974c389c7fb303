"""The whole product as a user runs it: gateway, worker and query API, each a process of its own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from shared.clock import utc_now
from shared.settings import read_settings
from shared.stream import stream_key
from shared.tokens import make_token

START_SECONDS = 30
# What the product sees of a visitor; a program's own user agent would be a bot's.
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Answer:
    """A status, the headers in lower case, and the JSON body (None when there is none)."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float = START_SECONDS, *, every_seconds: float = 0.05
) -> None:
    """Return once `condition` holds; fail with `what` when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(every_seconds)


def request(method: str, url: str, body: object | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One HTTP request; an error status is an answer like any other, a lost connection raises OSError."""
    payload = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(url, payload, dict(headers or {}), method=method)
    try:
        with urllib.request.urlopen(call, timeout=30) as response:
            return _answer(response.status, response.headers.items(), response.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers.items(), error.read())
    except http.client.HTTPException as error:
        raise ConnectionError("the answer was cut off") from error


def _answer(status: int, headers: Sequence[tuple[str, str]], content: bytes) -> Answer:
    is_json = any(name.lower() == "content-type" and "json" in value for name, value in headers)
    return Answer(status, {name.lower(): value for name, value in headers}, json.loads(content) if is_json else {})


@dataclass
class Pipeline:
    """Running services on one database and one Redis. Ports are chosen once, so that a restarted
    service comes back at its address."""

    database_url: str
    redis_url: str
    log_directory: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def __post_init__(self) -> None:
        self.ingest_port, self.query_port = free_port(), free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "JWT_SECRET": SECRET,
            "STREAM_PARTITIONS": "4",
            "INGEST_PORT": str(self.ingest_port),
            "ANALYTICS_SERVICE_PORT": str(self.query_port),
            "RATE_LIMIT_PER_CLIENT": "1000000",
            "RATE_LIMIT_PER_SITE": "1000000",
            "DATA_DIR": str(self.log_directory),
            **self.environment,
        }

    def start(self, service: str, name: str | None = None, **extra: str) -> None:
        """Start `python -m service` under `name`; several workers are several names."""
        name = name or service
        with (self.log_directory / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", service], env={**self.environment, **extra}, stdout=log, stderr=log
            )

    def start_all(self) -> None:
        for service in ("ingest", "worker", "queryapi"):
            self.start(service)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Return once each started service that listens would take requests."""
        ports = {"ingest": self.ingest_port, "queryapi": self.query_port}
        for port in (ports[name] for name in self.processes.keys() & ports.keys()):
            wait_until(lambda port=port: self._is_ready(port), f"readiness of port {port}")

    def kill(self, name: str, signal_number: int = signal.SIGKILL) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal_number)
        process.wait(timeout=30)

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        late: list[str] = []
        for name in list(self.processes):
            process = self.processes.pop(name)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                late.append(name)
        assert late == [], f"{late} did not stop within 30 s of SIGTERM"

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.log_directory.glob("*.log")))

    def send(
        self,
        events: Sequence[Mapping[str, object]] | Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        *,
        path: str = "event/batch",
    ) -> Answer:
        """POST to the gateway, as the importer does when `headers` say so."""
        body = events if isinstance(events, Mapping) else {"events": events}
        url = f"http://127.0.0.1:{self.ingest_port}/api/v1/analytics/{path}"
        return request("POST", url, body, {"User-Agent": BROWSER, **(headers or {})})

    def wait_consumed(self) -> None:
        """Return once every stream is empty: an entry leaves its stream after the commit, so
        everything accepted before the call is then in the database."""
        with redis.Redis.from_url(self.redis_url) as client:
            keys = [stream_key(partition) for partition in range(int(self.environment["STREAM_PARTITIONS"]))]
            wait_until(lambda: not any(client.xlen(key) for key in keys), "empty streams\n" + self.logs()[-4000:])

    def read(self, path: str, *, token: str | None = None, query: str = "") -> Answer:
        """GET below /api/v1; with an owner's token, `token`, or none when that is empty."""
        return self.call("GET", f"{path}{'?' if query else ''}{query}", token=token)

    def call(self, method: str, path: str, body: object | None = None, *, token: str | None = None) -> Answer:
        """One request below /api/v1 of the query API."""
        bearer = self.token() if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return request(method, f"http://127.0.0.1:{self.query_port}/api/v1/{path}", body, headers)

    def token(self, *, role: str = "owner", websites: tuple[str, ...] | None = None) -> str:
        return make_token(read_settings(self.environment), utc_now, role=role, websites=websites)

    def import_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}", "X-Analytics-Import": "1"}

    def _is_ready(self, port: int) -> bool:
        try:
            return request("GET", f"http://127.0.0.1:{port}/ready").status == 200
        except OSError:
            return False


def free_port() -> int:
    """A TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether anybody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
