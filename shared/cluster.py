"""Which node of a Redis or Valkey cluster holds which stream.

redis-py's cluster clients know this too, and follow redirections by themselves. They are not used where events pass:
after each command that failed they fetch the table of all commands and connect to every node anew, 9 ms of CPU
(measured; the question asked here takes 0.08), while a lost node has each request for its partitions fail; and their
pipelines fail for all nodes when one is lost. So each node is an ordinary server, with connections of its own,
and this map is all that is known of the cluster.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec
import redis
from redis.crc import key_slot

from shared.stream import stream_key

# The map is asked for anew this often: so long is answered 503 what belongs to a partition that has moved.
FOLLOW_SECONDS = 1.0
SLOTS_COMMAND = "CLUSTER SLOTS"


class _Range(NamedTuple):
    """Slots from `first` to `last`, which is one of them, and the URL of their primary."""

    first: int
    last: int
    url: str


def partitions_by_node(answer: object, asked_url: str, partitions: Iterable[int]) -> Mapping[str, list[int]]:
    """The URLs of the primaries, each with its partitions, out of an answer to CLUSTER SLOTS of the node at
    `asked_url`. A partition whose slot nobody has is with none. Raises msgspec.ValidationError, also when all are:
    a node that is in no cluster any more has nothing to tell."""
    ranges: list[_Range] = []
    for row in msgspec.convert(answer, list[list[object]]):
        first, last, primary = msgspec.convert(row[:3], tuple[int, int, list[object]])
        host, port = msgspec.convert(primary[:2], tuple[bytes | None, int])
        ranges.append(_Range(first, last, _node_url(asked_url, host, port)))
    found: dict[str, list[int]] = {}
    for partition in partitions:
        slot = key_slot(stream_key(partition).encode())
        for first, last, url in ranges:
            if first <= slot <= last:
                found.setdefault(url, []).append(partition)
    if not found:
        raise msgspec.ValidationError("no node has any of the partitions")
    return found


def connect_cluster(seeds: Sequence[str]) -> redis.RedisCluster:
    """A client for commands, which may wait and be told to try again; raises redis.RedisError when no node answers."""
    problem = redis.RedisError("no node of the cluster is known")
    for url in seeds:
        try:
            return redis.RedisCluster.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        except redis.RedisError as error:
            problem = error
    raise problem


def _node_url(asked_url: str, host: bytes | None, port: int) -> str:
    """The address with which the asked node was reached, with another's host and port in it. A node that does not
    know its own name leaves it empty."""
    parts = urlsplit(asked_url)
    credentials, at, _ = parts.netloc.rpartition("@")
    name = (host or b"").decode() or parts.hostname or ""
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}{f'[{name}]' if ':' in name else name}:{port}"))
