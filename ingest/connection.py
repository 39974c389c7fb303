"""The gateway's connections to Redis."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# A stopped server or a black hole becomes a 503 after this (RELIABILITY C6, C27).
SOCKET_SECONDS = 2.0


def connect(redis_url: str) -> Redis:
    """A client whose replies are bytes, and which never sends a command twice: one XADD whose reply
    was cut left three entries under the library's own retries."""
    return Redis.from_url(
        redis_url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )


async def read_bytes(redis: Redis, key: str) -> bytes | None:
    """The value of `key`; raises RedisError or OSError."""
    value = await redis.get(key)
    # The library's type allows text as well, which a client of `connect` never gives.
    assert not isinstance(value, str)
    return value
