"""The filter grammar, `[operator, dimension, [values], {"case_sensitive": false}]` and its combinations, read
strictly (SPEC R64, N3). A segment and a query are made of the same."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Never

from queryapi.dimensions import CODES, FILTER_DIMENSIONS, UNSET
from queryapi.fields import Json, clean
from queryapi.params import MAX_PROPERTY_KEY_BYTES, MAX_VALUE_CHARACTERS, PROPERTY
from queryapi.query import And, Condition, Filter, HasDone, Not, Operator, Or
from shared.errors import AppError

# SPEC N3: an operator and its opposite.
OPERATORS: dict[str, tuple[Operator, bool]] = {
    "is": ("is", True),
    "is_not": ("is", False),
    "contains": ("contains", True),
    "contains_not": ("contains", False),
    "matches": ("matches", True),
    "matches_not": ("matches", False),
}
GROUPS = ("and", "or", "not", "has_done", "has_not_done")
# One look at the events answers a filter, and a group is a look of its own at worst.
MAX_FILTERS = 20
MAX_GROUP_DEPTH = 3
MAX_VALUES = 100
MAX_PATTERN_CHARACTERS = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Place:
    """Where in the document something stands; `groups` are open around it, and `is_done` tells that one of
    them is about what somebody has done."""

    name: str
    groups: int = 0
    is_done: bool = False

    def at(self, *indexes: int) -> "Place":
        return Place(self.name + "".join(f"[{index}]" for index in indexes), self.groups, self.is_done)


def parse_filters(text: str) -> tuple[Condition, ...]:
    """The filters of the parameter `filters`; raises AppError 400."""
    try:
        document: Json = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise bad_field("too_deep", "filters", f"nested deeper than {MAX_GROUP_DEPTH}") from error
    except ValueError as error:
        raise bad_field("invalid_json", "filters", "not valid JSON") from error
    return read_filters(document, "filters")


def read_filters(document: Json, name: str) -> tuple[Condition, ...]:
    """The filters of a JSON list, all of which must be met; raises AppError 400 by the place in it."""
    conditions = _group(document, Place(name), has_to_be_filled=False)
    count = sum(_leaves(condition) for condition in conditions)
    if count > MAX_FILTERS:
        raise bad_field("too_many_filters", name, f"more than {MAX_FILTERS} filters", limit=MAX_FILTERS)
    return conditions


def bad_field(code: str, field: str, problem: str, **limits: object) -> AppError:
    """A 400 that names the place, what is wrong and the limit."""
    return AppError(400, code, f"{field}: {problem}", details={"field": field, **limits})


def patterns(conditions: Sequence[Condition]) -> list[str]:
    """Every regular expression in the conditions."""
    found: list[str] = []
    for condition in conditions:
        match condition:
            case Filter(_, values, "matches"):
                found += values
            case Not(part) | HasDone(part):
                found += patterns([part])
            case And(parts) | Or(parts):
                found += patterns(parts)
            case _:
                pass
    return found


def known_dimension(name: str) -> bool:
    """True for a dimension of the closed table, and for a property by any key."""
    key = name.removeprefix(PROPERTY)
    return name in FILTER_DIMENSIONS or (key != name and 0 < len(key.encode()) <= MAX_PROPERTY_KEY_BYTES)


def unknown_dimension(field: str) -> AppError:
    known = ", ".join(sorted(FILTER_DIMENSIONS))
    key = f"{PROPERTY}<key> with a key of 1 to {MAX_PROPERTY_KEY_BYTES} bytes"
    return bad_field("unknown_dimension", field, f"must be one of {known}, or {key}")


def normal_values(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """The values as they are stored: codes of places in capital letters."""
    if name not in CODES:
        return tuple(values)
    return tuple(value if value == UNSET else value.upper() for value in values)


def _group(document: Json, place: Place, *, has_to_be_filled: bool = True) -> tuple[Condition, ...]:
    if not isinstance(document, list):
        raise bad_field("invalid_type", place.name, "must be a list of filters")
    if has_to_be_filled and not document:
        raise bad_field("invalid_filter", place.name, "must not be empty")
    # Checked before the filters are read: a list of a million is refused by its length.
    if len(document) > MAX_FILTERS:
        raise bad_field("too_many_filters", place.name, f"more than {MAX_FILTERS} filters", limit=MAX_FILTERS)
    return tuple(_condition(item, place.at(index)) for index, item in enumerate(document))


def _condition(document: Json, place: Place) -> Condition:
    if not isinstance(document, list) or not document or not isinstance(document[0], str):
        raise bad_field("invalid_filter", place.name, "must be a list that begins with an operator")
    operator = clean(document[0])
    if operator in OPERATORS:
        return _leaf(operator, document, place)
    if operator not in GROUPS:
        known = ", ".join((*OPERATORS, *GROUPS))
        raise bad_field("unknown_operator", place.at(0).name, f"must be one of {known}")
    if len(document) != 2:
        raise bad_field("invalid_filter", place.name, f"must be [{operator}, what it applies to]")
    if place.groups == MAX_GROUP_DEPTH:
        problem = f"nested deeper than {MAX_GROUP_DEPTH}"
        raise bad_field("too_deep", place.name, problem, limit=MAX_GROUP_DEPTH)
    inner = Place(place.at(1).name, place.groups + 1, place.is_done or operator.startswith("has_"))
    if operator in {"and", "or"}:
        parts = _group(document[1], inner)
        return And(parts) if operator == "and" else Or(parts)
    if operator != "not" and place.is_done:
        raise bad_field("invalid_filter", place.name, "has_done and has_not_done cannot be nested")
    part = _condition(document[1], inner)
    if operator == "not":
        return Not(part)
    return HasDone(part) if operator == "has_done" else Not(HasDone(part))


def _leaf(operator: str, document: list[Json], place: Place) -> Condition:
    if len(document) not in {3, 4}:
        raise bad_field("invalid_filter", place.name, f"must be [{operator}, a dimension, a list of values]")
    name = document[1]
    if not isinstance(name, str) or not known_dimension(clean(name)):
        raise unknown_dimension(place.at(1).name)
    name = clean(name)
    if _CONTROL.search(name):
        raise unknown_dimension(place.at(1).name)
    kind, is_met = OPERATORS[operator]
    values = _values(document[2], kind, place.at(2))
    is_case_sensitive = _is_case_sensitive(document[3], place.at(3)) if len(document) == 4 else True
    if kind == "is":
        values = normal_values(name, values)
    found = Filter(name, values, kind, is_case_sensitive)
    return found if is_met else Not(found)


def _values(document: Json, kind: Operator, place: Place) -> tuple[str, ...]:
    if not isinstance(document, list):
        raise bad_field("invalid_type", place.name, "must be a list of text")
    if not 1 <= len(document) <= MAX_VALUES:
        raise bad_field("invalid_filter", place.name, f"must have 1 to {MAX_VALUES} values", limit=MAX_VALUES)
    return tuple(_value(item, kind, place.at(index).name) for index, item in enumerate(document))


def _value(document: Json, kind: Operator, field: str) -> str:
    if not isinstance(document, str):
        raise bad_field("invalid_type", field, "must be text")
    limit = MAX_PATTERN_CHARACTERS if kind == "matches" else MAX_VALUE_CHARACTERS
    if not 1 <= len(document) <= limit:
        raise bad_field("invalid_filter", field, f"must have 1 to {limit} characters", limit=limit)
    if _CONTROL.search(document):
        raise bad_field("invalid_filter", field, "control characters are not allowed")
    return clean(document)


def _is_case_sensitive(document: Json, place: Place) -> bool:
    if not isinstance(document, dict):
        raise bad_field("invalid_type", place.name, 'must be {"case_sensitive": true or false}')
    for name in document:
        if name != "case_sensitive":
            raise bad_field("unknown_field", f"{place.name}.{clean(name)[:64]}", "unknown; known is case_sensitive")
    value = document.get("case_sensitive", True)
    if not isinstance(value, bool):
        raise bad_field("invalid_type", f"{place.name}.case_sensitive", "must be true or false")
    return value


def _leaves(condition: Condition) -> int:
    match condition:
        case Filter():
            return 1
        case Not(part) | HasDone(part):
            return _leaves(part)
        case And(parts) | Or(parts):
            return sum(_leaves(part) for part in parts)


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)
