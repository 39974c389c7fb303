"""What the worker adds to an event: the verdict on its sender, and the attributes of its session."""

from dataclasses import dataclass

from shared.event import Envelope, Event
from shared.registry import Website
from worker.agent import AgentReader, clean_agent
from worker.bot import HUMAN, NO_USER_AGENT, BotJudge, Verdict, with_spam
from worker.channel import RULES_VERSION, find_channel
from worker.place import Places
from worker.source import find_source, is_spam, read_tags

__all__ = ["Attributes", "Enricher", "Verdict"]

# What an access log writes where a browser sent no user agent.
_LOGGED_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Attributes:
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


class Enricher:
    """Answers for one worker process; everything it remembers is bounded and only a cache."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._agents = AgentReader()
        self._bots = BotJudge(self._agents)

    @property
    def places(self) -> Places:
        """The geo database, for its status."""
        return self._places

    def judge(self, event: Event, envelope: Envelope) -> Verdict:
        """Whether a robot sent the event (SPEC R50)."""
        verdict = self._judge_agent(envelope)
        return with_spam(verdict) if event.referrer and is_spam(event.referrer) else verdict

    def attributes(self, event: Event, envelope: Envelope, website: Website) -> Attributes:
        """The attributes of the session that `event` begins."""
        hostname = _host(event.hostname)
        tags = read_tags(event)
        source = find_source(tags, event.referrer, (hostname or "", *website.domains))
        channel = find_channel(tags, source)
        place = self._places.find(envelope.network)
        agent = self._agents.read(clean_agent(envelope.user_agent))
        return Attributes(
            hostname=hostname,
            referrer=event.referrer or None,
            source=source.name if source is not None else None,
            channel=channel,
            rules_version=RULES_VERSION,
            utm_source=tags.utm_source,
            utm_medium=tags.utm_medium,
            utm_campaign=tags.utm_campaign,
            utm_term=tags.utm_term,
            utm_content=tags.utm_content,
            country=place.country,
            region=place.region,
            city=place.city,
            city_geoname_id=place.city_geoname_id,
            continent=place.continent,
            browser=agent.browser,
            browser_version=agent.browser_version,
            os=agent.os,
            os_version=agent.os_version,
            device="bot" if self._judge_agent(envelope).is_bot else agent.device,
            screen=event.screen or None,
            language=event.language or None,
        )

    def _judge_agent(self, envelope: Envelope) -> Verdict:
        user_agent = clean_agent(envelope.user_agent).strip()
        if user_agent == _LOGGED_NOTHING:
            return NO_USER_AGENT
        if not user_agent:
            # A server that names no visitor's agent says nothing; a browser always has one.
            return HUMAN if envelope.is_server else NO_USER_AGENT
        return self._bots.judge(user_agent)


def _host(hostname: str | None) -> str | None:
    if not hostname:
        return None
    lowered = hostname.strip().lower().rstrip(".")
    if not lowered.startswith("["):
        lowered = lowered.partition(":")[0]
    return lowered or None
