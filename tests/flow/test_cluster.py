"""The streams on a cluster: partitions that move, what operators run, and a node that is lost under load (SPEC R59)."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from shared.cli import build_parser
from shared.doctor import Finding, examine
from shared.launch import run
from shared.settings import read_settings
from shared.stream import stream_key
from tests.flow.cluster import Node, cluster_in, move_partition
from tests.flow.pipeline import START_SECONDS, Pipeline, request, wait_until
from tests.flow.test_faults import stored_ids
from tests.ingest.gateway import running
from tests.services import POSTGRES, Servers
from tests.worker.given import open_bench
from tests.worker.test_dead_letters import bury_two
from worker.batch import Entry, decode_entry
from worker.cluster_inbox import ClusterInbox

PARTITIONS = 8
SENDERS_PER_NODE = 2


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    with cluster_in(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes


@pytest.fixture
def settings(nodes: list[Node], redis_url: str) -> dict[str, str]:
    """Of a product with its streams on the cluster, where nothing is yet. One node is found through the others."""
    for node in nodes:
        node.client.flushall()
    addresses = ",".join(node.url for node in nodes[:2])
    return {"REDIS_URL": redis_url, "STREAM_CLUSTER": addresses, "STREAM_PARTITIONS": str(PARTITIONS)}


@pytest.fixture
def plain_database(servers: Servers) -> Iterator[str]:
    """One flavour is enough for what happens before the database."""
    with servers.database(POSTGRES).database() as url:
        yield url


async def test_a_partition_that_moves_takes_its_events_along_in_their_order(
    nodes: list[Node], settings: dict[str, str]
) -> None:
    inbox = ClusterInbox([nodes[2].url], 1)
    pages = [f"/{number}" for number in range(5)]
    target = next(node for node in nodes if not node.holds(0))
    async with running(settings["REDIS_URL"], environ=settings | {"STREAM_PARTITIONS": "1"}) as gateway:
        for page in pages[:3]:
            assert (await gateway.send({"website_id": "site-1", "page": page})).status_code == 202
        taken = inbox.read([0], 1, 0)
        await asyncio.to_thread(move_partition, nodes, 0, target)
        async with asyncio.timeout(START_SECONDS):
            for page in pages[3:]:
                while (answer := await gateway.send({"website_id": "site-1", "page": page})).status_code != 202:
                    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
                    await asyncio.sleep(0.05)

        def read_the_rest() -> bool:
            inbox.depth(0)
            taken.extend(inbox.read([0], 100, 0))
            return len(taken) >= len(pages)

        wait_until(read_the_rest, "the entries behind the first")
        inbox.acknowledge(taken)

        assert pages_of(taken) == pages
        assert target.entries(1) == 0
        assert inbox.waiting(0) == []
        # The stream alone is there: salts and all else are where they were.
        assert [node.client.dbsize() for node in nodes] == [int(node is target) for node in nodes]
        assert await gateway.redis.keys()


def test_what_a_lost_answer_held_is_taken_over_before_what_follows(nodes: list[Node], settings: dict[str, str]) -> None:
    assert settings
    node = next(node for node in nodes if node.holds(0))
    inbox = ClusterInbox([other.url for other in nodes if other is not node], PARTITIONS, timeout_seconds=0.3)
    inbox.open([0])
    assert inbox.depth(0).length == 0
    node.client.xadd(stream_key(0), {"0": b"first"})
    node.process.send_signal(signal.SIGSTOP)
    try:
        assert inbox.read([0], 1, 0) == []
    finally:
        node.process.send_signal(signal.SIGCONT)
    # It has delivered the first by now, though nobody heard.
    node.client.xadd(stream_key(0), {"0": b"second"})

    assert inbox.read([0], 1, 1500) == []
    assert inbox.depth(0).pending == 1
    assert [entry.payloads for entry in inbox.claim(0, [entry.entry_id for entry in inbox.waiting(0)])] == [(b"first",)]
    assert [entry.payloads for entry in inbox.read([0], 1, 0)] == [(b"second",)]


def test_dead_letters_are_sent_again_through_the_cluster(
    database: str, nodes: list[Node], settings: dict[str, str]
) -> None:
    inbox = ClusterInbox([nodes[2].url], PARTITIONS)
    inbox.open(range(PARTITIONS))
    with open_bench(database) as bench:
        bury_two(bench)

        status = run(build_parser().parse_args(["dead-letters", "replay"]), settings | {"DATABASE_URL": database})
        bench.deliver([decode_entry(entry) for entry in inbox.read(range(PARTITIONS), 100, 0)])

        assert status == 0
        assert bench.outcomes() == {"stored": 2, "dead_lettered": 0}


def test_the_doctor_looks_at_every_node(nodes: list[Node], settings: dict[str, str]) -> None:
    assert {finding.advice for finding in findings_of(settings)} == {""}
    nodes[2].client.config_set("cluster-require-full-coverage", "yes")
    nodes[1].client.config_set("appendfsync", "everysec")
    try:
        found = {finding.subject: finding.advice for finding in findings_of(settings) if finding.advice}
    finally:
        nodes[2].client.config_set("cluster-require-full-coverage", "no")
        nodes[1].client.config_set("appendfsync", "always")

    assert found == {
        f"cluster 127.0.0.1:{nodes[1].port} appendfsync": "about a second of accepted events can be lost; "
        "set `appendfsync always`",
        f"cluster 127.0.0.1:{nodes[2].port} cluster-require-full-coverage": "it refuses everything when another node "
        "is lost; set `cluster-require-full-coverage no`",
    }


@pytest.mark.rule("R59")
def test_a_lost_node_stops_its_own_partitions_alone_and_loses_nothing(
    nodes: list[Node], settings: dict[str, str], plain_database: str, tmp_path: Path
) -> None:
    pairs = [Pipeline(plain_database, settings["REDIS_URL"], tmp_path, dict(settings)) for _ in range(2)]
    lost, senders = nodes[0], list[Sender]()
    with ExitStack() as stack:
        for number, pair in enumerate(pairs):
            stack.callback(pair.stop)
            pair.start("ingest", f"ingest-{number}")
        wait_until(lambda: all(map(is_ready, pairs)), "two gateways")
        visitors = visitors_by_node(pairs[0], nodes)
        for number, pair in enumerate(pairs):
            pair.start("worker", f"worker-{number}")
        for node, names in visitors.items():
            for name in names:
                senders.append(Sender(name, node, pairs))
                stack.callback(senders[-1].stop)
        theirs = [sender for sender in senders if sender.node is lost]
        others = [sender for sender in senders if sender.node is not lost]
        wait_for_more(senders, 20)

        lost.kill()
        wait_until(lambda: all(sender.is_refused for sender in theirs), "refusals of the lost node's partitions")
        wait_for_more(others, 50)
        newest = [sender.acknowledged[-1] for sender in others]
        wait_until(
            lambda: stored_ids(plain_database).keys() >= set(newest), "events of the other nodes in the database"
        )
        assert [is_ready(pair) for pair in pairs] == [True, True]
        assert all(sender.is_refused for sender in theirs)
        lost.start()
        wait_for_more(theirs, 20)

        for sender in senders:
            sender.stop()
        wait_until(lambda: not any(node.entries(PARTITIONS) for node in nodes), "everything to be consumed", 60)
    assert [sender.unexpected for sender in senders] == [[]] * len(senders)
    found = stored_ids(plain_database)
    acknowledged = [event_id for sender in senders for event_id in sender.acknowledged]
    assert [event_id for event_id in acknowledged if event_id not in found] == [], "lost"
    assert [event_id for event_id, count in found.items() if count > 1] == [], "doubled"


class Sender:
    """Sends a visitor's events, each to another gateway, and the same one again until it is accepted."""

    def __init__(self, visitor: str, node: Node, gateways: list[Pipeline]) -> None:
        self.node = node
        self.acknowledged: list[str] = []
        # Whether the last answer was a refusal; and what is neither that nor a 202.
        self.is_refused = False
        self.unexpected: list[object] = []
        self._visitor, self._gateways = visitor, gateways
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        turn, event_id = 0, str(uuid4())
        while not self._stop.is_set():
            turn += 1
            gateway = self._gateways[turn % len(self._gateways)]
            answer = gateway.send(event_of(self._visitor) | {"id": event_id}, path="event")
            self.is_refused = answer.status != 202
            if not self.is_refused:
                self.acknowledged.append(event_id)
                event_id = str(uuid4())
            elif (answer.status, "retry-after" in answer.headers) != (503, True):
                self.unexpected.append(answer)
            time.sleep(0.05 if self.is_refused else 0.005)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=60)


def event_of(visitor: str) -> dict[str, object]:
    return {"website_id": "load", "page": "/", "visitor_id": visitor}


def visitors_by_node(gateway: Pipeline, nodes: list[Node]) -> dict[Node, list[str]]:
    """So many visitors whose events go to each of the nodes, found out by sending."""
    found: dict[Node, list[str]] = {node: [] for node in nodes}
    number = 0
    while any(len(visitors) < SENDERS_PER_NODE for visitors in found.values()):
        number += 1
        before = [node.entries(PARTITIONS) for node in nodes]
        assert gateway.send(event_of(f"visitor-{number}"), path="event").status == 202
        for node, entries in zip(nodes, before, strict=True):
            if node.entries(PARTITIONS) > entries and len(found[node]) < SENDERS_PER_NODE:
                found[node].append(f"visitor-{number}")
    return found


def is_ready(gateway: Pipeline) -> bool:
    try:
        return request("GET", f"http://127.0.0.1:{gateway.ingest_port}/ready").status == 200
    except OSError:
        return False


def wait_for_more(senders: list[Sender], events: int) -> None:
    targets = [(sender, len(sender.acknowledged) + events) for sender in senders]
    wait_until(lambda: all(len(sender.acknowledged) >= target for sender, target in targets), f"{events} more of each")


def pages_of(entries: list[Entry]) -> list[str | None]:
    return [incoming.event.page for entry in entries for incoming in decode_entry(entry).events]


def findings_of(settings: dict[str, str]) -> list[Finding]:
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}
    return [each for each in examine(read_settings(settings | nowhere)) if each.subject.startswith("cluster")]
