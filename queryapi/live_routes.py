"""The realtime report as server-sent events: now, and whenever it changes, until somebody ends it."""

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from queryapi.access import forced_filters, identify_reader, no_such_website, require_readable
from queryapi.call import Call, make_call
from queryapi.database import Reader, snapshot
from queryapi.endpoint import PRIVATE, VARY, Asked, Services, answer
from queryapi.live import LIVE_MEDIA_TYPE, Following
from queryapi.params import Params, parse_params
from queryapi.realtime import REALTIME, REALTIME_PATH
from queryapi.rendered import Rendered, payload
from queryapi.sites import find_website
from shared.clock import monotonic_seconds
from shared.errors import AppError
from shared.stopping import stopping
from shared.tokens import Principal

# A comment; a proxy that hears nothing for a minute would close, and who is gone is found out by writing.
HEARTBEAT = b": \n\n"
_HEADERS = {
    "Content-Type": LIVE_MEDIA_TYPE,
    **PRIVATE,
    # nginx would collect the events until there are 4 KB of them.
    "X-Accel-Buffering": "no",
    "Vary": VARY,
}


def live_routes(services: Services) -> list[BaseRoute]:
    """The route of the live view."""
    return [Route("/api/v1/analytics/{website_id}/live", LiveView(services), methods=["GET"])]


@dataclass(frozen=True)
class _Listener:
    """Who listens to what: a request that was good when it came."""

    request: Request
    principal: Principal | None
    website_id: str
    params: Params

    @property
    def who(self) -> Hashable:
        return self.principal or self.website_id

    @property
    def question(self) -> Hashable:
        """Equal for those who are told the same."""
        values = tuple(sorted((name, *sorted(set(values))) for name, values in self.params.values.items()))
        return self.website_id, values, self.principal.forced_filters if self.principal else "[]"


class LiveView:
    """The endpoint: an ASGI application, because it holds its place for as long as it answers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        principal = await identify_reader(request, self._services.credentials, REALTIME.scope)
        params = parse_params(scope["query_string"], REALTIME.scalars, REALTIME.repeatable)
        listener = _Listener(request, principal, request.path_params["website_id"], params)
        live = self._services.live
        with live.listeners.enter(listener.who):
            first = await self._look(listener, is_first=True)
            await send({"type": "http.response.start", "status": 200, "headers": _raw_headers()})
            if request.method != "HEAD":
                ends = _ends(request)
                try:
                    async with live.follow(listener.question, first, lambda: self._look(listener)) as following:
                        await self._tell(listener, following, ends, send)
                finally:
                    await _cancel(ends)
            await send({"type": "http.response.body", "body": b""})

    async def _look(self, listener: _Listener, *, is_first: bool = False) -> Rendered:
        """The report as it is now; the first look is the listener's own, later ones are everybody's."""
        services = self._services

        async def ask(reader: Reader) -> Asked:
            if is_first:
                website = await require_readable(reader, listener.principal, listener.website_id)
            else:
                website = await find_website(reader, listener.website_id)
            if website is None:
                raise no_such_website()
            now, exact_up_to = services.clock(), services.settings.exact_up_to
            forced = forced_filters(listener.principal)
            call = await make_call(Call(website, listener.params, now, reader, exact_up_to, forced))
            return Asked(call, REALTIME, REALTIME_PATH)

        # A look counts among the reports of whoever began the topic, so that many topics take the database from
        # nobody else.
        async with services.gate.enter(listener.who):
            return (await answer(services, ask, is_explained=False)).rendered

    async def _tell(
        self, listener: _Listener, following: Following, ends: Sequence["asyncio.Task[None]"], send: Send
    ) -> None:
        """Send what is new, or a heartbeat, until one of `ends`, or until the listener may not see it any more."""
        topic, wake, pace = following.topic, following.wake, self._services.live.pace
        for end in ends:
            end.add_done_callback(lambda _: wake.set())
        believed_at = monotonic_seconds()
        told = None
        while True:
            wake.clear()
            if any(end.done() for end in (*ends, following.looking)):
                break
            if monotonic_seconds() - believed_at >= pace.belief_seconds:
                if not await self._may_listen(listener):
                    return
                believed_at = monotonic_seconds()
            latest = topic.latest
            is_new = latest.etag != told
            await send(_body(b"data: %b\n\n" % payload(latest, None) if is_new else HEARTBEAT))
            told = latest.etag
            with suppress(TimeoutError):
                async with asyncio.timeout(pace.silence_seconds):
                    await wake.wait()
        if following.looking.done():
            # Raises what nobody foresaw.
            following.looking.result()

    async def _may_listen(self, listener: _Listener) -> bool:
        """Whether the same request would be answered the same now. Not where that cannot be found out: a client
        that comes again is told why."""
        try:
            again = await identify_reader(listener.request, self._services.credentials, REALTIME.scope)
            async with snapshot(self._services.pool, self._services.settings) as reader:
                await require_readable(reader, again, listener.website_id)
        except AppError:
            return False
        return again == listener.principal


def _ends(request: Request) -> list["asyncio.Task[None]"]:
    """One is done when the client is gone, one when the server stops."""
    stops = stopping(request.scope.setdefault("state", {}))

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    async def stopped() -> None:
        await stops.wait()

    return [asyncio.create_task(gone()), asyncio.create_task(stopped())]


async def _cancel(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _body(chunk: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


def _raw_headers() -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
