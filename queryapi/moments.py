"""Moments in a JSON body."""

from datetime import datetime
from typing import Annotated

import msgspec

from queryapi.fields import Fields, refuse

MAX_MOMENT_CHARACTERS = 40
# As far as `from` and `to` of a report.
LATEST_YEAR = 2100


def moment_field(fields: Fields, name: str) -> datetime | None:
    """An aware moment in RFC 3339, None when absent; raises AppError 422."""
    sent = fields.text(name, MAX_MOMENT_CHARACTERS)
    if sent is None:
        return None
    try:
        return msgspec.convert(sent, Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError as error:
        raise refuse("invalid_value", name, "must be a datetime such as 2027-01-31T10:00:00Z") from error


def expiry_field(fields: Fields, now: datetime) -> datetime | None:
    """The end of something in `expires_at`, None when it has none; raises AppError 422."""
    expires_at = moment_field(fields, "expires_at")
    if expires_at is not None and (expires_at <= now or expires_at.year >= LATEST_YEAR):
        raise refuse("invalid_value", "expires_at", f"must lie between now and the year {LATEST_YEAR}")
    return expires_at
