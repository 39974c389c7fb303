"""The document as a page: plain HTML, one style sheet, no script."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import cast
from urllib.parse import quote

import orjson

from queryapi.openapi.prose import prose

Node = Mapping[str, object]
STYLE = Path(__file__).with_name("docs.css").read_bytes()


def render_page(document: Node) -> str:
    """The whole page."""
    info = _node(document["info"])
    groups = [(str(tag["name"]), str(tag["description"])) for tag in _nodes(document["tags"])]
    found = {name: list(_operations(document, name)) for name, _ in groups}
    menu = "".join(
        f'<li><a href="#{_anchor(name)}">{escape(name)}</a><ul>{_menu_items(found[name])}</ul></li>'
        for name, _ in groups
    )
    sections = "".join(
        f'<section id="{_anchor(name)}"><h2>{escape(name)}</h2><p>{escape(text)}</p>'
        + "".join(_operation(method, path, operation) for method, path, operation in found[name])
        + "</section>"
        for name, text in groups
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(str(info['title']))}</title>"
        '<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="/docs.css"></head><body>'
        f'<a class="skip" href="#content">Skip to content</a><nav aria-label="Operations"><ul>{menu}</ul></nav>'
        f'<main id="content"><header><h1>{escape(str(info["title"]))}</h1>'
        f"<p>Version {escape(str(info['version']))} · "
        '<a href="/api/v1/openapi.json">OpenAPI 3.1 document</a></p>'
        f"{prose(str(info['description']))}{_token_help()}</header>{sections}</main></body></html>"
    )


def _menu_items(operations: Sequence[tuple[str, str, Node]]) -> str:
    return "".join(
        f'<li><a href="#{operation["operationId"]}">{escape(str(operation["summary"]))}</a></li>'
        for _, _, operation in operations
    )


def _token_help() -> str:
    return (
        "<p>Examples take a token from the environment:</p>"
        "<pre><code>TOKEN=$(analytics token --role viewer --website site-123)</code></pre>"
    )


def _operations(document: Node, group: str) -> Iterator[tuple[str, str, Node]]:
    for path, methods in _node(document["paths"]).items():
        for method, operation in _node(methods).items():
            if group in cast("Sequence[object]", _node(operation)["tags"]):
                yield method.upper(), path, _node(operation)


def _operation(method: str, path: str, operation: Node) -> str:
    identity = str(operation["operationId"])
    shown = escape(path).replace("/", "/<wbr>").replace("{", "<var>{").replace("}", "}</var>")
    security = _nodes(operation["security"])[-1]
    scopes = cast("Sequence[str]", security["token"])
    needs = f"Needs the scope <code>{escape(scopes[0])}</code>." if scopes else "Needs no token."
    return (
        f'<article id="{identity}"><h3><a href="#{identity}">{escape(str(operation["summary"]))}</a></h3>'
        f'<p class="route"><b class="{method.lower()}">{method}</b> <code>{shown}</code></p>'
        f"<p>{needs}</p>{prose(str(operation.get('description', '')))}"
        f"{_example(method, path, operation)}{_parameters(operation)}{_sent(operation)}{_answers(operation)}</article>"
    )


def _example(method: str, path: str, operation: Node) -> str:
    query = str(operation.get("x-example-query", ""))
    address = path.replace("{website_id}", "site-123")
    lines = [f'curl "http://localhost:8080{address}{f"?{query}" if query else ""}"']
    if method != "GET":
        lines[0] += f" -X {method}"
    if _nodes(operation["security"])[-1]["token"]:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in operation:
        media_type, body = _sent_content(operation)
        example = body["example"]
        sent = example if isinstance(example, str) else orjson.dumps(example).decode()
        lines += [f'-H "Content-Type: {media_type}"', f"-d '{sent}'"]
    command = escape(" \\\n  ".join(lines))
    return f"<pre><code>{command}</code></pre>"


def _parameters(operation: Node) -> str:
    """A row for each, and one for all of those that mean the same: the filters."""
    parameters = [parameter for parameter in _nodes(operation["parameters"]) if parameter["in"] != "path"]
    if not parameters:
        return ""
    alike: dict[bytes, list[Node]] = {}
    for parameter in parameters:
        alike.setdefault(orjson.dumps([parameter[key] for key in ("in", "description", "schema")]), []).append(
            parameter
        )
    rows = "".join(_row(same) for same in sorted(alike.values(), key=len))
    return f"<details><summary>{len(parameters)} parameters</summary><table>{rows}</table></details>"


def _row(same: Sequence[Node]) -> str:
    names = " ".join(f"<code>{escape(str(parameter['name']))}</code>" for parameter in same)
    place = "<small>header</small>" if same[0]["in"] == "header" else ""
    said = f"{prose(str(same[0]['description']))}{_limits(_node(same[0]['schema']))}"
    return f"<tr><td>{names}{place}</td><td>{said}</td></tr>"


def _limits(schema: Node) -> str:
    """A schema's limits in words."""
    if schema.get("type") == "array":
        return f"{_limits(_node(schema['items']))} <p class='limit'>May be repeated.</p>"
    said: list[str] = []
    if "enum" in schema:
        values = cast("Sequence[object]", schema["enum"])
        said.append(", ".join(f"<code>{escape(str(value))}</code>" for value in values))
    if "minimum" in schema:
        said.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxLength" in schema:
        said.append(f"at most {schema['maxLength']} characters")
    if schema.get("type") == "boolean":
        said.append("<code>true</code> or <code>false</code>")
    if "default" in schema:
        said.append(f"by default <code>{escape(str(schema['default']))}</code>")
    return f'<p class="limit">{"; ".join(said)}</p>' if said else ""


def _sent(operation: Node) -> str:
    if "requestBody" not in operation:
        return ""
    _, content = _sent_content(operation)
    return f"<details><summary>Body</summary>{_schema(content['schema'])}</details>"


def _sent_content(operation: Node) -> tuple[str, Node]:
    """The type that has the example, which is the first, and what is said of it."""
    media_type, content = next(iter(_node(_node(operation["requestBody"])["content"]).items()))
    return media_type, _node(content)


def _answers(operation: Node) -> str:
    parts = ""
    for status, response in _node(operation["responses"]).items():
        answer = _node(response)
        content = _node(answer.get("content", {}))
        schema = _schema(next(iter(_nodes(list(content.values()))))["schema"]) if content and status < "300" else ""
        parts += f"<dt>{status}</dt><dd>{prose(str(answer['description']))}{schema}</dd>"
    return f"<details><summary>Answers</summary><dl>{parts}</dl></details>"


def _schema(schema: object) -> str:
    pretty = orjson.dumps(_sketch(_node(schema)), option=orjson.OPT_INDENT_2).decode()
    return f"<pre><code>{escape(pretty)}</code></pre>"


def _sketch(schema: Node) -> object:
    """A shape to look at: the names, and what stands under each."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        options = [_sketch(_node(option)) for option in _nodes(schema["anyOf"])]
        if all(isinstance(option, str) for option in options):
            return " or ".join(cast("list[str]", options))
        return next(option for option in options if not isinstance(option, str))
    if "properties" in schema:
        return {name: _sketch(_node(value)) for name, value in _node(schema["properties"]).items()}
    if "items" in schema:
        return [_sketch(_node(schema["items"]))]
    if "enum" in schema:
        return " or ".join(map(str, cast("Sequence[object]", schema["enum"])))
    kind = schema.get("format", schema.get("type", schema.get("const", "")))
    return " or ".join(cast("list[str]", kind)) if isinstance(kind, list) else str(kind)


def _anchor(name: str) -> str:
    return quote(name.lower().replace(" ", "-"))


def _node(value: object) -> Node:
    return cast("Node", value)


def _nodes(value: object) -> Sequence[Node]:
    return cast("Sequence[Node]", value)
