"""The one question every report asks: whose, what, by what, of whom, when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from queryapi.buckets import Interval

# Slices of the visitors, by a hash; every visitor is in one.
LANES = 64
Compare = Literal["previous", "year_over_year", "custom", "none"]
Operator = Literal["is", "contains", "matches"]


@dataclass(frozen=True, kw_only=True)
class Range:
    """A stretch of time [since, until), in UTC, and the zone its days are counted in.

    `first_day` and `last_day` (included) are set when it is made of whole local days; `label` is what
    answers call `date_range`.
    """

    since: datetime
    until: datetime
    zone: ZoneInfo
    label: str
    first_day: date | None = None
    last_day: date | None = None

    @property
    def days(self) -> int | None:
        if self.first_day is None or self.last_day is None:
            return None
        return (self.last_day - self.first_day).days + 1

    @property
    def length(self) -> timedelta:
        """Whole days where it is made of them: a night of a clock change makes none longer or shorter."""
        return self.until - self.since if self.days is None else timedelta(days=self.days)


@dataclass(frozen=True)
class Filter:
    """Rows whose dimension (or `prop:<key>`) has, contains or matches one of `values`. What has no value is
    met only by the name that no value goes by, such as `(not set)`."""

    name: str
    values: tuple[str, ...]
    operator: Operator = "is"
    is_case_sensitive: bool = True


@dataclass(frozen=True)
class And:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Or:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Not:
    """Everything else, what has no value included."""

    part: "Condition"


@dataclass(frozen=True)
class HasDone:
    """Sessions that contain an event of the range which meets `part`."""

    part: "Condition"


Condition: TypeAlias = Filter | And | Or | Not | HasDone


@dataclass(frozen=True)
class Order:
    """By a metric or by the name of the row; ties are always broken by name, ascending."""

    key: str
    descending: bool


@dataclass(frozen=True, kw_only=True)
class Query:
    """Metrics of one website over one population (SPEC R34). All filters are met."""

    website_id: str
    range: Range
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: tuple[Condition, ...] = ()
    include_bots: bool = False
    # Engagement from which a session of one page view is no bounce (SPEC R22); None: none is enough.
    engaged_threshold_ms: int | None = None
    # Splits the range into buckets, up to `as_of`: no bucket lies in the future.
    interval: Interval | None = None
    as_of: datetime
    compare: Compare = "none"
    order: Order | None = None
    # What breaks ties before the names do.
    ties: tuple[Order, ...] = ()
    search: str | None = None
    limit: int | None = None
    offset: int = 0
    # How many lanes `unique_visitors` is counted from; fewer than all give an estimate.
    lanes: int = LANES
    # What `rollup_values` calls the dimensions and filters, where it answers them for these days.
    counted_as: str | None = None
    # Everything is counted of one in so many visitors, by a hash, and scaled.
    one_in: int = 1

    @property
    def has_own_bounces(self) -> bool:
        """True where bounces are not what the rollups count."""
        return self.engaged_threshold_ms is not None and "bounce_rate" in self.metrics

    @property
    def greatest_hash(self) -> int:
        """What the hashes of the visitors that are looked at stay below: -2^63 is the least there is."""
        return 2**64 // self.one_in - 2**63
