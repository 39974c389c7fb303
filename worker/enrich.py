"""What the worker adds to an event: the verdict on its sender, and the attributes of its session."""

from functools import lru_cache
from typing import NamedTuple

from shared.event import Envelope, Event
from shared.registry import Website
from worker.agent import CACHED_AGENTS, AgentReader, clean_agent
from worker.bot import HUMAN, NO_USER_AGENT, BotJudge, Verdict, with_spam, with_webdriver
from worker.channel import RULES_VERSION, find_channel
from worker.place import Places
from worker.source import Campaign, Landing, find_source, is_spam, read_tags

__all__ = ["Attributes", "Enricher", "Verdict"]

# What an access log writes where a browser sent no user agent.
_LOGGED_NOTHING = "-"
# Half a KB each.
CACHED_REFERRERS = 16_384

# The attributes from hostname to utm_content.
_Origin = tuple[
    str | None, str | None, str | None, str, int, str | None, str | None, str | None, str | None, str | None
]


class Attributes(NamedTuple):
    """The attributes of a session (SPEC R19), in the order of the columns of `events`. None is unknown;
    a `source` of None is `Direct / None`."""

    hostname: str | None
    referrer: str | None
    source: str | None
    channel: str
    rules_version: int
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    country: str | None
    region: str | None
    city: str | None
    city_geoname_id: int | None
    continent: str | None
    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    device: str
    screen: str | None
    language: str | None

    @property
    def campaign(self) -> Campaign | None:
        named = self.utm_source, self.utm_medium, self.utm_campaign
        return named if any(named) else None


class _Sender(NamedTuple):
    """What a user agent tells: the verdict, and browser, version, system, version and device."""

    verdict: Verdict
    agent: tuple[str | None, str | None, str | None, str | None, str]


class Enricher:
    """Answers for one worker process; everything it remembers is bounded and only a cache."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._agents = AgentReader()
        self._bots = BotJudge(self._agents)
        # An instance's own caches. Each takes a question whole: to clean a user agent or to cut a host out
        # of a URL costs more than to find the answer.
        self._sender = lru_cache(CACHED_AGENTS)(self._read_sender)
        self._is_spam = lru_cache(CACHED_REFERRERS)(is_spam)
        self._origin = lru_cache(CACHED_REFERRERS)(_find_origin)

    @property
    def places(self) -> Places:
        """The geo database, for its status."""
        return self._places

    def judge(self, event: Event, envelope: Envelope) -> Verdict:
        """Whether a robot sent the event (SPEC R50)."""
        verdict = self._sender(envelope.user_agent, envelope.is_server).verdict
        if event.webdriver:
            verdict = with_webdriver(verdict)
        return with_spam(verdict) if event.referrer and self._is_spam(event.referrer) else verdict

    def attributes(self, event: Event, envelope: Envelope, website: Website) -> Attributes:
        """The attributes of the session that `event` begins."""
        landing = Landing(
            event.hostname,
            event.referrer,
            event.query,
            event.source,
            event.utm_source,
            event.utm_medium,
            event.utm_campaign,
            event.utm_term,
            event.utm_content,
        )
        place = self._places.find(envelope.network)
        return Attributes(
            *self._origin(landing, tuple(website.domains)),
            place.country,
            place.region,
            place.city,
            place.city_geoname_id,
            place.continent,
            *self._sender(envelope.user_agent, envelope.is_server).agent,
            event.screen or None,
            event.language or None,
        )

    def _read_sender(self, user_agent: str, is_server: bool) -> _Sender:  # noqa: FBT001 (a key of the cache)
        cleaned = clean_agent(user_agent)
        verdict = self._judge_agent(cleaned.strip(), is_server=is_server)
        agent = self._agents.read(cleaned)
        device = "bot" if verdict.is_bot else agent.device
        return _Sender(verdict, (agent.browser, agent.browser_version, agent.os, agent.os_version, device))

    def _judge_agent(self, user_agent: str, *, is_server: bool) -> Verdict:
        if user_agent == _LOGGED_NOTHING:
            return NO_USER_AGENT
        if not user_agent:
            # A server that names no visitor's agent says nothing; a browser always has one.
            return HUMAN if is_server else NO_USER_AGENT
        return self._bots.judge(user_agent)


def _find_origin(landing: Landing, domains: tuple[str, ...]) -> _Origin:
    hostname = _host(landing.hostname)
    tags = read_tags(landing)
    source = find_source(tags, landing.referrer, (hostname or "", *domains))
    return (
        hostname,
        landing.referrer or None,
        source.name if source is not None else None,
        find_channel(tags, source),
        RULES_VERSION,
        tags.utm_source,
        tags.utm_medium,
        tags.utm_campaign,
        tags.utm_term,
        tags.utm_content,
    )


def _host(hostname: str | None) -> str | None:
    if not hostname:
        return None
    lowered = hostname.strip().lower().rstrip(".")
    if not lowered.startswith("["):
        lowered = lowered.partition(":")[0]
    return lowered or None
