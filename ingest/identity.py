"""Who sent an event, without knowing who (SPEC R10-R13, R60): the visitor's id, and the partition."""

from datetime import datetime
from hashlib import blake2b
from os import urandom
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingest.client import Origin
from ingest.connection import read_bytes
from ingest.refusal import EventError
from ingest.salts import SaltBook
from ingest.unavailable import unavailable
from shared.domains import registrable_domain
from shared.registry import Website

ROUTING_SECRET_KEY = "routing_secret"  # noqa: S105 -- a name
ROUTING_SECRET_BYTES = 32
# What a client's code sends when it has no id: the texts of "nothing" (SPEC R10).
_ABSENT = frozenset({"", "null", "undefined", "0", "[object Object]"})


class Visitor(NamedTuple):
    """Today's id, and yesterday's when it was derived (SPEC R12)."""

    visitor_id: str
    previous_visitor_id: str | None


class Naming:
    """Names visitors, and spreads them over `partitions` streams."""

    def __init__(self, redis: Redis, salts: SaltBook, partitions: int) -> None:
        self._redis = redis
        self._salts = salts
        self._partitions = partitions
        self._routing_secret = b""

    async def ensure_secret(self) -> None:
        """Have the deployment's routing secret in memory, made by whichever gateway was first; raises
        AppError 503 when Redis cannot give it."""
        if self._routing_secret:
            return
        try:
            await self._redis.set(ROUTING_SECRET_KEY, urandom(ROUTING_SECRET_BYTES), nx=True)
            secret = await read_bytes(self._redis, ROUTING_SECRET_KEY)
        except (RedisError, OSError) as error:
            raise unavailable() from error
        if secret is None:
            raise unavailable()
        self._routing_secret = secret

    def partition(self, website_id: str, given: str | None, origin: Origin) -> int:
        """The partition of all events of one visitor: keyed, so that the number tells nothing of the
        address, and free of the daily salt, so that a session survives midnight (SPEC R12)."""
        sender = origin.key() if given is None else given.encode()
        digest = blake2b(b"%b\0%b" % (website_id.encode(), sender), digest_size=8, key=self._routing_secret).digest()
        return int.from_bytes(digest) % self._partitions

    async def derive(self, website: Website, moment: datetime, origin: Origin, hostname: str | None) -> Visitor:
        """The ids that `origin` has on the site-local days of `moment` and before it; raises AppError
        503 when there is no salt."""
        salts = self._salts.held(website, moment) or await self._salts.load(website, moment)
        domain = registrable_domain(hostname) if hostname else ""
        message = b"%b\0%b\0%b" % (website.website_id.encode(), origin.key(), domain.encode())
        current = blake2b(message, digest_size=16, key=salts.current).hexdigest()
        return Visitor(current, blake2b(message, digest_size=16, key=salts.previous).hexdigest())


def given_id(value: str | None, field: str) -> str | None:
    """A client's own id, or None when it is one of the known texts of "nothing"; raises EventError."""
    if value is None or value.strip() in _ABSENT:
        return None
    if "\0" in value:
        raise EventError("invalid_value", f"{field}: must not contain U+0000", field)
    return value
