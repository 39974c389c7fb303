"""The URL of free queries (SPEC N3)."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.answer import SESSION_REACH, Report
from queryapi.body import read_json
from queryapi.call import COMMON_PARAMETERS, Call, make_call
from queryapi.database import Reader
from queryapi.endpoint import Asked, Services, answer, send
from queryapi.params import parse_params
from queryapi.query_answer import answer_query
from queryapi.query_body import field_of, parse_query
from shared.errors import AppError

_NO_PARAMETERS: frozenset[str] = frozenset()


def query_routes(services: Services) -> list[BaseRoute]:
    """The one route of queries."""

    async def query(request: Request) -> Response:
        principal = await authorize(request, services.credentials)
        parse_params(request.scope["query_string"], _NO_PARAMETERS, _NO_PARAMETERS)
        wanted = parse_query(await read_json(request))
        report = Report(partial(answer_query, wanted=wanted), COMMON_PARAMETERS, _NO_PARAMETERS, reach=SESSION_REACH)

        async def ask(reader: Reader) -> Asked:
            website = await require_website(reader, principal, wanted.website_id)
            size = services.settings.exact_up_to
            call = await make_call(Call(website, wanted.params, services.clock(), reader, size, wanted.filters))
            return Asked(call, report, f"query {wanted!r}")

        try:
            async with services.gate.enter(principal):
                return send(request, await answer(services, ask, is_explained=False))
        except AppError as error:
            raise field_of(error) from error

    return [Route("/api/v2/query", query, methods=["POST"])]
