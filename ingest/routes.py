"""The ingest routes as ASGI endpoints: read, take, answer."""

from contextlib import nullcontext

import orjson
from starlette.types import Receive, Scope, Send

from ingest.answer import answer_batch, answer_single, outcome_headers
from ingest.body import MAX_BATCH_BYTES, MAX_SINGLE_BYTES, DisconnectedError, inflate_body, most_bytes, read_body
from ingest.client import Headers, Senders
from ingest.cors import answer_headers, preflight_headers
from ingest.gateway import Gateway
from ingest.limits import tokens_for
from ingest.parse import is_batch, parse_batch, parse_single
from ingest.turnstile import Turnstile
from shared.asgi import error_response
from shared.clock import monotonic_seconds
from shared.errors import AppError
from shared.inflate import too_large

# Above this, and whatever must be inflated first, decoding takes milliseconds.
LARGE_BYTES = 128 * 1024
_NO_TURN = nullcontext()


class IngestRoute:
    """POST takes events, OPTIONS answers a preflight. `accepts_single` and `accepts_batch` say what
    the path is for; where both are true the body decides (SPEC B11). Large bodies go through `turnstile`."""

    def __init__(
        self, gateway: Gateway, senders: Senders, turnstile: Turnstile, *, accepts_single: bool, accepts_batch: bool
    ) -> None:
        self._gateway = gateway
        self._senders = senders
        self._turnstile = turnstile
        self._accepts_single = accepts_single
        self._accepts_batch = accepts_batch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": preflight_headers(headers)})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            status, payload, extra = await self._take(scope, headers, receive)
        except DisconnectedError:
            return
        except AppError as error:
            response = error_response(error, scope["request_id"])
            response.raw_headers.extend(answer_headers(headers))
            await response(scope, receive, send)
            return
        extra += (
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(payload)),
            *answer_headers(headers),
        )
        await send({"type": "http.response.start", "status": status, "headers": extra})
        await send({"type": "http.response.body", "body": payload})

    async def _take(
        self, scope: Scope, headers: Headers, receive: Receive
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        peer = scope["client"]
        sender = await self._senders.identify(peer and peer[0], headers, scope["headers"])
        self._gateway.check_limit(sender)
        limit = MAX_BATCH_BYTES if self._accepts_batch else MAX_SINGLE_BYTES
        tokens = tokens_for(most_bytes(headers, limit))
        try:
            body = await read_body(receive, headers, limit)
            is_large = len(body) > LARGE_BYTES or b"content-encoding" in headers
            async with self._turnstile if is_large else _NO_TURN:
                started = monotonic_seconds()
                body = inflate_body(body, headers, limit)
                tokens = tokens_for(len(body))
                is_many = self._accepts_batch and (not self._accepts_single or is_batch(body))
                if not is_many and len(body) > MAX_SINGLE_BYTES:
                    raise too_large(MAX_SINGLE_BYTES)
                parsed = parse_batch(body) if is_many else parse_single(body)
        except AppError:
            self._gateway.charge(sender, tokens)
            raise
        taking = self._gateway.take(parsed, sender, tokens)
        # The gateway lets go of what it has encoded, and so do we.
        del parsed, body
        outcome = await taking
        if is_many:
            status, answer = answer_batch(outcome)
        else:
            status, answer = 202, answer_single(outcome)
        last = outcome.last_accepted
        kind = "batch" if is_many or last is None else last.event_type
        self._gateway.metrics.observe_processing(kind, monotonic_seconds() - started)
        return status, orjson.dumps(answer), outcome_headers(outcome)
