"""How much of a bare routed Starlette 202 the gateway reaches, and what an event costs it.

    python -m tests.bench.gateway REDIS_URL

Both servers run alike (same protocol, one process each) and take turns in the same run; the load is
64 keep-alive connections, one request each in flight. Prints a table of medians, then the same as JSON.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

CONNECTIONS = 64
SECONDS = 2.0
ROUNDS = 5
SINGLE = {"website_id": "site-1", "page": "/pricing", "referrer": "https://www.google.com/", "title": "Pricing"}
BARE_PORT, GATEWAY_PORT = 18_201, 18_202

LOAD = r"""
import asyncio, sys, time, uvloop
port, path, body = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode()
connections, seconds = int(sys.argv[4]), float(sys.argv[5])
REQUESTS = [
    b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
    b"Chrome/126.%d\r\nContent-Length: %d\r\n\r\n%b" % (path.encode(), n, len(body), body) for n in range(connections)
]
class Client(asyncio.Protocol):
    done = 0
    bad = 0
    def __init__(self, request):
        self.request = request
    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)
    def data_received(self, data):
        # One request in flight: each answer comes in one piece or two, the head first.
        if data.startswith(b"HTTP/1.1"):
            if not data.startswith(b"HTTP/1.1 202"):
                Client.bad += 1
            Client.done += 1
            self.whole = b"\r\n\r\n"
        if time.monotonic() < self.until and (data.endswith(b"}") or b"content-length: 0" in data):
            self.transport.write(self.request)
async def main():
    loop = asyncio.get_running_loop()
    Client.until = time.monotonic() + seconds
    for request in REQUESTS:
        await loop.create_connection(lambda request=request: Client(request), "127.0.0.1", port)
    await asyncio.sleep(seconds)
    print(Client.done / seconds, Client.bad)
uvloop.run(main())
"""

BARE = r"""
import asyncio, sys, uvloop
from starlette.applications import Starlette
from starlette.routing import Route
import uvicorn
from shared.server import server_config
class Accept:
    async def __call__(self, scope, receive, send):
        await receive()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})
app = Starlette(routes=[Route("/api/v1/analytics/event", Accept(), methods=["POST"])])
uvloop.run(uvicorn.Server(server_config(app, "127.0.0.1", int(sys.argv[1]))).serve())
"""


def main() -> None:
    """Measure and print."""
    redis_url = sys.argv[1]
    environ = os.environ | {
        "REDIS_URL": redis_url,
        "INGEST_PORT": str(GATEWAY_PORT),
        "RATE_LIMIT_PER_CLIENT": "1000000",
        "RATE_LIMIT_PER_SITE": "10000000",
        "LOG_LEVEL": "error",
    }
    bare = subprocess.Popen([sys.executable, "-c", BARE, str(BARE_PORT)])
    gateway = subprocess.Popen([sys.executable, "-m", "ingest"], env=environ)
    try:
        time.sleep(2)
        batch = {"events": [SINGLE | {"page": f"/p/{n}"} for n in range(100)]}
        cases: Mapping[str, tuple[int, subprocess.Popen[bytes], str, object, int]] = {
            "bare 202": (BARE_PORT, bare, "/api/v1/analytics/event", SINGLE, 1),
            "single": (GATEWAY_PORT, gateway, "/api/v1/analytics/event", SINGLE, 1),
            "batch of 100": (GATEWAY_PORT, gateway, "/api/v1/analytics/event/batch", batch, 100),
        }
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
        for _ in range(ROUNDS):
            for name, (port, process, path, body, events) in cases.items():
                rate, cpu = _measure(port, process.pid, path, body)
                runs[name].append((rate, cpu / events))
        middle = {name: (median(rate for rate, _ in of), median(cpu for _, cpu in of)) for name, of in runs.items()}
        base = middle["bare 202"][0]
        report = {
            name: {
                "requests_per_second": round(rate),
                "ratio": round(rate / base, 3),
                "cpu_us_per_event": round(cpu, 2),
            }
            for name, (rate, cpu) in middle.items()
        }
        print(f"{'':14}{'requests/s':>12}{'ratio':>8}{'us/event':>10}")
        for name, row in report.items():
            print(f"{name:14}{row['requests_per_second']:>12}{row['ratio']:>8}{row['cpu_us_per_event']:>10}")
        print(json.dumps(report))
    finally:
        for process in (bare, gateway):
            process.terminate()
            process.wait()


def _measure(port: int, pid: int, path: str, body: object) -> tuple[float, float]:
    """Requests a second, and microseconds of the server's CPU a request."""
    before = _cpu_seconds(pid)
    arguments = [str(port), path, json.dumps(body), str(CONNECTIONS), str(SECONDS)]
    done = subprocess.run([sys.executable, "-c", LOAD, *arguments], capture_output=True, text=True, check=True)
    rate, bad = done.stdout.split()
    assert int(bad) == 0, f"{bad} answers were not 202"
    return float(rate), (_cpu_seconds(pid) - before) / (float(rate) * SECONDS) * 1e6


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
