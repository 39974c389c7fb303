"""The API as an OpenAPI 3.1 document."""

import re
from collections.abc import Iterable, Mapping

from queryapi.answer import Report
from queryapi.openapi.annotations import ANNOTATIONS
from queryapi.openapi.components import SCHEMAS
from queryapi.openapi.gateway import GATEWAY, TAKEN_BATCH
from queryapi.openapi.management import MANAGEMENT
from queryapi.openapi.operation import Operation, Operations, Sent
from queryapi.openapi.parameters import parameter_bodies
from queryapi.openapi.people import PEOPLE
from queryapi.openapi.queries import QUERIES
from queryapi.openapi.reports import LIVE, report_operations
from queryapi.openapi.schema import ref
from queryapi.openapi.sharing import SHARING
from queryapi.openapi.status import STATUS
from queryapi.openapi.transfer import TRANSFER

Document = dict[str, object]
# What any request can be answered with before a route is looked for; no operation repeats it.
EVERYWHERE = (
    "`404 not_found`, `405 method_not_allowed` (with `Allow`), `408 request_timeout`, `431 headers_too_large`,"
    " `400 bad_request` and `unknown_host`, `503 overloaded` and `500 internal_error` can answer any request."
)
_ABOUT = (
    "Reports, websites, funnels and everything else that the product can be asked for, and how events are sent.\n\n"
    "Every error is one JSON object: `error` for people, `code` for programs, `details`, `request_id`. A parameter that"
    " is unknown, given twice or out of range is refused by its name. Lists and objects may gain fields.\n\n"
    f"{EVERYWHERE}"
)
GROUPS = {
    "Sending events": "From a page or a server to the gateway.",
    "Reports": "What people do on a website.",
    "Time": "The same numbers over time, and right now.",
    "Sources": "Where visitors come from.",
    "Places and devices": "Where visitors are, and what they look with.",
    "Events": "Custom events, and single events and sessions.",
    "Segments": "Filters that a website keeps under a name.",
    "Goals and funnels": "What visitors are wanted to do, and whether they do.",
    "Websites": "Who may be measured, and how.",
    "API keys": "Tokens for servers.",
    "People": "Who signs in with a browser.",
    "Share links": "Reports of one website for whoever has the link.",
    "Moving": "All of a website's events, out and in again.",
    "Erasure": "What is removed for good.",
    "Health": "The services themselves.",
}
_STATUS_TEXTS = {
    200: "Good", 201: "Made", 202: "On disk", 204: "Done", 304: "Unchanged since the answer whose `ETag` was sent",
    400: "Not a good request", 401: "No token, or not a valid one", 403: "The token does not reach so far",
    404: "Not there, or not to be seen with this token", 409: "In conflict with what is there",
    412: "Changed meanwhile", 413: "Too large", 415: "Of a type that is not read", 422: "A field that does not fit",
    429: "Too many", 503: "Not now; `Retry-After` says when",
}  # fmt: skip
_PATH_PARAMETERS = {
    "website_id": "Id of the website.",
    "id": "Id of the funnel.",
    "key_id": "Id of the key.",
    "goal_id": "Id of the goal.",
    "segment_id": "Id of the segment.",
    "visitor_id": "Id of the visitor.",
    "annotation_id": "Id of the annotation.",
    "share_id": "Id of the share link.",
    "user_id": "Id of the user.",
}


def operations_of(reports: Iterable[tuple[str, Report]]) -> Operations:
    """Everything that is said, by method and path."""
    return {
        **GATEWAY,
        **report_operations(dict(reports)),
        **LIVE,
        **QUERIES,
        **MANAGEMENT,
        **TRANSFER,
        **PEOPLE,
        **SHARING,
        **ANNOTATIONS,
        **STATUS,
    }


def make_document(reports: Iterable[tuple[str, Report]], version: str) -> Document:
    """The document, for an installation of this version."""
    paths: dict[str, dict[str, object]] = {}
    for (method, path), operation in operations_of(reports).items():
        paths.setdefault(path, {})[method.lower()] = _operation_body(method, path, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Analytics API", "version": version, "description": _ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in GROUPS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `analytics token`, of 24 hours at most, or an API key of one website.",
                }
            },
        },
    }


def _operation_body(method: str, path: str, operation: Operation) -> Document:
    body: Document = {
        "operationId": _operation_id(method, path),
        "tags": [operation.group],
        "summary": operation.summary,
        "parameters": [
            *_path_parameters(path, operation),
            *parameter_bodies(operation.scalars, operation.repeatable, operation.own),
            *(
                {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
                for name, text in operation.headers.items()
            ),
        ],
        "responses": _responses(operation),
        "security": [{"token": [operation.scope]}] if operation.scope else [{}, {"token": []}],
    }
    if operation.description:
        body["description"] = operation.description
    if operation.sent is not None:
        body["requestBody"] = {"required": True, "content": _contents(operation.sent)}
    if operation.example:
        body["x-example-query"] = operation.example
    return body


def _contents(sent: Sent) -> Document:
    first, *others = sent.media_types
    content: Document = {first: {"schema": sent.schema, "example": sent.example}}
    return {**content, **{name: {"schema": sent.schema} for name in others}}


def _operation_id(method: str, path: str) -> str:
    words = re.findall(r"[a-z0-9_]+", path.removeprefix("/api/v1"))
    return "_".join((method.lower(), *words)).replace("openapi_json", "openapi")


def _path_parameters(path: str, operation: Operation) -> list[Document]:
    bodies: list[Document] = []
    for name in re.findall(r"\{(\w+)\}", path):
        is_website = name == "website_id" or "the id of a website" in operation.description
        text = _PATH_PARAMETERS["website_id" if is_website else name]
        schema = {"type": "string", "minLength": 1}
        bodies.append({"name": name, "in": "path", "required": True, "description": text, "schema": schema})
    return bodies


def _responses(operation: Operation) -> Mapping[str, object]:
    responses: dict[str, object] = {}
    for status, schema in operation.answers.items():
        response: Document = {"description": _STATUS_TEXTS[status]}
        if schema is not None:
            response["content"] = {name: {"schema": schema} for name in operation.media_types}
        responses[str(status)] = response
    for status, codes in sorted(operation.errors.items()):
        listed = ", ".join(f"`{code}`" for code in dict.fromkeys(codes))
        schema = ref("Error")
        if status == 400 and operation.sent is not None and operation.sent.is_batch:
            schema = {"anyOf": [ref("Error"), TAKEN_BATCH]}
        responses[str(status)] = {
            "description": f"{_STATUS_TEXTS[status]}: {listed}",
            "content": {"application/json": {"schema": schema}},
        }
    return responses
