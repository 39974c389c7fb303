"""Which time zones a request may name."""

from zoneinfo import ZoneInfo

from shared.errors import AppError
from shared.zones import zone_names


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
