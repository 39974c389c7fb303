"""A client of the batch endpoint (SPEC R55)."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

import msgspec

from shared.patient_client import DeliveryError, PatientClient, Reply, sentence

BATCH_PATH = "/api/v1/analytics/event/batch"
# The gateway's answers are far below this; more is not from a gateway.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
_HEADERS = {"Content-Type": "application/json", "X-Analytics-Import": "1"}


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


class BatchClient:
    """One kept-alive connection. A batch is sent again with the same ids until it is answered."""

    def __init__(self, url: str, token: str, wait: Callable[[float], None] = time.sleep) -> None:
        self._client = PatientClient(url, token, "gateway", wait)
        self._url = url

    def __enter__(self) -> "BatchClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def send(self, events: list[bytes]) -> Receipt:
        """Delivers encoded events as one batch; raises DeliveryError when it cannot be done. Blocks
        while the gateway is down or busy."""
        body = b'{"events":[' + b",".join(events) + b"]}"
        return self._receipt(
            self._client.request("POST", BATCH_PATH, body, headers=_HEADERS, limit_bytes=MAX_ANSWER_BYTES)
        )

    def _receipt(self, reply: Reply) -> Receipt:
        if reply.status in {401, 403}:
            raise DeliveryError(
                f"the gateway refuses the token ({reply.status} {sentence(reply.content)}); "
                "an import needs an owner's token for this website: make one with `analytics token`"
            )
        try:
            answer = msgspec.json.decode(reply.content, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DeliveryError(
                f"{self._url} does not answer like a gateway: {reply.status} {sentence(reply.content)}"
            ) from error
        rejected = Counter(problem.code for problem in answer.errors)
        # The list of errors may be shorter than their number.
        unexplained = answer.rejected - sum(rejected.values())
        if unexplained > 0:
            rejected["other"] += unexplained
        reason = reply.headers.get("X-Analytics-Dropped", "other")
        return Receipt(answer.accepted, rejected, Counter({reason: answer.dropped} if answer.dropped else {}))
