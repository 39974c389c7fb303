"""Traffic shaped like a day's: what the gateway would have put into the stream, as entries of envelopes.

Sites and pages follow a power law; 3.3 events a session; one event an envelope, as browsers send them;
a third of the visitors choose their ids themselves, as the tracker lets them; two of five come by IPv6; half
of the titles are not plain ASCII; 70 % of the user agents are a few hundred, the rest a long tail; a twentieth
are robots.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from shared.event import ENGAGEMENT, PAGEVIEW, Envelope, Event, Revenue, encode_envelope

EVENTS_PER_SESSION = 3.3
EVENTS_PER_ENTRY = 100
# Sessions that go on at the same time.
OPEN_SESSIONS = 600
NETWORKS = 5_000
SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "Linux; Android 10; K",
    "X11; Linux x86_64",
)
COMMON_VERSIONS, ALL_VERSIONS = 75, 1_500
BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "curl/8.5.0",
)
REFERRERS = (
    *[None] * 5,
    "https://www.google.com/",
    "https://www.google.de/",
    "https://www.bing.com/",
    "https://t.co/abc",
    "https://www.reddit.com/r/selfhosted/comments/1",
)
QUERIES = (*[None] * 6, "utm_source=newsletter&utm_medium=email&utm_campaign=spring", "gclid=", "ref=producthunt")
LANGUAGES = ("en-GB", "en-US", "de-DE", "fr-FR")
SCREENS = ("1920x1080", "390x844", "1440x900", "412x915")
TITLES = (
    *["A title of the usual length - Example"] * 3,
    "Über uns – Größe, Qualität & Straße",
    'He said "yes" \\ then\tleft',
    "日本語のページの題名",
)


@dataclass(frozen=True, slots=True)
class _Visit:
    website_id: str
    visitor_id: str
    session_id: str | None
    user_agent: str
    network: str
    language: str
    screen: str


def make_entries(
    count: int, partitions: int, start: datetime, span: timedelta, seed: int = 7
) -> list[tuple[int, list[bytes]]]:
    """(partition, envelopes) of each stream entry of `count` events sent in [start, start + span)."""
    chance = random.Random(seed)
    networks = [_network(chance) for _ in range(NETWORKS)]
    visits: list[list[_Visit]] = [[] for _ in range(partitions)]
    entries: list[tuple[int, list[bytes]]] = []
    for first in range(0, count, EVENTS_PER_ENTRY):
        partition = first // EVENTS_PER_ENTRY % partitions
        going_on = visits[partition]
        envelopes: list[bytes] = []
        for number in range(first, min(first + EVENTS_PER_ENTRY, count)):
            begins = not going_on or chance.random() < 1 / EVENTS_PER_SESSION
            visit = _begin(chance, networks) if begins else chance.choice(going_on)
            if begins:
                going_on.append(visit)
                del going_on[: -OPEN_SESSIONS // partitions]
            envelopes.append(_envelope(chance, start + span * number / count, visit, begins=begins))
        entries.append((partition, envelopes))
    return entries


def make_bodies(count: int, open_sessions: int, seed: int) -> list[object]:
    """What as many events are when they are sent, each by its visitor, of whom so many are there at a time; a
    gateway of developers believes the addresses and user agents they name."""
    chance = random.Random(seed)
    networks = [_network(chance) for _ in range(NETWORKS)]
    going_on: list[_Visit] = []
    bodies: list[object] = []
    for _ in range(count):
        begins = not going_on or chance.random() < 1 / EVENTS_PER_SESSION
        visit = _begin(chance, networks) if begins else chance.choice(going_on)
        if begins:
            going_on.append(visit)
            del going_on[:-open_sessions]
        draw = chance.random()
        body: dict[str, object] = {
            "website_id": visit.website_id,
            "page": _page(chance),
            "hostname": "www.example.com",
            "language": visit.language,
            "screen": visit.screen,
            "user_agent": visit.user_agent,
            "ip_address": visit.network,
        }
        if visit.session_id is not None:
            body |= {"visitor_id": visit.visitor_id, "session_id": visit.session_id}
        if begins or draw < 0.55:
            body |= {"title": chance.choice(TITLES), "referrer": chance.choice(REFERRERS)}
        elif draw < 0.85:
            body |= {"event_type": ENGAGEMENT, "engaged_ms": chance.randrange(60_000)}
        else:
            body |= {"event_type": "signup", "properties": {"plan": "pro", "step": 3}}
        bodies.append(body)
    return bodies


def _network(chance: random.Random) -> str:
    if chance.random() < 0.4:
        return f"2a01:{chance.randrange(65536):x}:{chance.randrange(65536):x}::"
    return f"{chance.randrange(1, 223)}.{chance.randrange(256)}.{chance.randrange(256)}.0"


def _page(chance: random.Random) -> str:
    return f"/blog/{int(chance.paretovariate(0.9)) % 3000}/a-title-of-usual-length"


def _begin(chance: random.Random, networks: list[str]) -> _Visit:
    has_ids = chance.random() < 1 / 3
    return _Visit(
        f"site-{min(999, int(chance.paretovariate(1.1)))}",
        str(UUID(int=chance.getrandbits(128))) if has_ids else f"{chance.getrandbits(128):032x}",
        f"{chance.getrandbits(64):016x}" if has_ids else None,
        _user_agent(chance),
        chance.choice(networks),
        chance.choice(LANGUAGES),
        chance.choice(SCREENS),
    )


def _user_agent(chance: random.Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(BOTS)
    version = chance.randrange(COMMON_VERSIONS if chance.random() < 0.7 else ALL_VERSIONS)
    return (
        f"Mozilla/5.0 ({chance.choice(SYSTEMS)}) AppleWebKit/537.36 (KHTML, like Gecko)"
        f" Chrome/{60 + version % 75}.0.{version // 75}.0 Safari/537.36"
    )


def _envelope(chance: random.Random, at: datetime, visit: _Visit, *, begins: bool) -> bytes:
    draw = chance.random()
    event_type = PAGEVIEW if begins or draw < 0.55 else ENGAGEMENT if draw < 0.85 else "signup"
    is_pageview = event_type == PAGEVIEW
    event = Event(
        website_id=visit.website_id,
        id=UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | chance.getrandbits(62)),
        timestamp=at,
        visitor_id=visit.visitor_id,
        previous_visitor_id=None if visit.session_id else visit.visitor_id[::-1],
        is_client_id=visit.session_id is not None,
        event_type=event_type,
        page=_page(chance),
        session_id=visit.session_id,
        hostname="www.example.com",
        query=chance.choice(QUERIES) if begins else None,
        referrer=chance.choice(REFERRERS) if begins else "https://www.example.com/blog/" if is_pageview else None,
        title=chance.choice(TITLES) if is_pageview else None,
        language=visit.language,
        screen=visit.screen,
        engaged_ms=chance.randrange(60_000) if event_type == ENGAGEMENT else None,
        scroll_depth=chance.randrange(101) if event_type == ENGAGEMENT else None,
        revenue=Revenue("19.99", "EUR") if event_type == "signup" and draw > 0.98 else None,
        properties=msgspec.Raw(b'{"plan":"pro","step":3}') if event_type == "signup" else msgspec.UNSET,
    )
    received_at = at + timedelta(milliseconds=40)
    return encode_envelope(Envelope(1, received_at, visit.network, visit.user_agent, False, [event]))
