"""The attributes and verdicts that the worker adds (SPEC R19, R45 to R50)."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.event import Envelope, Event
from shared.registry import Website
from tests.worker.test_place import LONDON, open_places, write_geo
from worker.channel import RULES_VERSION
from worker.enrich import Enricher

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
WEBSITE = Website(website_id="site-123", domains=("example.org",))


def make_event(**fields: object) -> Event:
    return Event(website_id="site-123", id=UUID(int=1), timestamp=NOW, visitor_id="v", page="/", **fields)  # pyright: ignore[reportArgumentType]: each test gives fields of their type


def make_envelope(user_agent: str, *, is_server: bool = False, network: str | None = "81.2.69.0") -> Envelope:
    return Envelope(1, NOW, network, user_agent, is_server, [])


@pytest.fixture(scope="module")
def enricher(tmp_path_factory: pytest.TempPathFactory) -> Enricher:
    path = tmp_path_factory.mktemp("geo") / "a.mmdb"
    return Enricher(open_places(write_geo(path, {"81.2.69.0/24": LONDON})))


@pytest.mark.rule("R19")
def test_every_attribute_of_a_session_is_filled(enricher: Enricher) -> None:
    event = make_event(
        hostname="Shop.Example.com:8443",
        referrer="https://www.google.co.uk/",
        query="utm_medium=cpc&utm_campaign=spring&utm_term=shoes&utm_content=a",
        utm_source="google",
        screen="1920x1080",
        language="en-GB",
    )

    assert enricher.attributes(event, make_envelope(CHROME), WEBSITE)._asdict() == {
        "hostname": "shop.example.com",
        "referrer": "https://www.google.co.uk/",
        "source": "Google",
        "channel": "Paid Search",
        "rules_version": RULES_VERSION,
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "spring",
        "utm_term": "shoes",
        "utm_content": "a",
        "country": "GB",
        "region": "GB-ENG",
        "city": "London",
        "city_geoname_id": 2643743,
        "continent": "EU",
        "browser": "Chrome",
        "browser_version": "131",
        "os": "Windows",
        "os_version": "10",
        "device": "desktop",
        "screen": "1920x1080",
        "language": "en-GB",
    }


def test_what_is_not_known_is_none_and_never_empty(enricher: Enricher) -> None:
    event = make_event(hostname="", referrer="", query="", screen="", language="")

    attributes = enricher.attributes(event, make_envelope("", is_server=True, network=None), WEBSITE)

    known = {name: value for name, value in attributes._asdict().items() if value is not None}
    assert known == {"channel": "Direct", "rules_version": RULES_VERSION, "device": "unknown"}


@pytest.mark.rule("R45")
def test_the_websites_own_domains_are_no_source(enricher: Enricher) -> None:
    event = make_event(hostname="www.example.com", referrer="https://blog.example.org/x")

    own = make_event(hostname="www.example.com", referrer="https://shop.example.com/x")

    assert enricher.attributes(event, make_envelope(CHROME), WEBSITE).source is None
    assert enricher.attributes(event, make_envelope(CHROME), Website(website_id="other")).source == "blog.example.org"
    assert enricher.attributes(own, make_envelope(CHROME), Website(website_id="other")).source is None


@pytest.mark.rule("R50")
@pytest.mark.parametrize(
    ("user_agent", "is_server", "category"),
    [
        (CHROME, False, None),
        (CHROME, True, None),
        (GOOGLEBOT, False, "crawler"),
        # A server names its visitor's user agent: that one is judged.
        (GOOGLEBOT, True, "crawler"),
        ("", False, "unknown"),
        ("   ", False, "unknown"),
        # A server that names none says nothing.
        ("", True, None),
        # The mark of an access log for a browser that sent none.
        ("-", True, "unknown"),
    ],
)
def test_a_sender_is_judged_by_the_visitors_user_agent(
    enricher: Enricher, user_agent: str, is_server: bool, category: str | None
) -> None:
    verdict = enricher.judge(make_event(), make_envelope(user_agent, is_server=is_server))

    assert verdict.category == category
    assert verdict.is_bot == (category is not None)


@pytest.mark.rule("R50")
def test_a_spam_referrer_is_flagged_whatever_the_browser(enricher: Enricher) -> None:
    verdict = enricher.judge(make_event(referrer="http://semalt.com/"), make_envelope(CHROME))

    assert (verdict.is_bot, verdict.category, verdict.reasons) == (True, "spam_referrer", ("spam_referrer",))


@pytest.mark.rule("R50")
def test_a_browser_that_a_program_drives_is_flagged(enricher: Enricher) -> None:
    verdict = enricher.judge(make_event(webdriver=True), make_envelope(CHROME))

    assert (verdict.is_bot, verdict.category, verdict.reasons) == (True, "tool", ("webdriver",))


@pytest.mark.rule("R47")
@pytest.mark.parametrize("user_agent", [GOOGLEBOT, "curl/8.5.0", CHROME.replace("Chrome", "HeadlessChrome"), "-", ""])
def test_a_robots_device_is_a_robot(enricher: Enricher, user_agent: str) -> None:
    assert enricher.attributes(make_event(), make_envelope(user_agent), WEBSITE).device == "bot"
