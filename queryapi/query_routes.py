"""The URL of free queries (SPEC N3)."""

from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import identify_reader
from queryapi.answer import SESSION_REACH, Report
from queryapi.body import read_json
from queryapi.call import COMMON_PARAMETERS
from queryapi.database import Reader
from queryapi.endpoint import Asked, Asking, Services, answer, send
from queryapi.explain import EXPLAIN_PARAMETER, take_explain
from queryapi.params import NO_PARAMETERS, Params, parse_params
from queryapi.query_answer import answer_query
from queryapi.query_body import field_of, parse_query
from shared.errors import AppError

# What may stand in the query string; everything else stands in the body.
QUERY_PARAMETERS = frozenset({EXPLAIN_PARAMETER})


def query_routes(services: Services) -> list[BaseRoute]:
    """The one route of queries."""

    async def query(request: Request) -> Response:
        principal = await identify_reader(request, services.credentials)
        sent = parse_params(request.scope["query_string"], QUERY_PARAMETERS, NO_PARAMETERS)
        _, explainer = take_explain(sent, principal)
        wanted = parse_query(await read_json(request))
        report = Report(partial(answer_query, wanted=wanted), COMMON_PARAMETERS, NO_PARAMETERS, reach=SESSION_REACH)
        # Range, comparison and filters are told by the call, as they are understood.
        name = f"query {replace(wanted, params=Params({}), filters=())!r}"
        asking = Asking(services=services, principal=principal, explainer=explainer)

        async def ask(reader: Reader) -> Asked:
            call = await asking.call(reader, wanted.website_id, wanted.params, wanted.filters)
            return Asked(call, report, name)

        try:
            async with services.gate.enter(principal or wanted.website_id):
                return send(request, await answer(services, ask, is_explained=explainer is not None))
        except AppError as error:
            raise field_of(error) from error

    return [Route("/api/v2/query", query, methods=["POST"])]
