"""How often somebody may try: token buckets in this process, so that no other server can weaken them."""

from collections import OrderedDict
from collections.abc import Iterable
from math import ceil

from shared.errors import AppError

ATTEMPTS_PER_MINUTE = 20
# Buckets kept; who was forgotten starts with a full one.
MAX_BUCKETS = 100_000
_PER_SECOND = ATTEMPTS_PER_MINUTE / 60


class Attempts:
    """A bucket a key, `ATTEMPTS_PER_MINUTE` deep and filled again at that rate."""

    def __init__(self) -> None:
        # key -> (tokens, seconds since 1970 when that was so)
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, keys: Iterable[bytes], now: float) -> None:
        """One attempt of each key; raises AppError 429 when one of them has none left, and takes none then."""
        left = {key: self._tokens(key, now) for key in keys}
        fewest = min(left.values())
        if fewest < 1:
            wait = max(1, ceil((1 - fewest) / _PER_SECOND))
            message = f"too many attempts; at most {ATTEMPTS_PER_MINUTE} a minute"
            raise AppError(429, "too_many_attempts", message, headers={"Retry-After": str(wait)})
        for key, tokens in left.items():
            self._buckets[key] = (tokens - 1, now)
            self._buckets.move_to_end(key)
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)

    def _tokens(self, key: bytes, now: float) -> float:
        tokens, since = self._buckets.get(key, (float(ATTEMPTS_PER_MINUTE), now))
        # A clock that steps back must not take tokens away.
        return min(float(ATTEMPTS_PER_MINUTE), tokens + max(0.0, now - since) * _PER_SECOND)
