"""The HTTP server of both services: uvicorn on our own protocol, and what a process needs to serve thousands."""

import gc
import resource

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import Config

from shared.bounded_protocol import MAX_CONNECTIONS, BoundedProtocol
from shared.settings import Settings

KEEP_ALIVE_SECONDS = 5
# Files, the connections to our own servers, and those that are on their way in or out.
OTHER_DESCRIPTORS = 1024
# Accepted requests have this long to finish after SIGTERM.
GRACE_SECONDS = 10
# Objects made before the youngest are looked through for cycles. Python's 700 are the objects of a few
# waiting requests: collecting took 10 % of the gateway's time and found nothing.
COLLECT_EVERY = 50_000

log = structlog.get_logger()


async def serve(app: ASGIApp, settings: Settings, host: str, port: int) -> None:
    """Serve `app` until SIGTERM or SIGINT, then finish what has been accepted."""
    log.info("listening", host=host, port=port, environment=settings.environment)
    # Memory holds the addresses of visitors, and a core file would keep them (SPEC R14).
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _allow_descriptors(MAX_CONNECTIONS + OTHER_DESCRIPTORS)
    # What is loaded by now stays for good; no collection need look at it again.
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
    await uvicorn.Server(server_config(app, host, port)).serve()


def _allow_descriptors(count: int) -> None:
    """As many as we are allowed to have, up to `count`: a shell or a supervisor often gives 1024 at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def server_config(app: ASGIApp, host: str, port: int, protocol: type[BoundedProtocol] = BoundedProtocol) -> Config:
    """uvicorn as we run it; `protocol` is for a test that has less time."""
    return Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        # uvicorn's own lines are not ours in form; what a request did wrong is in the metrics.
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
