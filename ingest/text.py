"""Text as it may be stored: within its limit, cut on a character boundary, free of U+0000."""

from ingest.refusal import Warned

# PostgreSQL's text and jsonb cannot hold U+0000 (SQLSTATE 22P05).
NUL = "\0"


def truncate(value: str, limit_bytes: int) -> str:
    """`value` within `limit_bytes` of UTF-8, cut between two characters."""
    if len(value) * 4 <= limit_bytes:
        return value
    encoded = value.encode()
    if len(encoded) <= limit_bytes:
        return value
    return encoded[:limit_bytes].decode(errors="ignore")


class TextCleaner:
    """Cleans the free text of one event and notes what it had to cut."""

    __slots__ = ("position", "warnings")

    def __init__(self, position: int, warnings: list[Warned]) -> None:
        self.position = position
        self.warnings = warnings

    def clean(self, value: str | None, field: str, limit_bytes: int) -> str | None:
        """`value` without U+0000 and within its limit; None when nothing is left."""
        if not value:
            return None
        if NUL in value:
            value = value.replace(NUL, "")
        if len(value) * 4 > limit_bytes:
            cut = truncate(value, limit_bytes)
            if cut is not value:
                self.warn("truncated", field, f"{field}: cut to {limit_bytes} bytes")
                value = cut
        return value or None

    def warn(self, code: str, field: str, warning: str) -> None:
        self.warnings.append(Warned(self.position, code, field, warning))
