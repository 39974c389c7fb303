"""Names in Redis that the gateway and the worker must agree on."""

# Braces are a cluster hash tag: each partition is one slot, and partitions spread over nodes.
STREAM_KEY = "events:{{{partition}}}"
CONSUMER_GROUP = "workers"


def stream_key(partition: int) -> str:
    """The stream of one partition, 0 <= partition < STREAM_PARTITIONS."""
    return STREAM_KEY.format(partition=partition)
