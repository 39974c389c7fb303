"""Which time zones there are."""

from functools import cache
from zoneinfo import available_timezones

# Not places: aliases of the machine's own setting, a placeholder, and copies with other leap-second rules.
_NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_COPIES = ("posix/", "right/")


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name this machine knows; the set is read once, it changes with the tzdata package only."""
    return frozenset(name for name in available_timezones() if name not in _NOT_ZONES and not name.startswith(_COPIES))
