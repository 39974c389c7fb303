"""What is left of an address: host, path, and where the visit came from (SPEC R4, R5, R46)."""

import pytest

from ingest.page import CLICK_IDS, Address, reduce_referrer, split_address
from ingest.refusal import EventError
from tests.ingest.gateway import running
from tests.ingest.sending import one


@pytest.mark.rule("R5")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://example.com", Address("example.com", "/", None)),
        ("HTTPS://U:P@Example.com:65535/A/?x=1#f", Address("example.com", "/A/", None)),
        ("https://example.com\\a", Address("example.com", "\\a", None)),
        ("https://example.com?ref=hn", Address("example.com", "/", "ref=hn")),
        ("http://[2001:DB8::1]:8080/a", Address("[2001:db8::1]", "/a", None)),
        ("//evil.example/a", Address(None, "/a", None)),
        ("a/https://example.com/", Address(None, "a/https://example.com/", None)),
        ("/a?UTM_Source=X&Ref=r&Source=s&q=1&utm_x", Address(None, "/a", "utm_source=X&ref=r&source=s&utm_x=")),
    ],
)
def test_an_address_is_split(text: str, address: Address) -> None:
    assert split_address(text, "url") == address


@pytest.mark.rule("R5")
@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "https://a b/",
        "https://example.com:65536/",
        "https://example.com:x/",
        "https://example.com:\u0661/",
        "http://[::1]x/",
        "http://[::g]/",
        "https://" + "a" * 254,
    ],
)
def test_what_has_no_host_is_no_address(text: str) -> None:
    with pytest.raises(EventError) as refused:
        split_address(text, "url")

    assert (refused.value.code, refused.value.field) == ("invalid_url", "url")


@pytest.mark.rule("R46")
@pytest.mark.parametrize("name", "gclid gbraid wbraid msclkid ttclid li_fat_id twclid fbclid".split())
def test_of_a_click_id_its_name_alone_is_kept(name: str) -> None:
    assert split_address(f"/a?{name.upper()}=a-person", "page").query == f"{name}="
    assert name in CLICK_IDS


@pytest.mark.rule("R5")
@pytest.mark.parametrize(
    ("sent", "reduced"),
    [
        ("HTTPS://U:P@News.Example.com/A?token=t#f", "https://news.example.com/A"),
        ("https://example.com#f", "https://example.com"),
        ("android-app://com.example.app/", "android-app://com.example.app/"),
        ("news.example.com", "news.example.com"),
        ("localhost", None),
        ("a word.", None),
        ("https:///a", None),
        ("java script://a", None),
        ("://example.com", None),
    ],
)
def test_of_a_referrer_no_query_is_kept(sent: str, reduced: str | None) -> None:
    assert reduce_referrer(sent) == reduced


@pytest.mark.rule("R4", "R5")
@pytest.mark.parametrize(
    ("fields", "stored"),
    [
        ({"page": "/p", "url": "https://u.example/u?ref=u"}, ("u.example", "/p", "ref=u")),
        ({"page": "https://p.example/p?ref=p", "url": "https://u.example/u?ref=u"}, ("p.example", "/p", "ref=p")),
        ({"page": "https://p.example/p", "hostname": "H.Example"}, ("h.example", "/p", None)),
        ({"url": " https://u.example/u "}, ("u.example", "/u", None)),
        ({"page": " ", "url": "/u"}, (None, "/u", None)),
    ],
)
async def test_page_and_url_complete_each_other(
    redis_url: str, fields: dict[str, str], stored: tuple[str | None, str, str | None]
) -> None:
    async with running(redis_url) as gateway:
        event = await one(gateway, None, **{"page": None, **fields})

        assert (event.hostname, event.page, event.query) == stored


@pytest.mark.rule("R1")
async def test_only_what_is_seen_on_a_page_needs_one(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        answers = {
            event_type: (await gateway.send({"website_id": "w", "event_type": event_type})).status_code
            for event_type in ("pageview", "engagement", "performance", "identify", "signup")
        }

    assert answers == {"pageview": 400, "engagement": 400, "performance": 400, "identify": 202, "signup": 202}
