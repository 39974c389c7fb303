"""The live view of a running product, as a browser listens to it."""

import http.client
import signal
import socket

from tests.flow.pipeline import Pipeline, wait_until


def request(pipeline: Pipeline, website_id: str) -> bytes:
    path = f"/api/v1/analytics/{website_id}/live"
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {pipeline.token()}\r\n\r\n".encode()


def test_a_view_is_live_within_seconds(shared_pipeline: Pipeline) -> None:
    shared_pipeline.send({"website_id": "live", "page": "/before"}, path="event")
    shared_pipeline.wait_consumed()
    connection = http.client.HTTPConnection("127.0.0.1", shared_pipeline.query_port, timeout=30)

    connection.request(
        "GET", "/api/v1/analytics/live/live", headers={"Authorization": f"Bearer {shared_pipeline.token()}"}
    )
    answer = connection.getresponse()
    first = _next_event(answer)
    shared_pipeline.send({"website_id": "live", "page": "/after"}, path="event")
    second = _next_event(answer)
    connection.close()

    assert answer.headers["Content-Type"] == "text/event-stream"
    assert b"/before" in first and b"/after" not in first
    assert b"/after" in second


def test_sigterm_ends_open_views_and_the_process(pipeline: Pipeline) -> None:
    pipeline.send({"website_id": "stopped", "page": "/a"}, path="event")
    pipeline.wait_consumed()
    connections = [socket.create_connection(("127.0.0.1", pipeline.query_port), timeout=30) for _ in range(3)]
    asked = request(pipeline, "stopped")
    for connection, sent in zip(connections, (asked, asked, asked * 2), strict=True):
        connection.sendall(sent)
        wait_until(lambda connection=connection: b"data: " in connection.recv(65536), "the first event")

    pipeline.kill("queryapi", signal.SIGTERM)

    for connection in connections:
        assert _rest(connection).endswith(b"0\r\n\r\n")
    told = (pipeline.log_directory / "queryapi.log").read_text()
    assert "listening" in told
    # uvicorn names what it had to cut off after its grace period.
    assert not [word for word in ("Traceback", "exception", "graceful", "error") if word in told.lower()], told


def _next_event(answer: http.client.HTTPResponse) -> bytes:
    while True:
        line = answer.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            return line


def _rest(connection: socket.socket) -> bytes:
    with connection:
        received = b""
        while part := connection.recv(65536):
            received += part
        return received
