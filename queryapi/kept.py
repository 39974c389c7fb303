"""What was looked up lately, kept for seconds and bounded in number."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from shared.clock import Clock

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# How long what was revoked in another process may still open this one.
KEEP = timedelta(seconds=5)
MAX_KEPT = 1024


class Kept(Generic[Key, Value]):
    """Values by key, each for `KEEP` from when it was read; the oldest go when there are too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: OrderedDict[Key, tuple[Value, datetime]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        found = self._values.get(key)
        if found is not None and timedelta() <= self._clock() - found[1] < KEEP:
            return found[0]
        self._values.pop(key, None)
        return None

    def put(self, key: Key, value: Value, read_at: datetime) -> None:
        self._values[key] = (value, read_at)
        while len(self._values) > MAX_KEPT:
            self._values.popitem(last=False)

    def replace(self, key: Key, value: Value) -> None:
        """Another value for what is kept, as old as the one before."""
        self._values[key] = (value, self._values[key][1])

    def forget(self, key: Key) -> None:
        self._values.pop(key, None)

    def forget_where(self, is_void: Callable[[Value], bool]) -> None:
        for key in [key for key, (value, _) in self._values.items() if is_void(value)]:
            self.forget(key)
