"""`python -m worker`: settings, logs, clients, then consume and keep up until told to stop."""

import asyncio
import os
import signal
import socket
import sys
import threading

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from shared.clock import monotonic_seconds, utc_now
from shared.logs import configure_logs
from shared.settings import SettingError, Settings, read_settings
from worker.cluster_inbox import ClusterInbox
from worker.connection import UnsafeServerError
from worker.consume import Tools, WorkerConfig, consume
from worker.enrich import Enricher
from worker.failpoint import read_failpoints
from worker.failure import PoisonFloodError
from worker.inbox import Inbox, connect_redis
from worker.metrics import WorkerMetrics
from worker.place import Places, geo_paths
from worker.upkeep import keep_up

log = structlog.stdlib.get_logger()


def main() -> None:
    """Run one worker; ends with status 1 for what needs a hand."""
    try:
        settings = read_settings(os.environ)
        configure_logs(settings.log_level, "worker")
        asyncio.run(_run(settings))
    except (SettingError, UnsafeServerError, PoisonFloodError) as error:
        # No traceback: the message says what to do.
        log.critical("worker_ended", error=type(error).__name__, message=str(error))
        sys.exit(1)


async def _run(settings: Settings) -> None:
    stop, stop_upkeep = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry)
    _serve_metrics(settings, registry)
    tools = Tools(
        inbox=ClusterInbox(settings.stream_cluster, settings.stream_partitions)
        if settings.stream_cluster
        else Inbox(connect_redis(settings.redis_url)),
        enricher=Enricher(Places(geo_paths(settings.geo_db, settings.data_dir), monotonic_seconds)),
        metrics=metrics,
        clock=utc_now,
        reach=read_failpoints(os.environ),
    )
    upkeep = asyncio.create_task(keep_up(settings.database_url, settings.retention_days, utc_now, stop_upkeep, metrics))
    # An upkeep that ends by itself is a fault of ours: stop, so that somebody sees it.
    upkeep.add_done_callback(lambda _task: stop.set())
    log.info("worker_started")
    try:
        await asyncio.to_thread(consume, _config(settings), tools, stop)
    finally:
        stop_upkeep.set()
        await upkeep
    log.info("worker_stopped")


def _config(settings: Settings) -> WorkerConfig:
    return WorkerConfig(
        worker_id=f"{socket.gethostname()}-{os.getpid()}",
        database_url=settings.database_url,
        partitions=settings.stream_partitions,
        batch_size=settings.batch_size,
        batch_timeout_seconds=settings.batch_timeout_seconds,
        allow_unregistered_sites=settings.allow_unregistered_sites,
        store_user_agent=settings.store_user_agent,
    )


def _serve_metrics(settings: Settings, registry: CollectorRegistry) -> None:
    if settings.metrics_port == 0:
        return
    try:
        start_http_server(settings.metrics_port, settings.host, registry)
    except OSError as error:
        # A second worker on one machine: events matter more than metrics.
        log.warning("metrics_port_taken", port=settings.metrics_port, error=str(error))


if __name__ == "__main__":
    main()
