"""Where the streams are, read from what a node of a cluster says of itself and the others."""

import msgspec
import pytest

from shared.cluster import partitions_by_node
from shared.settings import SettingError, read_settings

# As a node answers: first and last slot, the primary, its replicas.
THIRDS: list[object] = [
    [0, 5460, [b"10.0.0.1", 6379, b"id-1", {}], [b"10.0.0.4", 6379, b"id-4", {}]],
    [5461, 10922, [b"", 7000, b"id-2", {}]],
    [10923, 16383, [b"fd00::3", 6379, b"id-3", {}]],
]


def test_partitions_are_with_the_primaries_of_their_slots() -> None:
    found = partitions_by_node(THIRDS, "redis://asked:6379", range(8))

    # CLUSTER KEYSLOT of their keys, from 0 on: 13907, 9842, 5649, 1584, 14039, 9974, 5781, 1716.
    assert found == {
        "redis://10.0.0.1:6379": [3, 7],
        "redis://asked:7000": [1, 2, 5, 6],
        "redis://[fd00::3]:6379": [0, 4],
    }


def test_nodes_are_reached_as_the_one_that_was_asked() -> None:
    found = partitions_by_node(THIRDS, "rediss://gateway:p%40ss@asked:6379?ssl_cert_reqs=none", [3])

    assert list(found) == ["rediss://gateway:p%40ss@10.0.0.1:6379?ssl_cert_reqs=none"]


def test_a_partition_whose_slot_nobody_has_is_with_none() -> None:
    assert partitions_by_node(THIRDS[:1], "redis://asked:6379", range(8)) == {"redis://10.0.0.1:6379": [3, 7]}


NO_ANSWERS: tuple[object, ...] = (
    None,
    [],
    b"OK",
    [[0]],
    [[0, 1, [b"host"]]],
    [[0, 1, [b"host", b"port"]]],
    [[b"x", 1, [b"host", 1]]],
)


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_what_is_no_answer_is_refused(answer: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        partitions_by_node(answer, "redis://asked:6379", range(8))


@pytest.mark.parametrize(
    "bad", ["nonsense", "redis://host:99999", "unix:///run/valkey.sock", "redis://:secret@host:6379/1", "redis://:6379"]
)
def test_what_is_no_node_of_a_cluster_stops_the_start(bad: str) -> None:
    with pytest.raises(SettingError, match=r"STREAM_CLUSTER: must be addresses such as") as refused:
        read_settings({"STREAM_CLUSTER": f"redis://host:6379,{bad}"})

    assert "secret" not in str(refused.value)
