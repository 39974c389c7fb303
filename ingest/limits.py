"""Rate limits: token buckets in this process, so that a full or slow Redis cannot weaken them (SPEC R61)."""

from collections import OrderedDict
from math import ceil

from shared.errors import AppError

# A bucket holds this many seconds of its rate.
BURST_SECONDS = 5
# A request takes a token for each event, or for so many bytes where that is more: a megabyte of properties on one
# event must not cost its sender less than it costs us. Usual events have some 300.
BYTES_A_TOKEN = 1024
# Buckets kept; a sender who was forgotten starts with a full one.
MAX_BUCKETS = 100_000


def tokens_for(size: int) -> int:
    """What a body of `size` bytes costs at least."""
    return 1 + size // BYTES_A_TOKEN


class Buckets:
    """One bucket a key, `rate` tokens a second.

    A request is admitted while its bucket holds at least one token, and then takes what it costs even if that
    leaves a debt: a batch larger than the burst passes, and is paid for."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.capacity = rate * BURST_SECONDS
        # key -> (tokens, seconds since 1970 when that was so)
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def check(self, key: bytes, now: float) -> None:
        """Raises AppError 429 when there is no token; takes none."""
        # Most are kept at their rate and have one, whatever time has added since.
        if self._buckets.get(key, (1.0, now))[0] < 1 and (tokens := self._tokens(key, now)) < 1:
            raise self._limited(tokens)

    def take(self, key: bytes, count: int, now: float) -> None:
        """Take `count` tokens; raises AppError 429."""
        tokens = self._tokens(key, now)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            raise self._limited(tokens)
        self._buckets[key] = (tokens - count, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)

    def _tokens(self, key: bytes, now: float) -> float:
        tokens, since = self._buckets.get(key, (float(self.capacity), now))
        # A clock that steps back must not take tokens away.
        return min(self.capacity, tokens + max(0.0, now - since) * self.rate)

    def _limited(self, tokens: float) -> AppError:
        wait = str(max(1, ceil((1 - tokens) / self.rate)))
        return AppError(
            429,
            "rate_limited",
            f"too many events; at most {self.rate} a second",
            headers={
                "Retry-After": wait,
                "X-RateLimit-Limit": str(self.rate),
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": wait,
            },
        )
