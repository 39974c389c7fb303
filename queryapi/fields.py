"""A JSON body taken apart field by field: what does not fit is refused by its path and limit."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Never, TypeAlias, TypeVar

from shared.errors import AppError

Choice = TypeVar("Choice", bound=str)
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
# The definition of a funnel is four levels deep.
MAX_DEPTH = 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def refuse(code: str, field: str, problem: str, **limits: object) -> AppError:
    """A 422 that names the field, what is wrong and the limit."""
    return AppError(422, code, f"{field}: {problem}", details={"field": field, **limits})


def parse_object(body: bytes) -> "Fields":
    """The JSON object in `body`; raises AppError 400 when it is no JSON, 422 when it is no object."""
    try:
        document: Json = json.loads(body.decode(), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise AppError(400, "invalid_json", "body: not valid JSON") from error
    if _is_deeper(document, MAX_DEPTH):
        raise _too_deep()
    return as_fields(document, "body", "")


def as_fields(value: Json, name: str, path: str) -> "Fields":
    """The object at `path`; raises AppError 422 when it is none."""
    if not isinstance(value, dict):
        raise refuse("invalid_type", name, "must be an object")
    # null and a missing field mean the same.
    return Fields(path, {clean(key): item for key, item in value.items() if item is not None})


def clean(text: str) -> str:
    """`text` as it can be stored: a lone half of a surrogate pair becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class Fields:
    """The fields of one object; `path` is what comes before their names."""

    path: str
    values: dict[str, Json]

    def at(self, name: str) -> str:
        return f"{self.path}{name}"

    def check_known(self, known: frozenset[str]) -> None:
        """Raises AppError 422 on a name that is not in `known`: a typo must not pass for a default."""
        for name in self.values:
            if name not in known:
                raise refuse("unknown_field", self.at(name[:64]), f"unknown; known are {', '.join(sorted(known))}")

    def require(self, name: str) -> Json:
        if name not in self.values:
            raise refuse("missing_field", self.at(name), "is required")
        return self.values[name]

    def text(self, name: str, limit_characters: int) -> str | None:
        """Text in Unicode's composed form, without control characters; None when absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise refuse("invalid_type", self.at(name), "must be text")
        value = unicodedata.normalize("NFC", clean(value))
        if _CONTROL.search(value):
            raise refuse("invalid_value", self.at(name), "control characters are not allowed")
        if len(value) > limit_characters:
            problem = f"longer than {limit_characters} characters"
            raise refuse("too_long", self.at(name), problem, limit=limit_characters)
        return value

    def label(self, name: str, limit_characters: int) -> str | None:
        """Text that shows something: blanks at its ends are dropped, blanks alone refused."""
        value = self.text(name, limit_characters)
        if value is None:
            return None
        if all(unicodedata.category(character)[0] in "ZC" for character in value):
            raise refuse("invalid_value", self.at(name), "must not be blank")
        return value.strip()

    def whole(self, name: str, low: int, high: int) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise refuse("invalid_type", self.at(name), f"must be a whole number from {low} to {high}")
        if not low <= value <= high:
            raise refuse("invalid_value", self.at(name), f"must be from {low} to {high}", low=low, high=high)
        return value

    def flag(self, name: str) -> bool | None:
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise refuse("invalid_type", self.at(name), "must be true or false")

    def texts(self, name: str, limit: int) -> list[str]:
        """A list of at most `limit` texts, empty when absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise refuse("invalid_type", self.at(name), "must be a list")
        if len(value) > limit:
            raise refuse("invalid_value", self.at(name), f"more than {limit}", limit=limit)
        texts: list[str] = []
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise refuse("invalid_type", self.at(f"{name}[{index}]"), "must be text")
            texts.append(item)
        return texts

    def choice(self, name: str, allowed: Sequence[Choice]) -> Choice | None:
        value = self.text(name, 64)
        if value is None:
            return None
        for option in allowed:
            if option == value:
                return option
        raise refuse("invalid_value", self.at(name), f"must be one of {', '.join(allowed)}")


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _too_deep() -> AppError:
    return AppError(400, "too_deep", f"body: nested deeper than {MAX_DEPTH}", details={"limit": MAX_DEPTH})


def _is_deeper(value: Json, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)
