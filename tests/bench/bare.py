"""`python -m tests.bench.bare PORT raw|routed`: the gateway's server with nothing behind it, as raw ASGI or as a route
of Starlette. It reads what it is sent, and answers 202."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

import uvloop
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.server import serve
from shared.settings import read_settings
from tests.flow.pipeline import free_port, listens, wait_until

PATHS = ("/api/v1/analytics/event", "/api/v1/analytics/event/batch")
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


class Accept:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 202, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": b"{}"})


@contextmanager
def bare_server(kind: Literal["raw", "routed"]) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """The server as a process of its own on a free port, answering."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port), kind])
    try:
        wait_until(lambda: listens(port), f"port {port}")
        yield process, port
    finally:
        process.terminate()
        process.wait()


def _main(port: int, kind: str) -> None:
    routed = Starlette(routes=[Route(path, Accept(), methods=["POST"]) for path in PATHS])
    app = routed if kind == "routed" else Accept()
    uvloop.run(serve(app, read_settings({"LOG_LEVEL": "error"}), "127.0.0.1", port))


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2])
