"""Which time zones a request may name."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from shared.errors import AppError

# Not places: aliases of the machine's own setting, a placeholder, and copies with other leap-second rules.
_NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_COPIES = ("posix/", "right/")


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name this machine knows; the set is read once, it changes with the tzdata package only."""
    return frozenset(name for name in available_timezones() if name not in _NOT_ZONES and not name.startswith(_COPIES))


def find_zone(name: str) -> ZoneInfo:
    """The zone called `name`; raises AppError 400 `invalid_timezone` (SPEC R37)."""
    if name not in zone_names():
        raise AppError(
            400,
            "invalid_timezone",
            "timezone: must be an IANA name such as Europe/Berlin",
            details={"parameter": "timezone"},
        )
    return ZoneInfo(name)
