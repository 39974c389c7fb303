"""How one event is refused, and what its sender is told of an event that was changed."""

from typing import NamedTuple


class EventError(Exception):
    """One event cannot be taken: a machine code, a sentence that names the field and the limit.

    Codes: invalid_json invalid_type missing_field invalid_value invalid_url invalid_unicode too_large
    number_out_of_range timestamp_out_of_range event_too_old forbidden_website.
    """

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class Warned(NamedTuple):
    """A change made to an accepted event; `position` is its place in the batch, 0 for a single event."""

    position: int
    code: str
    field: str
    warning: str
