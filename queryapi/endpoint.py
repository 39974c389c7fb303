"""From a request to a report and back: the same steps for every report."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response

from queryapi.access import (
    Credentials,
    forced_filters,
    identify_reader,
    require_readable,
    require_website,
)
from queryapi.answer import Answer, Report
from queryapi.answers import Answers, Found
from queryapi.attempts import Attempts
from queryapi.call import Call, make_call
from queryapi.database import Pool, Reader, snapshot
from queryapi.explain import EXPLAIN_PARAMETER, answer_explained, take_explain
from queryapi.gate import Gate
from queryapi.hashing import Hashing
from queryapi.live import Live
from queryapi.memory import Entry
from queryapi.params import Params, parse_params
from queryapi.query import Condition
from queryapi.question import data_version, recognise
from queryapi.rendered import payload, render
from queryapi.sites import Publication
from shared.clock import Clock
from shared.settings import Settings
from shared.tokens import Principal

# An answer is of whoever asked, by either of them.
VARY = "Authorization, Cookie"
REVALIDATED = {"Cache-Control": "private, no-cache", "Vary": VARY}
PRIVATE = {"Cache-Control": "no-store"}
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the endpoints work with. Reports are read from `replica`, which is `pool` where there is none; everything
    else, what was just changed above all, from `pool`. `redis` and `publication` are None where none is configured."""

    settings: Settings
    pool: Pool
    replica: Pool
    redis: Redis | None
    publication: Publication | None
    clock: Clock
    credentials: Credentials
    attempts: Attempts
    hashing: Hashing
    registry: CollectorRegistry
    answers: Answers
    gate: Gate
    live: Live
    started_seconds: float


@dataclass(frozen=True)
class Asked:
    """A call that may be made, its report, and the name its answer is kept under: another one for every report,
    and for everything that decides an answer and stands in no parameter."""

    call: Call
    report: Report
    name: str


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks for a report, None for nobody, and for whom it is explained, None where it is not."""

    services: Services
    principal: Principal | None
    explainer: Principal | None
    # Whether a share link opens the report.
    is_shareable: bool = True

    async def call(self, reader: Reader, website_id: str, params: Params, filters: tuple[Condition, ...] = ()) -> Call:
        """The call of a report of the website, with whatever the asker is held to; raises AppError as
        `require_readable` and `make_call` do."""
        if self.explainer is not None:
            website = await require_website(reader, self.explainer, website_id)
        else:
            website = await require_readable(reader, self.principal, website_id, is_shareable=self.is_shareable)
        size = self.services.settings.exact_up_to
        held_to = forced_filters(self.principal)
        return await make_call(Call(website, params, self.services.clock(), reader, size, (*held_to, *filters)))


def report_endpoint(services: Services, report: Report) -> Endpoint:
    """Token, parameters, website, report, in this order; all reads of a report see one snapshot."""
    known = report.scalars | {EXPLAIN_PARAMETER}

    async def endpoint(request: Request) -> Response:
        principal = await identify_reader(request, services.credentials, report.scope, opens_shares=report.is_shareable)
        sent = parse_params(request.scope["query_string"], known, report.repeatable)
        params, explainer = take_explain(sent, principal)
        asking = Asking(services=services, principal=principal, explainer=explainer, is_shareable=report.is_shareable)
        website_id = request.path_params["website_id"]

        async def ask(reader: Reader) -> Asked:
            return Asked(await asking.call(reader, website_id, params), report, request.scope["route"].path)

        # Nobody's requests are counted by the website: that of one takes nothing from another's.
        async with services.gate.enter(principal or website_id):
            return send(request, await answer(services, ask, is_explained=explainer is not None))

    return endpoint


async def answer(services: Services, ask: Callable[[Reader], Awaitable[Asked]], *, is_explained: bool) -> Found:
    """The answer to what `ask` makes of its reader: kept, or made now. Access is checked there, each time. The
    connection is given back before the answer is waited for or sent."""
    async with snapshot(services.replica, services.settings) as reader:
        asked = await ask(reader)
        await reader.pin(asked.call.website.website_id)
        call, report = asked.call, asked.report
        if is_explained:
            return Found(render(await answer_explained(call, report.answer)), None)
        question = await recognise(call, report, asked.name)
        if question is None:
            return Found(render(await report.answer(call)), None)
        version = await data_version(reader, question)

    async def make() -> Entry:
        async with snapshot(services.replica, services.settings) as reader:
            await reader.pin(call.website.website_id)
            made_of = await data_version(reader, question)
            made = await report.answer(replace(call, reader=reader))
        return Entry(made_of, call.now, render(made))

    return await services.answers.find(question, version, make)


def by_method(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    """One endpoint of those for each method; HEAD is GET."""

    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


def respond(request: Request, made: Answer) -> Response:
    """The answer as JSON, or 304 where the client has the same already."""
    return send(request, Found(render(made), None))


def send(request: Request, found: Found) -> Response:
    """As `respond`, for an answer that may have been kept."""
    rendered = found.rendered
    headers = {
        "Cache-Control": f"private, max-age={rendered.max_age_seconds}",
        "ETag": rendered.etag,
        "Vary": VARY,
    }
    asked = request.headers.get("if-none-match", "")
    if rendered.etag in {candidate.strip() for candidate in asked.split(",")} or asked.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(payload(rendered, found.cached_at), headers=headers, media_type="application/json")
