"""The live view, told to many: one question is asked once for everybody who listens to its answer."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge

from queryapi.rendered import Rendered
from shared.errors import AppError

LIVE_MEDIA_TYPE = "text/event-stream"
# A page takes one listener a tab; those of a public website count together.
MAX_LISTENERS_EACH = 50
# Each holds a connection and three waiting tasks.
MAX_LISTENERS = 1000
RETRY_AFTER_SECONDS = 30

Look = Callable[[], Awaitable[Rendered]]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds from one look to the next, of silence at most, and for which a listener is believed."""

    look_seconds: float = 5.0
    silence_seconds: float = 10.0
    belief_seconds: float = 30.0


class Listeners:
    """Counts those who listen, of each token and in all."""

    def __init__(self, most_each: int, most: int) -> None:
        self._most_each = most_each
        self._most = most
        self._each = Counter[Hashable]()

    @contextmanager
    def enter(self, who: Hashable) -> Generator[None]:
        """A place among those of `who`; raises AppError 503 where none is free."""
        if self._each[who] >= self._most_each:
            raise _too_many(f"token: has {self._most_each} live views open, which is the most")
        if self.total >= self._most:
            raise _too_many(f"server: has {self._most} live views open, which is the most")
        self._each[who] += 1
        try:
            yield
        finally:
            self._each[who] -= 1
            if not self._each[who]:
                del self._each[who]

    @property
    def total(self) -> int:
        return self._each.total()


class Topic:
    """The answer to one question as it is now, which is all that is kept: who reads slowly misses the ones between."""

    def __init__(self, first: Rendered) -> None:
        self.latest = first
        self.wakes = set[asyncio.Event]()

    async def look_on(self, look: Look, look_seconds: float) -> None:
        """Look again and again, until there is nothing to see any more."""
        try:
            while True:
                await asyncio.sleep(look_seconds)
                try:
                    found = await look()
                except AppError as error:
                    if error.status == 503:
                        # The next look may be answered.
                        continue
                    return
                self.tell(found)
        finally:
            self._wake()

    def tell(self, found: Rendered) -> None:
        """Whoever listens shall know this."""
        if found.etag != self.latest.etag:
            self.latest = found
            self._wake()

    def _wake(self) -> None:
        for wake in self.wakes:
            wake.set()


@dataclass(frozen=True)
class Following:
    """A listener's share of a topic. `wake` is set when there may be something to tell; `looking` is done when there
    will be nothing any more."""

    topic: Topic
    wake: asyncio.Event
    looking: "asyncio.Task[None]"


class Live:
    """Who listens to what in this process."""

    def __init__(self, pace: Pace, registry: CollectorRegistry) -> None:
        self.pace = pace
        self.listeners = Listeners(MAX_LISTENERS_EACH, MAX_LISTENERS)
        self._topics: dict[Hashable, tuple[Topic, asyncio.Task[None]]] = {}
        Gauge("query_live_listeners", "Live views that are open.", registry=registry).set_function(
            lambda: float(self.listeners.total)
        )
        Gauge("query_live_topics", "Different questions that live views ask.", registry=registry).set_function(
            lambda: float(len(self._topics))
        )

    @asynccontextmanager
    async def follow(self, question: Hashable, first: Rendered, look: Look) -> AsyncGenerator[Following]:
        """The answers to `question`, which `look` gives. `first` is one of just now; whoever leaves last ends
        the looking."""
        topic, looking = self._topics.get(question, (None, None))
        if topic is None or looking is None or looking.done():
            topic = Topic(first)
            looking = asyncio.create_task(topic.look_on(look, self.pace.look_seconds))
            self._topics[question] = (topic, looking)
        topic.tell(first)
        wake = asyncio.Event()
        topic.wakes.add(wake)
        try:
            yield Following(topic, wake, looking)
        finally:
            topic.wakes.discard(wake)
            if not topic.wakes:
                if self._topics.get(question) == (topic, looking):
                    del self._topics[question]
                looking.cancel()
                with suppress(asyncio.CancelledError):
                    await looking


def _too_many(problem: str) -> AppError:
    return AppError(
        503,
        "too_many_listeners",
        f"{problem}; ask for /realtime, or again later",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
