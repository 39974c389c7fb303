"""A client of the batch endpoint that does not give up at the first 503 (SPEC R55, R61)."""

import http.client
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

import msgspec

BATCH_PATH = "/api/v1/analytics/event/batch"
TIMEOUT_SECONDS = 30.0
# With the pauses below: about five minutes without an answer before the import stops.
MAX_ATTEMPTS = 10
MAX_PAUSE_SECONDS = 60.0
# The gateway's answers are far below this; more is not from a gateway.
MAX_ANSWER_BYTES = 4 * 1024 * 1024


class DeliveryError(Exception):
    """The gateway cannot be reached or refuses the sender; the message is for the person importing."""


@dataclass(frozen=True)
class Receipt:
    """What the gateway said of one batch: numbers of events, refused ones by code, dropped ones by reason."""

    accepted: int
    rejected: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[str] = field(default_factory=Counter[str])


class _EventProblem(msgspec.Struct):
    code: str


class _Answer(msgspec.Struct):
    accepted: int
    rejected: int
    dropped: int = 0
    errors: list[_EventProblem] = []


class _Problem(msgspec.Struct):
    error: str = ""


class BatchClient:
    """One kept-alive connection. A batch is sent again with the same ids until it is answered."""

    def __init__(self, url: str, token: str, wait: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            raise DeliveryError(f"{url}: not an http(s) address")
        if not (token and token.isascii() and token.isprintable()):
            raise DeliveryError("the token is missing or not printable text; make one with `analytics token`")
        self._url = url
        self._path = parts.path.rstrip("/") + BATCH_PATH
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "X-Analytics-Import": "1",
        }
        self._wait = wait

    def __enter__(self) -> "BatchClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, events: list[bytes]) -> Receipt:
        """Delivers encoded events as one batch; raises DeliveryError when it cannot be done. Blocks
        while the gateway is down or busy."""
        body = b'{"events":[' + b",".join(events) + b"]}"
        problem = ""
        for attempt in range(MAX_ATTEMPTS):
            pause = min(2.0**attempt, MAX_PAUSE_SECONDS)
            try:
                self._connection.request("POST", self._path, body, self._headers)
                response = self._connection.getresponse()
                content = response.read(MAX_ANSWER_BYTES)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                problem = f"the gateway at {self._url} cannot be reached ({_reason(error)}); is it running?"
            else:
                if response.status not in {429, 500, 502, 503, 504}:
                    return self._receipt(response, content)
                problem = f"the gateway at {self._url} answers {response.status} {_sentence(content)}"
                pause = _retry_after(response, pause)
            if attempt + 1 < MAX_ATTEMPTS:
                self._wait(pause)
        raise DeliveryError(problem)

    def _receipt(self, response: http.client.HTTPResponse, content: bytes) -> Receipt:
        if response.status in {401, 403}:
            raise DeliveryError(
                f"the gateway refuses the token ({response.status} {_sentence(content)}); "
                "an import needs an owner's token for this website: make one with `analytics token`"
            )
        try:
            answer = msgspec.json.decode(content, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DeliveryError(
                f"{self._url} does not answer like a gateway: {response.status} {_sentence(content)}"
            ) from error
        rejected = Counter(problem.code for problem in answer.errors)
        # The list of errors may be shorter than their number.
        unexplained = answer.rejected - sum(rejected.values())
        if unexplained > 0:
            rejected["other"] += unexplained
        reason = response.getheader("X-Analytics-Dropped", "other")
        return Receipt(answer.accepted, rejected, Counter({reason: answer.dropped} if answer.dropped else {}))


def _retry_after(response: http.client.HTTPResponse, default_seconds: float) -> float:
    text = response.getheader("Retry-After", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return default_seconds
    return min(float(text), MAX_PAUSE_SECONDS)


def _sentence(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=_Problem).error[:200]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _reason(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return strerror if isinstance(strerror, str) else type(error).__name__
