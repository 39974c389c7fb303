"""Whether what was measured again and again has stayed flat."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

# Of the watched time, at its beginning: caches fill, pools open, the allocator finds its size.
WARM_UP_SHARE = 0.25
# From the first third of what follows to the last. A leak shows sooner or later: the longer the soak, the smaller
# the leak that makes this much of it. Within it is what garbage and autovacuum leave lying about for a while.
MAX_GROWTH = 0.15


class Sample(NamedTuple):
    """One look; `seconds` since the soak began."""

    seconds: float
    value: float


@dataclass(frozen=True)
class Trend:
    """How something changed. `growth` is from the first third to the last, in the unit of what was measured."""

    level: float
    growth: float
    per_hour: float

    def is_flat(self, floor: float) -> bool:
        """Up to `floor`, growth is noise: one page, one connection, one arena more."""
        return self.growth <= max(floor, MAX_GROWTH * self.level)


def trend(samples: Sequence[Sample]) -> Trend:
    """The trend after the warm-up, by medians, which one odd look does not move; at least 12 samples."""
    watched = samples[int(WARM_UP_SHARE * len(samples)) :]
    third = len(watched) // 3
    first, last = watched[:third], watched[-third:]
    level = median(sample.value for sample in first)
    growth = median(sample.value for sample in last) - level
    hours = (median(sample.seconds for sample in last) - median(sample.seconds for sample in first)) / 3600
    return Trend(level, growth, growth / hours)
