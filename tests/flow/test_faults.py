"""What a 202 promises, while processes die (RELIABILITY section 2: C1, C2, C5, C15, C18)."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

from tests.flow.pipeline import Pipeline, wait_until

BATCH = 20
SENDERS = 4


class Load:
    """Senders that post batches until told to stop, retrying a lost answer with the same ids."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]

    def _send(self, sender: int) -> None:
        while not self._stop.is_set():
            ids = [str(uuid4()) for _ in range(BATCH)]
            events = [
                {"website_id": "load", "page": f"/{n}", "id": id_, "visitor_id": f"visitor-{sender}-{n}"}
                for n, id_ in enumerate(ids)
            ]
            while True:
                try:
                    answer = self.pipeline.send(events)
                except OSError:
                    time.sleep(0.05)
                    continue
                if answer.status == 202:
                    self.acknowledged.extend(ids)
                    break
                # Nothing but "we are ill" may come back, and it must say when to try again.
                assert (answer.status, "retry-after" in answer.headers) == (503, True), answer
                time.sleep(0.1)

    @contextmanager
    def running(self) -> Generator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(timeout=60)

    def wait_for_more(self, events: int) -> None:
        target = len(self.acknowledged) + events
        wait_until(lambda: len(self.acknowledged) >= target, f"{events} more accepted events")


def stored_ids(database_url: str) -> Counter[str]:
    with psycopg.connect(database_url) as connection:
        return Counter(str(id_) for (id_,) in connection.execute("SELECT id FROM events WHERE website_id = 'load'"))


def assert_each_acknowledged_once(load: Load, pipeline: Pipeline) -> None:
    pipeline.wait_consumed()
    stored = stored_ids(pipeline.database_url)
    assert [id_ for id_ in load.acknowledged if stored[id_] == 0] == [], "lost"
    assert [id_ for id_, count in stored.items() if count > 1] == [], "doubled"
    assert len(load.acknowledged) > 0


@pytest.mark.rule("R59")
@pytest.mark.rule("R57")
def test_a_worker_killed_mid_stream_loses_and_doubles_nothing(pipeline: Pipeline) -> None:
    load = Load(pipeline)
    with load.running():
        for _ in range(4):
            load.wait_for_more(400)
            pipeline.kill("worker")
            load.wait_for_more(100)
            pipeline.start("worker")
    assert_each_acknowledged_once(load, pipeline)


@pytest.mark.rule("R59")
def test_a_gateway_killed_mid_stream_keeps_its_promises(pipeline: Pipeline) -> None:
    load = Load(pipeline)
    with load.running():
        for _ in range(4):
            load.wait_for_more(400)
            pipeline.kill("ingest")
            pipeline.start("ingest")
    assert_each_acknowledged_once(load, pipeline)


@pytest.mark.rule("R60")
def test_a_second_worker_takes_over_from_a_dead_one(pipeline: Pipeline) -> None:
    load = Load(pipeline)
    pipeline.start("worker", "worker-2")
    with load.running():
        wait_until(lambda: owners(pipeline.database_url) == 2, "two workers sharing the partitions")
        pipeline.kill("worker")
        load.wait_for_more(400)
    assert_each_acknowledged_once(load, pipeline)


def owners(database_url: str) -> int:
    """How many workers say they own a partition."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM worker_status WHERE cardinality(partitions) > 0").fetchone()
        return 0 if row is None else int(row[0])


@pytest.mark.rule("R59")
def test_a_stop_signal_under_load_loses_nothing(pipeline: Pipeline) -> None:
    load = Load(pipeline)
    with load.running():
        for name in ("worker", "ingest"):
            load.wait_for_more(400)
            pipeline.kill(name, signal.SIGTERM)
            pipeline.start(name)
        load.wait_for_more(200)
    assert_each_acknowledged_once(load, pipeline)


@pytest.mark.rule("R59")
def test_a_database_connection_cut_while_writing_loses_and_doubles_nothing(pipeline: Pipeline) -> None:
    load = Load(pipeline)
    with load.running():
        for _ in range(6):
            load.wait_for_more(200)
            with psycopg.connect(pipeline.database_url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
    assert_each_acknowledged_once(load, pipeline)
