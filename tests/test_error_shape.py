"""Every place that makes an error makes one of the one shape (SPEC R68).

Each call in the source is made here as it stands there, with a stand-in for whatever it is told by its surroundings,
and what comes out is what a client would be sent.
"""

import ast
import builtins
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ingest.answer import answer_single
from ingest.gateway import Outcome
from ingest.refusal import EventError
from shared.asgi import error_response
from shared.errors import AppError

ROOT = Path(__file__).parent.parent
PACKAGES = ("ingest", "queryapi", "shared")
ERRORS = {"AppError", "EventError"}
STATUSES = {400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503}
# They tell an error once more, under another name or in another shape.
RETOLD = {"answer_single", "at_line", "_parse_one_by_one", "field_of", "handle_http_exception"}
# What must come with a status (RFC 9110, SPEC R68).
HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class StandIn(str):
    """Whatever it is asked for, it has; in an answer it is text."""

    __slots__ = ()

    def __getattr__(self, _name: str) -> "StandIn":
        return self

    def __call__(self, *_arguments: object, **_named: object) -> "StandIn":
        return self

    def __getitem__(self, _key: object) -> "StandIn":
        return self

    def __or__(self, _other: object) -> "StandIn":
        return self

    def __lt__(self, _other: object) -> bool:
        return False

    def __format__(self, _spec: str) -> str:
        return str(self)


class Surroundings(dict[str, object]):
    """The names around a call: those of its module are real, texts and objects that its function writes down are as
    written, all others stand-ins."""

    def __init__(self, module: str, function: Function) -> None:
        super().__init__()
        self.real = {**vars(builtins), **vars(import_module(module))}
        self.written = {
            target.id: statement.value
            for statement in ast.walk(function)
            if isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.JoinedStr | ast.Constant | ast.Dict)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }

    def __missing__(self, name: str) -> object:
        if name in self.written:
            return self.evaluate(self.written[name])
        return self.real[name] if name in self.real else StandIn(name)

    def evaluate(self, expression: ast.expr) -> object:
        code = compile(ast.Expression(expression), "<birthplace>", "eval")
        return eval(code, {"__builtins__": {}}, self)


class Birthplace(NamedTuple):
    module: str
    function: Function
    call: ast.Call

    def __str__(self) -> str:
        return f"{self.module}:{self.call.lineno} {self.function.name}"


def _functions() -> Iterator[tuple[str, Function]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for function in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(function, Function) and function.name not in RETOLD:
                    yield module, function


def _birthplaces() -> list[Birthplace]:
    """Every call, by name, of an error or of a function that gives one; of what is awaited, and of a
    method, the error is born in it."""
    makers = ERRORS | {
        function.name
        for _, function in _functions()
        if isinstance(function, ast.FunctionDef)
        and function.returns is not None
        and ast.unparse(function.returns) in ERRORS
    }
    found = {
        (module, call.lineno, call.col_offset): Birthplace(module, function, call)
        for module, function in _functions()
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in makers
    }
    return list(found.values())


BIRTHPLACES = _birthplaces()


def test_no_place_is_missed() -> None:
    text = "\n".join(path.read_text("utf-8") for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    written = len(re.findall(r"\b(?:AppError|EventError)\(", text)) - len(re.findall(r"class (?:App|Event)Error", text))

    assert sum(ast.unparse(place.call.func) in ERRORS for place in BIRTHPLACES) == written - len(RETOLD)


@pytest.mark.rule("R68")
@pytest.mark.parametrize("place", BIRTHPLACES, ids=str)
def test_an_error_has_the_one_shape_wherever_it_is_born(place: Birthplace) -> None:
    try:
        error = Surroundings(place.module, place.function).evaluate(place.call)
    except AppError as raised:
        # Some raise what they make.
        error = raised

    assert isinstance(error, AppError | EventError)
    response = error_response(error if isinstance(error, AppError) else _single(error), "the-request")
    body: dict[str, Any] = json.loads(bytes(response.body))
    details: dict[str, object] = body["details"]
    assert body.keys() == {"error", "code", "details", "request_id"}
    assert re.fullmatch("[a-z][a-z_0-9]*", body["code"])
    assert isinstance(details, dict)
    assert response.status_code in STATUSES
    assert HEADERS.get(response.status_code, "content-type") in response.headers
    assert re.fullmatch(r"\S.*([^\s.]|\.\.\.)", body["error"])
    for named in (str(details[key]) for key in ("field", "parameter") if key in details):
        # SPEC R54 has the second form; of many lines the message begins with which.
        assert re.match(rf"(line \S+: )?{re.escape(named)}(: | is required$)", body["error"])


def _single(error: EventError) -> AppError:
    """What the sender of that one event is told."""
    with pytest.raises(AppError) as told:
        answer_single(Outcome({}, None, [(0, error)], [], [], frozenset()))
    return told.value
