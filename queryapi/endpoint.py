"""From a request to a report and back: the same steps for every report."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response

from queryapi.access import Credentials, identify_reader, require_readable, require_website
from queryapi.answer import Answer, Report
from queryapi.call import Call
from queryapi.database import Pool, snapshot
from queryapi.explain import EXPLAIN_PARAMETER, answer_explained, take_explain
from queryapi.params import parse_params
from shared.asgi import json_response
from shared.clock import Clock
from shared.settings import Settings

Endpoint = Callable[[Request], Awaitable[Response]]
# Say when an answer was made, not what it is: no part of its ETag.
_MOMENTS = ("generated_at",)


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the endpoints work with. `redis` is None where none is configured."""

    settings: Settings
    pool: Pool
    redis: Redis | None
    clock: Clock
    credentials: Credentials
    registry: CollectorRegistry
    started_seconds: float


def report_endpoint(services: Services, report: Report) -> Endpoint:
    """Token, parameters, website, report, in this order; all reads of a request see one snapshot."""

    async def endpoint(request: Request) -> Response:
        principal = await identify_reader(request, services.credentials, report.scope)
        known = parse_params(request.scope["query_string"], report.scalars | {EXPLAIN_PARAMETER}, report.repeatable)
        params, explainer = take_explain(known, principal)
        website_id = request.path_params["website_id"]
        async with snapshot(services.pool, services.settings) as reader:
            if explainer is not None:
                website = await require_website(reader, explainer, website_id)
                answer = await answer_explained(Call(website, params, services.clock(), reader), report.answer)
            else:
                website = await require_readable(reader, principal, website_id, report.scope)
                answer = await report.answer(Call(website, params, services.clock(), reader))
        return respond(request, answer)

    return endpoint


def by_method(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    """One endpoint of those for each method; HEAD is GET."""

    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


def respond(request: Request, answer: Answer) -> Response:
    """The answer as JSON, or 304 where the client has the same already."""
    tag = f'W/"{_fingerprint(answer)}"'
    headers = {"Cache-Control": f"private, max-age={answer.max_age_seconds}", "ETag": tag, "Vary": "Authorization"}
    asked = request.headers.get("if-none-match", "")
    if tag in {candidate.strip() for candidate in asked.split(",")} or asked.strip() == "*":
        return Response(status_code=304, headers=headers)
    body = answer.body if answer.meta is None else {**answer.body, "meta": answer.meta}
    return json_response(body, headers=headers)


def _fingerprint(answer: Answer) -> str:
    """What the answer says, whenever it was made."""
    timeless: dict[str, object] = dict(answer.body)
    if answer.meta is not None:
        timeless["meta"] = {key: value for key, value in answer.meta.items() if key not in _MOMENTS}
    for key in _MOMENTS:
        timeless.pop(key, None)
    return hashlib.blake2b(orjson.dumps(timeless), digest_size=16).hexdigest()
