"""Whether an answer is one that the document describes."""

from collections.abc import Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator

Document = Mapping[str, Any]


def closed(schema: Any) -> Any:
    """The schema without room for a field that it does not name: clients must expect more, tests must not."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]  # pyright: ignore[reportUnknownVariableType] -- JSON
    if not isinstance(schema, dict):
        return schema
    inner: dict[str, Any] = {name: closed(value) for name, value in schema.items()}  # pyright: ignore[reportUnknownVariableType] -- JSON
    if isinstance(inner.get("properties"), dict) and inner.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


def problems(document: Document, operation: Mapping[str, Any], status: int, body: object) -> list[str]:
    """What the answer has that the document does not say of it, or the other way round."""
    response = operation["responses"].get(str(status))
    if response is None:
        return [f"status {status} is not described: {body}"]
    content = response.get("content", {}).get("application/json")
    if content is None:
        return []
    schema = {**closed(content["schema"]), "components": closed(document["components"])}
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
        for error in Draft202012Validator(schema).iter_errors(body)
    ]
