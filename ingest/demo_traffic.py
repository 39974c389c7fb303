"""The traffic of a shop that does not exist: the same day always has the same visits, whoever asks and when."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

WEBSITE_ID = "demo"
HOST = "lumen.example"
VISITS_A_DAY = 400
# Visits that somebody makes again who came in the weeks before.
RETURNING = 0.3
# On one day in so many, somewhere many people read of the shop.
SPIKE_EVERY_DAYS = 17

Event = dict[str, object]


class _Country(NamedTuple):
    """Who comes from where: how often, an address of a provider there without its last two numbers, the language."""

    weight: int
    network: str
    language: str


class _Agent(NamedTuple):
    weight: int
    user_agent: str
    screen: str


class _Origin(NamedTuple):
    weight: int
    referrer: str | None
    query: str
    entry: str


_COUNTRIES = (
    _Country(24, "84.128", "de-DE"), _Country(11, "84.112", "de-AT"), _Country(6, "83.76", "de-CH"),
    _Country(16, "73.32", "en-US"), _Country(9, "86.128", "en-GB"), _Country(7, "90.0", "fr-FR"),
    _Country(5, "82.72", "nl-NL"), _Country(4, "79.0", "it-IT"), _Country(4, "80.24", "es-ES"),
    _Country(3, "83.0", "pl-PL"), _Country(3, "81.224", "sv-SE"), _Country(3, "70.24", "en-CA"),
    _Country(2, "187.0", "pt-BR"), _Country(3, "117.192", "en-IN"), _Country(2, "126.0", "ja-JP"),
    _Country(2, "1.128", "en-AU"), _Country(1, "41.144", "en-ZA"), _Country(1, "175.192", "ko-KR"),
)  # fmt: skip
_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 {}Safari/537.36"
_SAFARI = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 {}Safari/{}"
_WINDOWS, _MAC = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"
_AGENTS = (
    _Agent(24, _CHROME.format(_WINDOWS, 142, ""), "1920x1080"),
    _Agent(10, _CHROME.format(_MAC, 142, ""), "1440x900"),
    _Agent(17, _CHROME.format("Linux; Android 10; K", 142, "Mobile "), "412x915"),
    _Agent(20, _SAFARI.format("iPhone; CPU iPhone OS 18_1 like Mac OS X", "Mobile/15E148 ", "604.1"), "390x844"),
    _Agent(9, _SAFARI.format(_MAC, "", "605.1.15"), "1512x982"),
    _Agent(6, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "1920x1080"),
    _Agent(4, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "2560x1440"),
    _Agent(6, _CHROME.format(_WINDOWS, 142, "") + " Edg/142.0.0.0", "1536x864"),
    _Agent(3, _SAFARI.format("iPad; CPU OS 18_1 like Mac OS X", "Mobile/15E148 ", "604.1"), "820x1180"),
)
_READING = "/journal/light-for-reading"
_ORIGINS = (
    _Origin(30, None, "", "/"),
    _Origin(22, "https://www.google.com/", "", "/"),
    _Origin(10, "https://www.google.com/", "", _READING),
    _Origin(6, "https://duckduckgo.com/", "", "/lamps"),
    _Origin(4, "https://www.bing.com/", "", "/lamps"),
    _Origin(5, "https://www.instagram.com/", "", "/lamps/aurora"),
    _Origin(4, "https://www.pinterest.com/", "", "/lamps/dune"),
    _Origin(3, "https://www.reddit.com/r/InteriorDesign/", "", "/journal/warm-or-cold"),
    _Origin(3, "https://chatgpt.com/", "", _READING),
    _Origin(4, "https://design-weekly.example/issues/88", "", "/lamps/fjord"),
    _Origin(6, None, "utm_source=newsletter&utm_medium=email&utm_campaign=autumn-light", "/lamps/aurora"),
    _Origin(4, "https://www.google.com/", "utm_source=google&utm_medium=cpc&utm_campaign=desk-lamps", "/lamps"),
)
_SPIKE = _Origin(0, "https://news.ycombinator.com/", "", "/journal/how-we-build-a-lamp")
_TITLES = {
    "/": "Lumen: lamps that last",
    "/lamps": "All lamps",
    "/lamps/aurora": "Aurora, a floor lamp",
    "/lamps/dune": "Dune, a table lamp",
    "/lamps/fjord": "Fjord, a desk lamp",
    "/journal": "Journal",
    _READING: "Light for reading",
    "/journal/warm-or-cold": "Warm or cold?",
    "/journal/how-we-build-a-lamp": "How we build a lamp",
    "/about": "About us",
    "/shipping": "Shipping and returns",
    "/cart": "Your cart",
    "/checkout": "Checkout",
    "/thanks": "Thank you",
}
_PRODUCTS = {"/lamps/aurora": "189.00", "/lamps/dune": "89.00", "/lamps/fjord": "129.00"}
# Where people go from a page; the cart and what follows it are decided apart.
_NEXT = {
    "/": ("/lamps", "/lamps", "/lamps/aurora", "/journal", "/about"),
    "/lamps": ("/lamps/aurora", "/lamps/aurora", "/lamps/dune", "/lamps/fjord"),
    "/journal": (_READING, "/journal/warm-or-cold", "/journal/how-we-build-a-lamp"),
    "/about": ("/lamps", "/shipping"),
    "/shipping": ("/lamps", "/"),
}
_SHOP = ("/lamps", "/lamps/dune", "/lamps/fjord", "/shipping", "/")
_LEAVES = 0.38
# The hours of a day of central Europe in UTC, with some of the Americas' evening.
_HOURS = (3, 2, 2, 1, 1, 2, 4, 6, 8, 9, 10, 10, 9, 9, 10, 10, 9, 9, 10, 11, 10, 8, 6, 4)
_LATEST_START = time(23, 15)


@dataclass(frozen=True, slots=True)
class _Visitor:
    """A person with one device. `visitor_id` is chosen by the shop, so that who comes back is known."""

    visitor_id: str
    country: _Country
    agent: _Agent
    address: str


def day_events(day: date) -> list[Event]:
    """Every event of a day in UTC, in the order of time; their ids stay the same, so that sending them again
    counts nothing twice."""
    chance = random.Random(day.toordinal())  # noqa: S311 -- nothing of it is secret
    is_spike = day.toordinal() % SPIKE_EVERY_DAYS == 0
    weekend = 0.72 if day.weekday() >= 5 else 1.0
    visits = int(VISITS_A_DAY * weekend * chance.uniform(0.88, 1.12) * (1.9 if is_spike else 1))
    events: list[Event] = []
    for number in range(visits):
        is_read = is_spike and chance.random() < 0.5
        origin = _SPIKE if is_read else chance.choices(_ORIGINS, [one.weight for one in _ORIGINS])[0]
        visitor = _returning(chance, day) if chance.random() < RETURNING else _visitor(day, number)
        events += _visit(chance, _start(chance, day), visitor, origin)
    events.sort(key=lambda event: str(event["timestamp"]))
    for number, event in enumerate(events):
        event["id"] = f"demo-{day}-{number}"
    return events


def _start(chance: random.Random, day: date) -> datetime:
    hour = chance.choices(range(24), _HOURS)[0]
    clock = min(time(hour, chance.randrange(60), chance.randrange(60)), _LATEST_START)
    return datetime.combine(day, clock, UTC)


def _returning(chance: random.Random, day: date) -> _Visitor:
    days_ago = 1 + int(chance.expovariate(1 / 9))
    return _visitor(day - timedelta(days=days_ago), chance.randrange(VISITS_A_DAY // 4))


def _visitor(first_day: date, number: int) -> _Visitor:
    """The same person whenever they come; the device is theirs, and the network."""
    chance = random.Random(f"{first_day}/{number}")  # noqa: S311 -- nothing of it is secret
    country = chance.choices(_COUNTRIES, [one.weight for one in _COUNTRIES])[0]
    agent = chance.choices(_AGENTS, [one.weight for one in _AGENTS])[0]
    address = f"{country.network}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    return _Visitor(f"{first_day}-{number}", country, agent, address)


def _visit(chance: random.Random, start: datetime, visitor: _Visitor, origin: _Origin) -> Iterator[Event]:
    """Pages, how long each was looked at, how fast some came, and what was done on them."""
    now, referrer = start, origin.referrer
    query = f"?{origin.query}" if origin.query else ""
    for page in _way(chance, origin.entry):
        base = _event(visitor, page, now)
        yield {**base, "url": f"https://{HOST}{page}{query}", "title": _TITLES[page], "referrer": referrer}
        if chance.random() < 0.3:
            yield {**base, "event_type": "performance", "performance": _vitals(chance, visitor)}
        seconds = min(600, max(2, int(chance.lognormvariate(3.3, 0.9))))
        later = _event(visitor, page, now + timedelta(seconds=seconds))
        yield from _deeds(chance, page, later)
        scrolled = min(100, 20 + int(chance.betavariate(2, 1.4) * 80))
        yield {**later, "event_type": "engagement", "engaged_ms": seconds * 800, "scroll_depth": scrolled}
        now += timedelta(seconds=seconds + chance.randrange(1, 4))
        referrer, query = f"https://{HOST}{page}", ""


def _way(chance: random.Random, entry: str) -> Sequence[str]:
    """The pages of one visit: around the shop, perhaps into the cart, and perhaps to its end."""
    pages = [entry]
    while chance.random() > _LEAVES and len(pages) < 9:
        pages.append(chance.choice(_NEXT.get(pages[-1], _SHOP)))
        if pages[-1] in _PRODUCTS and chance.random() < 0.16:
            pages.append("/cart")
            if chance.random() < 0.62:
                pages.append("/checkout")
                if chance.random() < 0.58:
                    pages.append("/thanks")
            break
    return pages


def _deeds(chance: random.Random, page: str, event: Event) -> Iterator[Event]:
    if page == "/cart":
        product = chance.choice(list(_PRODUCTS))
        colour = chance.choice(("oak", "oak", "black", "white"))
        yield {**event, "event_type": "add_to_cart", "properties": {"product": product[7:], "colour": colour}}
    elif page == "/thanks":
        price = chance.choice(list(_PRODUCTS.values()))
        payment = chance.choice(("card", "card", "card", "paypal", "invoice"))
        revenue = {"amount": price, "currency": "EUR"}
        yield {**event, "event_type": "purchase", "revenue": revenue, "properties": {"payment": payment}}
    elif chance.random() < 0.02:
        yield {**event, "event_type": "newsletter", "properties": {"place": "footer" if page == "/" else "article"}}


def _vitals(chance: random.Random, visitor: _Visitor) -> dict[str, float]:
    """A phone takes longer."""
    slower = 1.5 if "Mobile" in visitor.agent.user_agent else 1.0
    return {
        "lcp": round(slower * chance.lognormvariate(7.3, 0.35)),
        "inp": round(slower * chance.lognormvariate(4.4, 0.5)),
        "cls": round(chance.expovariate(1 / 0.04), 3),
        "fcp": round(slower * chance.lognormvariate(6.8, 0.3)),
        "ttfb": round(slower * chance.lognormvariate(5.4, 0.4)),
    }


def _event(visitor: _Visitor, page: str, at: datetime) -> Event:
    return {
        "website_id": WEBSITE_ID,
        "visitor_id": visitor.visitor_id,
        "timestamp": at.isoformat(),
        "url": f"https://{HOST}{page}",
        "user_agent": visitor.agent.user_agent,
        "ip_address": visitor.address,
        "language": visitor.country.language,
        "screen": visitor.agent.screen,
    }
