"""The query string, taken apart strictly: what cannot be read is refused, never guessed (SPEC R64)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from shared.errors import AppError

MAX_QUERY_BYTES = 16_384
MAX_PARAMETERS = 100
MAX_VALUE_CHARACTERS = 2048
MAX_SEARCH_CHARACTERS = 500
# Filters as JSON, before they are taken apart.
MAX_FILTERS_CHARACTERS = 8192
# SPEC R6: the longest key of a property.
MAX_PROPERTY_KEY_BYTES = 128
PROPERTY = "prop:"
NO_PARAMETERS: frozenset[str] = frozenset()

_LIMITS = {"search": MAX_SEARCH_CHARACTERS, "filters": MAX_FILTERS_CHARACTERS}
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def bad_parameter(name: str, problem: str, code: str = "invalid_parameter") -> AppError:
    """A 400 that names the parameter, what is wrong and the limit."""
    return AppError(400, code, f"{name}: {problem}", details={"parameter": name})


@dataclass(frozen=True)
class Params:
    """The parameters of one request: every name is known, every scalar stands once."""

    values: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str | None:
        found = self.values.get(name)
        return found[0] if found else None

    def whole(self, name: str, low: int, high: int) -> int | None:
        """An integer of ASCII digits from `low` to `high`, or None when absent; raises AppError 400."""
        value = self.text(name)
        if value is None:
            return None
        # Nine digits hold every limit; int() itself would take "+7", "1_0" and other alphabets' digits.
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise bad_parameter(name, f"must be a whole number from {low} to {high}")
        return int(value)

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """One of `allowed`, or None when absent; raises AppError 400."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise bad_parameter(name, f"must be one of {', '.join(allowed)}")
        return value

    def flag(self, name: str) -> bool:
        return self.choice(name, ("true", "false")) == "true"

    def has_any(self, *names: str) -> bool:
        return any(name in self.values for name in names)


def parse_params(query_string: bytes, scalars: frozenset[str], repeatable: frozenset[str]) -> Params:
    """The parameters in `query_string`; raises AppError 400 on an unknown name, a scalar given twice,
    a value that is empty, too long, or not UTF-8."""
    if len(query_string) > MAX_QUERY_BYTES:
        raise AppError(400, "query_too_long", f"query string: longer than {MAX_QUERY_BYTES} bytes")
    parts = [part for part in query_string.decode("latin-1").split("&") if part]
    if len(parts) > MAX_PARAMETERS:
        raise AppError(400, "too_many_parameters", f"query string: more than {MAX_PARAMETERS} parameters")
    found: dict[str, tuple[str, ...]] = {}
    for part in parts:
        raw_name, _, raw_value = part.partition("=")
        name = _decode("query string", raw_name)
        _check_name(name, scalars, repeatable)
        value = _decode(name, raw_value)
        _check_value(name, value)
        if name in found and name in scalars:
            raise bad_parameter(name, "given more than once", "duplicate_parameter")
        found[name] = (*found.get(name, ()), value)
    return Params(found)


def _check_name(name: str, scalars: frozenset[str], repeatable: frozenset[str]) -> None:
    if name != PROPERTY and (name in scalars or name in repeatable):
        return
    if name.startswith(PROPERTY) and PROPERTY in repeatable:
        key = name.removeprefix(PROPERTY)
        if not key or len(key.encode()) > MAX_PROPERTY_KEY_BYTES:
            raise bad_parameter(PROPERTY, f"a key of 1 to {MAX_PROPERTY_KEY_BYTES} bytes must follow")
        return
    shown = name[:64]
    raise bad_parameter(
        shown, f"unknown parameter; known are {', '.join(sorted(scalars | repeatable))}", "unknown_parameter"
    )


def _check_value(name: str, value: str) -> None:
    if not value:
        raise bad_parameter(name, "must not be empty")
    limit = _LIMITS.get(name, MAX_VALUE_CHARACTERS)
    if len(value) > limit:
        raise bad_parameter(name, f"longer than {limit} characters")


def _decode(name: str, text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise AppError(400, "invalid_query_string", f"{name}: a percent sign must be followed by two hex digits")
    try:
        decoded = unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise AppError(400, "invalid_query_string", f"{name}: not UTF-8") from error
    if _CONTROL.search(decoded):
        raise AppError(400, "invalid_query_string", f"{name}: control characters are not allowed")
    return decoded
