"""A Valkey cluster of three nodes without replicas, each of which may be killed."""

import subprocess
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis
from redis.exceptions import MovedError

from shared.embedded.valkey import valkey_program
from shared.stream import stream_key
from tests.flow.pipeline import free_port, wait_until

SLOTS = 16384
# Soon enough for a test, and long enough for a node that waits for a busy disk.
NODE_TIMEOUT_MILLISECONDS = 2000


class Node:
    """One node, on ports and in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self.port, self.bus_port = free_port(), free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.client = redis.Redis.from_url(self.url)
        self.start()

    def start(self) -> None:
        """Start it, also again; returns when it answers."""
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self._directory,
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory": "100mb",
            "maxmemory-policy": "noeviction",
            "cluster-enabled": "yes",
            "cluster-port": self.bus_port,
            "cluster-node-timeout": NODE_TIMEOUT_MILLISECONDS,
            "cluster-require-full-coverage": "no",
        }
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen([str(valkey_program()), *words], stdout=subprocess.DEVNULL)
        wait_until(self._answers, "a node of the cluster")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def cluster(self, *words: str | int) -> str:
        """What it answers to a CLUSTER command."""
        answer: object = self.client.execute_command("CLUSTER", *words)  # pyright: ignore[reportUnknownVariableType]
        return answer.decode() if isinstance(answer, bytes) else str(answer)  # pyright: ignore[reportUnknownArgumentType]

    def entries(self, partitions: int) -> int:
        """How many are in the streams that it has."""
        return sum(self.client.xlen(stream_key(number)) for number in range(partitions) if self.holds(number))

    def holds(self, partition: int) -> bool:
        """Whether it has the partition, though nothing may be in it."""
        try:
            return self.client.exists(stream_key(partition)) >= 0
        except MovedError:
            return False

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            assert self.process.poll() is None
            return False


@contextmanager
def cluster_in(directory: Path) -> Generator[list[Node]]:
    """Three nodes with a third of the slots each."""
    with ExitStack() as stack:
        nodes: list[Node] = []
        for number in range(3):
            node = Node(directory / f"node-{number}")
            stack.callback(node.client.close)
            stack.callback(node.kill)
            nodes.append(node)
            node.cluster("ADDSLOTSRANGE", SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1)
            # Epochs of their own: without, nodes would first have to agree on who is the elder.
            node.cluster("SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            nodes[0].cluster("MEET", "127.0.0.1", node.port, node.bus_port)
        wait_until(lambda: all(_is_whole(node) for node in nodes), "the cluster")
        yield nodes


def move_partition(nodes: Sequence[Node], partition: int, target: Node) -> None:
    """Have `target` hold the partition from now on."""
    key = stream_key(partition)
    slot = target.cluster("KEYSLOT", key)
    source = next(node for node in nodes if node.holds(partition))
    target.cluster("SETSLOT", slot, "IMPORTING", source.cluster("MYID"))
    source.cluster("SETSLOT", slot, "MIGRATING", target.cluster("MYID"))
    source.client.migrate("127.0.0.1", target.port, key, 0, 5000)
    for node in (target, *nodes):
        node.cluster("SETSLOT", slot, "NODE", target.cluster("MYID"))


def _is_whole(node: Node) -> bool:
    told = node.cluster("INFO")
    return "cluster_state:ok" in told and f"cluster_slots_ok:{SLOTS}" in told
