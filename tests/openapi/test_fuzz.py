"""Whatever the document allows, and much that it does not, is answered as the document says (RELIABILITY 6.3)."""

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck
from hypothesis.errors import Unsatisfiable
from schemathesis.generation.modes import GenerationMode

from queryapi.app import create_app
from shared.clock import utc_now
from shared.server import server_config
from shared.tokens import make_token
from tests.openapi.answering import problems
from tests.queryapi.rig import SITE, settings_for, store, vector
from tests.services import POSTGRES, Servers

# Requests of each operation in each mode; `make fuzz-api` asks for many more.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
# What any request may be answered with, which no operation repeats.
ANYWHERE = frozenset({"not_found", "method_not_allowed", "headers_too_large", "bad_request"})
GATEWAY_ENDS = ("/event", "/batch", "/track", ".js", ".ts", ".gif")


@pytest.fixture
def plain_database(servers: Servers) -> Iterator[str]:
    """A database of one flavour: the document is that of both."""
    with servers.database(POSTGRES).database() as url:
        yield url


@contextmanager
def listening(database: str) -> Generator[tuple[str, str]]:
    """The query API on a port of its own, and an owner's token."""
    settings = settings_for(database)
    server = uvicorn.Server(server_config(create_app(settings, utc_now), "127.0.0.1", 0))
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        while not server.started:
            serving.join(0.01)
            assert serving.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", make_token(settings, utc_now, role="owner", websites=None)
    finally:
        server.should_exit = True
        serving.join()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_nothing_is_answered_that_is_not_described(plain_database: str, mode: GenerationMode) -> None:
    store(plain_database, vector())
    wrong: dict[str, str] = {}

    with listening(plain_database) as (address, token), requests.Session() as session:
        document: dict[str, Any] = session.get(f"{address}/api/v1/openapi.json").json()
        schema: Any = schemathesis.openapi.from_dict(document)
        for result in schema.get_all_operations():
            operation = result.ok()
            if not operation.path.endswith(GATEWAY_ENDS):
                _ask_often(operation, mode, _Asker(document, address, token, session, wrong))

    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


@dataclass(frozen=True)
class _Asker:
    """Sends one case and keeps what was wrong with its answer: the first finding by operation and status."""

    document: dict[str, Any]
    address: str
    token: str
    session: requests.Session
    wrong: dict[str, str]

    def ask(self, case: Any) -> None:
        name = f"{case.method} {case.path}"
        # Reports of a website that is there; but the website itself must stay.
        if "website_id" in case.path_parameters and name != "DELETE /api/v1/websites/{website_id}":
            case.path_parameters["website_id"] = SITE
        headers = {"authorization": f"Bearer {self.token}"}
        try:
            response = case.call(base_url=self.address, session=self.session, headers=headers)
        except (requests.exceptions.InvalidHeader, UnicodeError):
            # No client can send it.
            hypothesis.reject()
        is_json = "application/json" in response.headers.get("content-type", ())
        body: Any = response.json() if is_json else None
        if body is not None and body.get("code") in ANYWHERE:
            return
        said = self.document["paths"][case.path][case.method.lower()]
        found = problems(self.document, said, response.status_code, body)
        if found:
            self.wrong.setdefault(
                f"{name} {response.status_code}", f"{found} {response.request.url} {response.request.body!r}"[:900]
            )


def _ask_often(operation: Any, mode: GenerationMode, asker: _Asker) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        asker.ask(case)

    try:
        ask()
    except Unsatisfiable:
        # Nothing about it can be wrong.
        assert mode is GenerationMode.NEGATIVE, operation.path
