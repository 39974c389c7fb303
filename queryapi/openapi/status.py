"""What is said of the routes that tell of the services themselves."""

from queryapi.openapi.operation import UNAUTHORIZED, Operation, Operations
from queryapi.openapi.schema import BOOLEAN, INTEGER, MOMENT, NUMBER, STRING, keyed, nullable, one_of, record

_GROUP = "Health"
_STATUS = {"status": STRING, "service": STRING, "timestamp": MOMENT, "version": STRING}
_DETAILS = {
    **dict.fromkeys(("latency_ms", "oldest_pending_s"), NUMBER),
    "lag_s": nullable(NUMBER),
    "is_following": BOOLEAN,
    **dict.fromkeys(("workers", "length", "lag", "pending", "dead_letter", "dirty_buckets"), INTEGER),
    "state": nullable(STRING),
    **dict.fromkeys(("build_date", "last_refresh"), nullable(MOMENT)),
}
_NOT_READY = record({"status": STRING, "error": STRING})

STATUS: Operations = {
    ("GET", "/health"): Operation(
        group=_GROUP, summary="The process is alive", scope=None, errors={},
        answers={200: record(_STATUS, {"durability": STRING})},
    ),
    ("GET", "/ready"): Operation(
        group=_GROUP, summary="Requests can be answered now", scope=None, errors={},
        answers={200: record({"status": STRING, "timestamp": MOMENT}), 503: _NOT_READY},
    ),
    ("GET", "/metrics"): Operation(
        group=_GROUP, summary="Metrics for Prometheus", scope="metrics", answers={200: STRING},
        errors={401: UNAUTHORIZED, 403: ("forbidden",)}, media_types=("text/plain",),
        description="Without a token for who asks from the same host.",
    ),
    ("GET", "/api/v1/analytics/health"): Operation(
        group=_GROUP, summary="Everything behind the reports", scope=None,
        answers={
            status: record(
                {
                    **_STATUS, "status": one_of(("healthy", "degraded", "unhealthy")),
                    "checks": keyed(record({"status": STRING}, _DETAILS)),
                },
                {"uptime_seconds": NUMBER},
            )
            for status in (200, 503)
        },
        errors={401: UNAUTHORIZED, 403: ("forbidden",)}, description="Numbers with a token, else only the statuses.",
    ),
    ("GET", "/api/v1/openapi.json"): Operation(
        group=_GROUP, summary="This document", scope=None, answers={200: {"type": "object"}, 304: None}, errors={},
    ),
    ("GET", "/docs"): Operation(
        group=_GROUP, summary="This document as a page", scope=None, answers={200: STRING, 304: None}, errors={},
        media_types=("text/html",),
    ),
}  # fmt: skip
