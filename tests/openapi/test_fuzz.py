"""Whatever the document allows, and much that it does not, is answered as the document says (RELIABILITY 6.3)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck
from hypothesis.errors import Unsatisfiable
from schemathesis.generation.modes import GenerationMode

from tests.flow.pipeline import Pipeline
from tests.openapi.answering import problems
from tests.queryapi.rig import SITE, store, vector
from tests.services import POSTGRES, Servers

# Requests of each operation in each mode; `make fuzz-api` asks for many more.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
# What any request may be answered with, which no operation repeats.
ANYWHERE = frozenset({"not_found", "method_not_allowed", "headers_too_large", "bad_request"})
GATEWAY_ENDS = ("/event", "/batch", "/track", ".js", ".ts", ".gif")


@pytest.fixture
def query_api(servers: Servers, redis_url: str, tmp_path: Path) -> Iterator[Pipeline]:
    """The query API alone, on a database of one flavour: the document is that of both.

    A process of its own: connection pools draw from `random`, which Hypothesis forbids its own process meanwhile."""
    with servers.database(POSTGRES).database() as url:
        store(url, vector())
        running = Pipeline(url, redis_url, tmp_path)
        try:
            running.start("queryapi")
            running.wait_ready()
            yield running
        finally:
            running.stop()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_nothing_is_answered_that_is_not_described(query_api: Pipeline, mode: GenerationMode) -> None:
    address, token = f"http://127.0.0.1:{query_api.query_port}", query_api.token()
    wrong: dict[str, str] = {}

    with requests.Session() as session:
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
