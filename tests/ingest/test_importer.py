"""Importing a log into a gateway: a small server of the test's own stands for it."""

import gzip
import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypedDict

import pytest

from ingest.batch_client import BatchClient
from ingest.importer import import_access_log
from shared.patient_client import MAX_ATTEMPTS, DeliveryError
from tests.ingest.test_access_log import line

TOKEN = "header.payload.signature"
AT_ONCE = {"Retry-After": "0"}


class Sent(TypedDict):
    """An event as the server reads it."""

    id: str
    website_id: str
    page: str
    timestamp: str
    ip_address: str
    user_agent: str


class Gateway:
    """Answers as told, then 202; keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], object]] = []
        self.batches: list[list[Sent]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.body_bytes: list[int] = []
        self.connections = 0
        self.hang_ups = 0
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                gateway.connections += 1

            def do_POST(self) -> None:
                gateway.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        events: list[Sent] = json.loads(body)["events"]
        self.batches.append(events)
        self.headers.append(dict(request.headers.items()))
        self.paths.append(request.path)
        self.body_bytes.append(len(body))
        if self.hang_ups:
            self.hang_ups -= 1
            request.close_connection = True
            return
        accepted: object = {"status": "accepted", "accepted": len(events), "rejected": 0, "errors": [], "warnings": []}
        status, headers, content = self.answers.pop(0) if self.answers else (202, {}, accepted)
        encoded = json.dumps(content).encode()
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(encoded))}.items():
            request.send_header(name, value)
        request.end_headers()
        _ = request.wfile.write(encoded)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    thread = Thread(target=gateway.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield gateway
    gateway.server.shutdown()
    gateway.server.server_close()
    thread.join()


def write_log(path: Path, *lines: bytes) -> str:
    content = b"".join(each + b"\n" for each in lines)
    _ = path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


def pages(count: int) -> list[bytes]:
    return [line(f"GET /{i} HTTP/1.1") for i in range(count)]


def test_every_page_view_arrives_with_its_headers(gateway: Gateway, tmp_path: Path) -> None:
    log = write_log(tmp_path / "a.log", *pages(2), b"garbage", line("GET /a.css HTTP/1.1"))

    assert import_access_log(log, "site-123", gateway.url, TOKEN) == 0

    [batch] = gateway.batches
    assert [event["page"] for event in batch] == ["/0", "/1"]
    assert set(batch[0]) == {"website_id", "id", "page", "timestamp", "ip_address", "user_agent"}
    assert batch[0]["timestamp"] == "2015-05-17T10:05:03Z"
    assert gateway.paths == ["/api/v1/analytics/event/batch"]
    assert gateway.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert gateway.headers[0]["X-Analytics-Import"] == "1"


def test_summary_accounts_for_every_line(gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_log(tmp_path / "a.log", *pages(3), b"garbage", line("GET /a.css HTTP/1.1"))
    answer = {"status": "accepted", "accepted": 2, "rejected": 1, "errors": [{"index": 0, "code": "invalid_url"}]}
    gateway.answers = [(202, {}, answer)]

    assert import_access_log(log, "site-123", gateway.url, TOKEN) == 1

    shown = {" ".join(row.split()[:-1]): row.split()[-1] for row in capsys.readouterr().out.splitlines()}
    assert shown == {
        "lines read": "5",
        "sent as page views": "2",
        "skipped: not a line of the common or combined log format": "1",
        "skipped: a file, feed or icon, not a page": "1",
        "refused by the gateway: invalid_url": "1",
    }


def test_batches_keep_to_the_gateways_limits_on_one_connection(gateway: Gateway, tmp_path: Path) -> None:
    big = [line(f"GET /{i}{'x' * 8000} HTTP/1.1") for i in range(200)]

    assert import_access_log(write_log(tmp_path / "a.log", *pages(2001), *big), "site-123", gateway.url, TOKEN) == 0

    assert [len(batch) for batch in gateway.batches][:2] == [1000, 1000]
    assert sum(len(batch) for batch in gateway.batches) == 2201
    assert max(gateway.body_bytes) < 2**20
    assert gateway.connections == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_gateway_gets_the_same_ids_again(gateway: Gateway, tmp_path: Path, status: int) -> None:
    gateway.answers = [(status, AT_ONCE, {"error": "busy", "code": "busy"})] * 2

    assert import_access_log(write_log(tmp_path / "a.log", *pages(3)), "site-123", gateway.url, TOKEN) == 0

    assert len(gateway.batches) == 3
    assert gateway.batches[0] == gateway.batches[1] == gateway.batches[2]


def test_a_lost_connection_gets_the_same_ids_again(gateway: Gateway) -> None:
    gateway.hang_ups = 2
    waits: list[float] = []

    with BatchClient(gateway.url, TOKEN, waits.append) as client:
        assert client.send([b'{"id":"1"}']).accepted == 1

    assert gateway.batches == [[{"id": "1"}]] * 3
    assert waits == [1.0, 2.0]


def test_retry_after_is_honoured_within_bounds(gateway: Gateway) -> None:
    gateway.answers = [
        (503, {"Retry-After": seconds}, {"error": "down"}) for seconds in ("7", "86400", "soon", "-1", "")
    ]
    waits: list[float] = []

    with BatchClient(gateway.url, TOKEN, waits.append) as client:
        assert client.send([b"{}"]).accepted == 1

    assert waits == [7.0, 60.0, 4.0, 8.0, 16.0]


def test_a_gateway_that_stays_down_ends_the_import_with_what_to_do(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.answers = [(503, AT_ONCE, {"error": "Redis is away"})] * MAX_ATTEMPTS

    assert import_access_log(write_log(tmp_path / "a.log", *pages(3)), "site-123", gateway.url, TOKEN) == 1

    errors = capsys.readouterr().err
    assert "answers 503 Redis is away" in errors
    assert "Run the same command again" in errors


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_said_at_once(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    gateway.answers = [(status, {}, {"error": "token: expired", "code": "token_expired"})]

    assert import_access_log(write_log(tmp_path / "a.log", *pages(3)), "site-123", gateway.url, TOKEN) == 1

    assert len(gateway.batches) == 1
    assert f"refuses the token ({status} token: expired)" in capsys.readouterr().err


def test_a_gateway_that_is_not_there_is_named() -> None:
    with (
        BatchClient("http://127.0.0.1:1", TOKEN, lambda _: None) as client,
        pytest.raises(DeliveryError, match=r"127.0.0.1:1 cannot be reached .Connection refused.; is it running"),
    ):
        _ = client.send([b"{}"])


@pytest.mark.parametrize("content", [b"<html>", b'{"ok":true}', b"\xff", b"[]"])
def test_a_server_that_is_no_gateway_is_named(gateway: Gateway, content: bytes) -> None:
    gateway.answers = [(200, {}, content.decode("latin-1"))]

    with BatchClient(gateway.url, TOKEN) as client, pytest.raises(DeliveryError, match="does not answer like"):
        _ = client.send([b"{}"])


@pytest.mark.parametrize(
    ("url", "token"), [("ftp://x", TOKEN), ("http://", TOKEN), ("http://x", ""), ("http://x", "a\nb")]
)
def test_an_address_or_token_that_cannot_work_is_refused(url: str, token: str) -> None:
    with pytest.raises(DeliveryError):
        _ = BatchClient(url, token)


@pytest.mark.rule("R56")
def test_events_of_an_unknown_website_are_not_called_sent(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"status": "accepted", "accepted": 1, "rejected": 0, "dropped": 2}
    gateway.answers = [(202, {"X-Analytics-Dropped": "unknown_site"}, answer)]

    assert import_access_log(write_log(tmp_path / "a.log", *pages(3)), "site-123", gateway.url, TOKEN) == 1

    rows = [row.rsplit(None, 1) for row in capsys.readouterr().out.splitlines()]
    assert ["sent as page views", "1"] in rows
    assert ["dropped by the gateway: unknown_site", "2"] in rows


@pytest.mark.rule("R57")
def test_running_again_sends_the_same_ids(gateway: Gateway, tmp_path: Path) -> None:
    plain, packed = write_log(tmp_path / "a.log", *pages(5)), write_log(tmp_path / "a.log.gz", *pages(5))

    assert import_access_log(plain, "site-123", gateway.url, TOKEN) == 0
    assert import_access_log(packed, "site-123", gateway.url, TOKEN) == 0

    assert gateway.batches[0] == gateway.batches[1]


def test_a_damaged_archive_ends_with_a_sentence(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(write_log(tmp_path / "a.log.gz", *pages(5000)))
    _ = path.write_bytes(path.read_bytes()[:-2000])

    assert import_access_log(str(path), "site-123", gateway.url, TOKEN) == 1

    assert "the gzip data is damaged" in capsys.readouterr().err
    assert gateway.batches


def test_an_interrupted_import_says_how_far_it_came(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    gateway.answers = [(503, {"Retry-After": "60"}, {})]
    # What runs in the background is deaf to the signal.
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    _ = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt() -> None:
        while not gateway.batches:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=interrupt, daemon=True).start()

    assert import_access_log(write_log(tmp_path / "a.log", *pages(3)), "site-123", gateway.url, TOKEN) == 1

    said = capsys.readouterr()
    assert "lines read" in said.out
    assert "interrupted" in said.err and "nothing is counted twice" in said.err


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_access_log(str(tmp_path / "no.log"), "site-123", "http://127.0.0.1:1", TOKEN) == 2

    assert "No such file" in capsys.readouterr().err


def test_an_empty_log_sends_nothing(gateway: Gateway, tmp_path: Path) -> None:
    assert import_access_log(write_log(tmp_path / "a.log"), "site-123", gateway.url, TOKEN) == 0

    assert gateway.batches == []
