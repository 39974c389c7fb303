"""SPEC R6: custom properties become one flat JSON object of scalars, within its limits."""

import math
from typing import TypeGuard

import msgspec

from ingest.refusal import EventError
from ingest.text import NUL, TextCleaner, truncate

MAX_PROPERTIES = 50
MAX_KEY_BYTES = 128
MAX_VALUE_BYTES = 1024
MAX_PROPERTIES_BYTES = 8192
MAX_DEPTH = 5
# A character is 4 bytes at most: no need to measure.
_SHORT_VALUE = MAX_VALUE_BYTES // 4
_SHORT_KEY = MAX_KEY_BYTES // 4
INT64 = range(-(2**63), 2**63)
# Longer than any float64 needs; a longer one is an attack on the number parser.
MAX_NUMBER_CHARS = 400

Scalar = str | int | float | bool | None
_encoder = msgspec.json.Encoder()


class OutOfRange:
    """Stands where a number was that a float64 cannot hold."""


def parse_float(text: str) -> float | OutOfRange:
    """The float written as `text`, never infinite and never rounded to nothing; -0.0 becomes 0.0."""
    if len(text) > MAX_NUMBER_CHARS:
        return OutOfRange()
    value = float(text)
    if not math.isfinite(value):
        return OutOfRange()
    if value == 0.0 and text.lower().partition("e")[0].strip("-+.0"):
        return OutOfRange()
    return value + 0.0


def clean_properties(properties: dict[str, object], cleaner: TextCleaner) -> msgspec.Raw | msgspec.UnsetType:
    """`properties` as JSON text; UNSET when there are none. Raises EventError."""
    if not properties:
        return msgspec.UNSET
    flat: dict[str, Scalar] = {}
    for key, value in properties.items():
        if len(flat) > MAX_PROPERTIES:
            # What is not kept need not be worked out: a body has room for 100 000 keys.
            break
        # Nearly every property: nothing to flatten, and too short to need measuring.
        if isinstance(value, str) and len(value) <= _SHORT_VALUE and len(key) <= _SHORT_KEY and NUL not in key + value:
            flat[key] = value
        else:
            _flatten(key, value, 1, flat, cleaner)
    if len(flat) > MAX_PROPERTIES:
        cleaner.warn("too_many_properties", "properties", f"properties: only the first {MAX_PROPERTIES} keys kept")
        flat = dict(list(flat.items())[:MAX_PROPERTIES])
    encoded = _encoder.encode(flat)
    if len(encoded) > MAX_PROPERTIES_BYTES:
        raise EventError("too_large", f"properties: larger than {MAX_PROPERTIES_BYTES} bytes", "properties")
    return msgspec.Raw(encoded)


def _flatten(key: str, value: object, depth: int, flat: dict[str, Scalar], cleaner: TextCleaner) -> None:
    if _is_object(value):
        if depth >= MAX_DEPTH:
            raise EventError("invalid_value", f"properties: nested deeper than {MAX_DEPTH}", "properties")
        for name, inner in value.items():
            if len(flat) > MAX_PROPERTIES:
                break
            _flatten(f"{key}.{name}", inner, depth + 1, flat, cleaner)
        return
    clean_key = truncate(key.replace(NUL, ""), MAX_KEY_BYTES)
    if len(clean_key) < len(key.replace(NUL, "")):
        cleaner.warn("truncated", "properties", f"properties: a key was cut to {MAX_KEY_BYTES} bytes")
    flat[clean_key] = _scalar(value, depth, cleaner)


def _scalar(value: object, depth: int, cleaner: TextCleaner) -> Scalar:
    if _is_array(value):
        _check_numbers(value, depth)
        value = _encoder.encode(value).decode()
    if isinstance(value, str):
        return cleaner.clean(value, "properties", MAX_VALUE_BYTES) or ""
    _check_numbers(value, depth)
    assert value is None or isinstance(value, bool | int | float)
    return value


def _check_numbers(value: object, depth: int) -> None:
    """Raises EventError where a number, however deep, fits neither int64 nor float64."""
    inners = value.values() if _is_object(value) else value if _is_array(value) else None
    if inners is not None:
        if depth >= MAX_DEPTH:
            raise EventError("invalid_value", f"properties: nested deeper than {MAX_DEPTH}", "properties")
        for inner in inners:
            _check_numbers(inner, depth + 1)
    elif isinstance(value, OutOfRange) or (type(value) is int and value not in INT64):
        raise EventError("number_out_of_range", "properties: a number fits neither int64 nor float64", "properties")


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
