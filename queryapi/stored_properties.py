"""The columns of an event that hold JSON, checked as text: numbers go into the database as they are written."""

import math
import re
from typing import Never

import msgspec

from shared.errors import AppError

# SPEC R6. The database writes JSON with blanks, and numbers without exponents: 64 KiB hold what 8 KiB become.
MAX_JSON_BYTES = 65_536
MAX_PROPERTIES = 50
MAX_KEY_BYTES = 128
MAX_VALUE_BYTES = 1024
MAX_MEASURE = 1e9
MEASURES = frozenset({"lcp", "inp", "cls", "fcp", "ttfb", "load"})
# A float64 written out has 309 digits before its point and fewer than 400 behind it that say anything.
_NUMBER = re.compile(rb"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")
_LITERALS = frozenset({b"true", b"false", b"null"})
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


def check_properties(text: msgspec.Raw) -> None:
    """Raises AppError 422 unless `text` is a flat object within the limits of properties."""
    found = _decode(text, "properties")
    if len(found) > MAX_PROPERTIES:
        _refuse("properties", f"more than {MAX_PROPERTIES} keys")
    for key, value in found.items():
        if "\0" in key or len(key.encode()) > MAX_KEY_BYTES:
            _refuse("properties", f"a key must have at most {MAX_KEY_BYTES} bytes, and no U+0000")
        _check_scalar(bytes(value))


def check_performance(text: msgspec.Raw) -> None:
    """Raises AppError 422 unless `text` is an object of measures that are known."""
    for name, value in _decode(text, "performance").items():
        number = bytes(value)
        if name not in MEASURES:
            _refuse("performance", f"known are {', '.join(sorted(MEASURES))}")
        if _NUMBER.fullmatch(number) is None or not 0 <= float(number) <= MAX_MEASURE:
            _refuse("performance", f"{name} must be a number from 0 to {MAX_MEASURE:.0f}")


def _decode(text: msgspec.Raw, field: str) -> dict[str, msgspec.Raw]:
    if len(text) > MAX_JSON_BYTES:
        raise AppError(422, "too_long", f"{field}: longer than {MAX_JSON_BYTES} bytes", details={"field": field})
    try:
        return _object.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        _refuse(field, "must be an object")


def _check_scalar(value: bytes) -> None:
    if value.startswith(b'"'):
        try:
            decoded = _text.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            _refuse("properties", "a text is not valid")
        if "\0" in decoded or len(decoded.encode()) > MAX_VALUE_BYTES:
            _refuse("properties", f"a text must have at most {MAX_VALUE_BYTES} bytes, and no U+0000")
    elif value not in _LITERALS and (_NUMBER.fullmatch(value) is None or not math.isfinite(float(value))):
        _refuse("properties", "must hold texts, numbers a float64 can hold, true, false and null alone")


def _refuse(field: str, problem: str) -> Never:
    raise AppError(422, "invalid_value", f"{field}: {problem}", details={"field": field})
