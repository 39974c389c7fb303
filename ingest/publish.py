"""The way into the streams: a request is answered only when the replies for all of its envelopes are in (SPEC R59)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from ingest.lane import Lane, Parcel
from ingest.metrics import IngestMetrics
from ingest.unavailable import unavailable


class Publisher:
    """Gives parcels to the lanes of their partitions, which must be running.

    `lane_of` and `lanes`, of which each is one, may change meanwhile."""

    def __init__(
        self, lane_of: Mapping[int, Lane], lanes: Collection[Lane], metrics: IngestMetrics, max_pending_bytes: int
    ) -> None:
        self._lane_of = lane_of
        self._lanes = lanes
        self._metrics = metrics
        self._max_pending_bytes = max_pending_bytes
        # Set while nothing may be accepted (back-pressure); the reason for the log and the metric.
        self.closed_because: str | None = None

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Returns when every parcel is durable; raises AppError 503 when one is not, or may not be."""
        size = sum(len(parcel.payload) for parcel in parcels)
        if self.closed_because is not None or self.pending_bytes + size > self._max_pending_bytes:
            self._metrics.refused_publish.labels(self.closed_because or "pending_bytes").inc()
            raise unavailable()
        futures = [self._lane_of[parcel.partition].take(parcel) for parcel in parcels]
        if len(futures) == 1:
            await futures[0]
            return
        for result in await asyncio.gather(*futures, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    @property
    def pending_bytes(self) -> int:
        return sum(lane.pending_bytes for lane in self._lanes)
