"""What the gateway counts and measures; every label has a bounded set of values."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.event import RESERVED_EVENT_TYPES

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class IngestMetrics:
    """The gateway's metrics, registered in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.accepted = Counter("events_accepted_total", "Events acknowledged with 202.", registry=registry)
        self.rejected = Counter("events_rejected_total", "Events refused, by error code.", ["code"], registry=registry)
        self.dropped = Counter(
            "events_dropped_total", "Events dropped on purpose, by reason.", ["reason"], registry=registry
        )
        self.rate_limited = Counter(
            "rate_limited_total", "Requests answered 429, by what was over its limit.", ["limit"], registry=registry
        )
        self.refused_publish = Counter(
            "publish_refused_total", "Requests answered 503 before they were sent on.", ["reason"], registry=registry
        )
        self.publish_seconds = Histogram(
            "publish_seconds", "Time from XADD to its reply.", registry=registry, buckets=_SECONDS
        )
        self.pending_bytes = Gauge("publish_pending_bytes", "Bytes waiting for Redis.", registry=registry)
        self.stream_length = Gauge("stream_length", "Entries in all streams.", registry=registry)
        processing = Histogram(
            "event_processing_duration_seconds",
            "Time from the last byte of a request to its answer, by the event's type.",
            ["event_type"],
            registry=registry,
            buckets=_SECONDS,
        )
        # Looked up once: `labels` costs more than the observation.
        self._processing = {name: processing.labels(name) for name in (*RESERVED_EVENT_TYPES, "batch", "custom")}

    def observe_processing(self, event_type: str, seconds: float) -> None:
        """`event_type` is the event's, or `batch`; every custom name counts as `custom`."""
        self._processing.get(event_type, self._processing["custom"]).observe(seconds)
