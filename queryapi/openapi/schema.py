"""The few shapes of JSON Schema that the document is written in."""

from collections.abc import Mapping, Sequence

Schema = Mapping[str, object]
Properties = Mapping[str, Schema]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
UUID_TEXT: Schema = {"type": "string", "format": "uuid"}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}


def record(required: Properties, optional: Properties | None = None) -> Schema:
    """An object. Other fields may be added to it later, as clients must expect; tests expect none."""
    schema: dict[str, object] = {"type": "object", "properties": {**required, **(optional or {})}}
    return {**schema, "required": list(required)} if required else schema


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def keyed(value: Schema) -> Schema:
    """An object whose names are data."""
    return {"type": "object", "additionalProperties": value}


def one_of(values: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(values)}


def text(low: int, high: int) -> Schema:
    """Text of that many characters."""
    return {"type": "string", "minLength": low, "maxLength": high}


def whole(low: int, high: int, default: int | None = None) -> Schema:
    schema: Schema = {"type": "integer", "minimum": low, "maximum": high}
    return schema if default is None else {**schema, "default": default}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
