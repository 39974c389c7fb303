"""Sources and channels: what a visit's tags and referrer say (SPEC R45, R46)."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domains import registrable_domain
from shared.event import Event
from worker.channel import find_channel
from worker.source import find_source, is_spam, known_source, read_tags

OWN = ("www.example.com", "example.org")


def make_event(query: str | None = None, referrer: str | None = None, **body: str) -> Event:
    return Event(
        website_id="site-123",
        id=UUID(int=1),
        timestamp=datetime(2026, 3, 2, tzinfo=UTC),
        visitor_id="visitor",
        page="/",
        hostname="www.example.com",
        query=query,
        referrer=referrer,
        **body,  # pyright: ignore[reportArgumentType]: every tag is text
    )


def classify(event: Event) -> tuple[str | None, str]:
    tags = read_tags(event)
    source = find_source(tags, event.referrer, OWN)
    return (source.name if source else None), find_channel(tags, source)


# referrer, query, source, channel
CASES: tuple[tuple[str | None, str | None, str | None, str], ...] = (
    # G13
    ("https://www.google.co.uk/", None, "Google", "Organic Search"),
    ("https://www.google.com/", "gclid=", "Google", "Paid Search"),
    (None, "utm_medium=cpm", None, "Display"),
    (None, "utm_source=facebook&utm_medium=cpc", "Facebook", "Paid Social"),
    ("https://www.facebook.com/", "fbclid=", "Facebook", "Organic Social"),
    ("https://chatgpt.com/", None, "ChatGPT", "AI Assistants"),
    ("https://blog.example.net/post", None, "blog.example.net", "Referral"),
    (None, None, None, "Direct"),
    (None, "utm_medium=newsletter", None, "Email"),
    ("https://netflix.com/browse", None, "netflix.com", "Referral"),
    # Search
    ("https://google.com.br/", None, "Google", "Organic Search"),
    ("https://www.google.de", None, "Google", "Organic Search"),
    ("android-app://com.google.android.googlequicksearchbox/https/www.google.com", None, "Google", "Organic Search"),
    ("https://www.bing.com/", None, "Bing", "Organic Search"),
    ("https://cn.bing.com/", None, "Bing", "Organic Search"),
    ("https://duckduckgo.com/", None, "DuckDuckGo", "Organic Search"),
    ("https://uk.search.yahoo.com/", None, "Yahoo!", "Organic Search"),
    ("https://search.yahoo.co.jp/search", None, "Yahoo!", "Organic Search"),
    ("https://yandex.ru/", None, "Yandex", "Organic Search"),
    ("https://yandex.com.tr/", None, "Yandex", "Organic Search"),
    ("https://ya.ru/", None, "Yandex", "Organic Search"),
    ("https://www.baidu.com/link", None, "Baidu", "Organic Search"),
    ("https://www.ecosia.org/", None, "Ecosia", "Organic Search"),
    ("https://search.brave.com/", None, "Brave", "Organic Search"),
    ("https://kagi.com/", None, "Kagi", "Organic Search"),
    ("https://www.qwant.com/", None, "Qwant", "Organic Search"),
    ("https://www.startpage.com/", None, "Startpage", "Organic Search"),
    ("https://search.naver.com/", None, "Naver", "Organic Search"),
    ("https://search.seznam.cz/", None, "Seznam", "Organic Search"),
    (None, "utm_medium=organic&utm_source=partner", "partner", "Organic Search"),
    (None, "utm_medium=organic", None, "Organic Search"),
    # AI assistants stand before search
    ("https://gemini.google.com/", None, "Gemini", "AI Assistants"),
    ("https://copilot.microsoft.com/", None, "Microsoft Copilot", "AI Assistants"),
    ("https://www.perplexity.ai/", None, "Perplexity", "AI Assistants"),
    ("https://claude.ai/", None, "Claude", "AI Assistants"),
    (None, "utm_source=chatgpt.com", "ChatGPT", "AI Assistants"),
    (None, "utm_source=chatgpt.com&utm_medium=organic", "ChatGPT", "AI Assistants"),
    (None, "utm_source=a&utm_medium=ai-assistant", "a", "AI Assistants"),
    ("https://chat.deepseek.com/", None, "DeepSeek", "AI Assistants"),
    # Social
    ("https://t.co/abc", None, "Twitter", "Organic Social"),
    ("https://x.com/someone", None, "Twitter", "Organic Social"),
    ("https://l.instagram.com/", None, "Instagram", "Organic Social"),
    ("https://lm.facebook.com/", None, "Facebook", "Organic Social"),
    ("https://www.linkedin.com/feed", None, "LinkedIn", "Organic Social"),
    ("https://out.reddit.com/", None, "Reddit", "Organic Social"),
    ("https://www.pinterest.co.uk/", None, "Pinterest", "Organic Social"),
    ("https://news.ycombinator.com/item", None, "Hacker News", "Organic Social"),
    ("https://bsky.app/", None, "Bluesky", "Organic Social"),
    ("https://mastodon.social/@a", None, "Mastodon", "Organic Social"),
    ("android-app://com.linkedin.android/", None, "LinkedIn", "Organic Social"),
    ("android-app://org.telegram.messenger", None, "Telegram", "Organic Social"),
    (None, "utm_source=fb", "Facebook", "Organic Social"),
    (None, "utm_source=somewhere&utm_medium=social", "somewhere", "Organic Social"),
    # Video
    ("https://www.youtube.com/watch", None, "YouTube", "Organic Video"),
    ("https://youtu.be/x", None, "YouTube", "Organic Video"),
    ("https://vimeo.com/1", None, "Vimeo", "Organic Video"),
    (None, "utm_source=tiktok&utm_medium=paid", "TikTok", "Paid Video"),
    (None, "utm_medium=video&utm_source=site", "site", "Organic Video"),
    # Shopping
    ("https://www.amazon.co.uk/", None, "Amazon", "Organic Shopping"),
    ("https://www.etsy.com/", None, "Etsy", "Organic Shopping"),
    (None, "utm_source=google&utm_medium=cpc&utm_campaign=shopping-de", "Google", "Paid Shopping"),
    (None, "utm_source=partner&utm_campaign=eshop", "partner", "Organic Shopping"),
    (None, "utm_source=partner&utm_campaign=workshop", "partner", "Referral"),
    (None, "utm_source=partner&utm_campaign=bishop", "partner", "Referral"),
    (None, "utm_source=partner&utm_campaign=new-shops&utm_medium=x", "partner", "Organic Shopping"),
    (None, "utm_source=partner&utm_campaign=headshop", "partner", "Referral"),
    # Paid
    (None, "utm_source=google&utm_medium=cpc", "Google", "Paid Search"),
    (None, "utm_source=GOOGLE&utm_medium=CPC", "Google", "Paid Search"),
    (None, "utm_source=adwords&utm_medium=ppc", "Google", "Paid Search"),
    ("https://www.bing.com/", "msclkid=", "Bing", "Paid Search"),
    (None, "gclid=", "Google", "Paid Search"),
    (None, "wbraid=", "Google", "Paid Search"),
    (None, "gbraid=", "Google", "Paid Search"),
    (None, "msclkid=", "Bing", "Paid Search"),
    (None, "li_fat_id=", "LinkedIn", "Paid Social"),
    (None, "ttclid=", "TikTok", "Paid Video"),
    (None, "twclid=", "Twitter", "Paid Social"),
    ("https://www.linkedin.com/", "li_fat_id=", "LinkedIn", "Paid Social"),
    (None, "fbclid=", None, "Direct"),
    ("https://www.facebook.com/", "utm_medium=paidsocial", "Facebook", "Paid Social"),
    ("https://blog.example.net/", "gclid=", "blog.example.net", "Paid Other"),
    (None, "utm_source=taboola&utm_medium=cpc", "taboola", "Paid Other"),
    (None, "utm_medium=retargeting", None, "Paid Other"),
    (None, "utm_source=site&utm_medium=banner", "site", "Display"),
    (None, "utm_source=google&utm_medium=cpc&utm_campaign=cross-network", "Google", "Cross-network"),
    # The rest of the list
    ("https://mail.google.com/", None, "Gmail", "Email"),
    ("https://outlook.live.com/", None, "Outlook", "Email"),
    (None, "utm_source=mailchimp", "Mailchimp", "Email"),
    (None, "utm_source=list&utm_medium=e-mail", "list", "Email"),
    (None, "utm_source=a&utm_medium=affiliate", "a", "Affiliates"),
    (None, "utm_source=a&utm_medium=affiliates", "a", "Affiliates"),
    (None, "utm_source=a&utm_medium=audio", "a", "Audio"),
    (None, "utm_source=a&utm_medium=podcast", "a", "Audio"),
    (None, "utm_source=sms", "sms", "SMS"),
    (None, "utm_source=a&utm_medium=sms", "a", "SMS"),
    (None, "utm_source=a&utm_medium=webpush", "a", "Push"),
    (None, "utm_source=firebase", "firebase", "Push"),
    (None, "utm_source=a&utm_medium=app_notification", "a", "Push"),
    (None, "utm_source=a&utm_medium=referral", "a", "Referral"),
    (None, "utm_medium=referral", None, "Referral"),
    (None, "utm_medium=app", None, "Referral"),
    (None, "utm_medium=link", None, "Referral"),
    ("https://en.wikipedia.org/wiki/X", None, "Wikipedia", "Referral"),
    ("https://docs.google.com/document", None, "Google Docs", "Referral"),
    ("https://news.google.co.uk/", None, "Google News", "Referral"),
    ("android-app://com.example.reader", None, "com.example.reader", "Referral"),
    # Tags
    (None, "ref=producthunt", "Product Hunt", "Organic Social"),
    (None, "source=google&ref=fb", "Google", "Organic Search"),
    (None, "utm_source=&source=bing", "Bing", "Organic Search"),
    (None, "source=fb&utm_source=bing", "Bing", "Organic Search"),
    (None, "utm_source=bing&utm_source=fb", "Bing", "Organic Search"),
    (None, f"utm_source={'a' * 300}", "a" * 255, "Referral"),
    ("https://www.google.com/", "utm_source=My+List", "My List", "Referral"),
    (None, "utm_source=caf%C3%A9", "café", "Referral"),
    (None, "utm_source=www.bing.com", "Bing", "Organic Search"),
    (None, "utm_source=%20%20", None, "Direct"),
    # No source at all
    ("https://example.com/a", None, None, "Direct"),
    ("https://shop.example.com/a", None, None, "Direct"),
    ("https://www.example.org:8443/a", None, None, "Direct"),
    ("http://localhost:3000/", None, None, "Direct"),
    ("http://192.168.1.5/", None, None, "Direct"),
    ("http://8.8.8.8:80/x", None, None, "Direct"),
    ("http://0x7f000001/", None, None, "Direct"),
    ("http://[::1]/", None, None, "Direct"),
    ("http://intranet/", None, None, "Direct"),
    ("file:///C:/page.html", None, None, "Direct"),
    ("about:blank", None, None, "Direct"),
    ("chrome-extension://abc/page", None, None, "Direct"),
    ("https://", None, None, "Direct"),
    # Never by a part of a name
    ("https://notgoogle.com/", None, "notgoogle.com", "Referral"),
    ("https://google.com.evil.example/", None, "google.com.evil.example", "Referral"),
    ("https://myexample.com/", None, "myexample.com", "Referral"),
    ("https://fedex.com/", None, "fedex.com", "Referral"),
    ("https://WWW.Google.COM./", None, "Google", "Organic Search"),
    ("https://user:pw@www.google.com:443/", None, "Google", "Organic Search"),
    # A bare host, as some senders have it
    ("news.ycombinator.com", None, "Hacker News", "Organic Social"),
)


@pytest.mark.rule("G13")
@pytest.mark.rule("R45")
@pytest.mark.rule("R46")
@pytest.mark.parametrize(("referrer", "query", "source", "channel"), CASES)
def test_visit_has_its_source_and_channel(
    referrer: str | None, query: str | None, source: str | None, channel: str
) -> None:
    assert classify(make_event(query, referrer)) == (source, channel)


@pytest.mark.rule("R45")
def test_what_the_body_says_wins_over_the_query() -> None:
    event = make_event("utm_source=google&utm_medium=cpc&utm_term=a", utm_source="newsletter", utm_medium="email")

    tags = read_tags(event)

    assert (tags.utm_source, tags.utm_medium, tags.utm_term, tags.source) == ("newsletter", "email", "a", "newsletter")
    assert read_tags(make_event("utm_source=google", source="newsletter")).source == "google"
    assert read_tags(make_event("source=google&ref=bing", source="newsletter")).source == "newsletter"


@pytest.mark.rule("R45")
def test_an_empty_tag_is_no_tag() -> None:
    tags = read_tags(make_event("utm_source=&utm_medium=+&utm_campaign", utm_term="", utm_content=" "))

    assert tags.utm_source is tags.utm_medium is tags.utm_campaign is tags.utm_term is tags.utm_content is None
    assert tags.source is None


def test_click_ids_are_known_by_name_only() -> None:
    assert read_tags(make_event("gclid=secret&fbclid=secret")).click_ids == {"gclid"}


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("example.com.au", "example.com.au"),
        ("alice.github.io", "alice.github.io"),
        ("x.alice.github.io", "alice.github.io"),
        ("github.io", "github.io"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("t.co", "t.co"),
        ("", ""),
    ],
)
def test_registrable_domain_is_what_one_owner_holds(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


@pytest.mark.rule("R50")
@pytest.mark.parametrize(
    ("referrer", "is_spam_host"),
    [
        ("http://semalt.com/x", True),
        ("http://semalt.semalt.com/crawler.php", True),
        ("https://www.darodar.com", True),
        ("https://notsemalt.com/", False),
        ("https://example.com/semalt.com", False),
        ("", False),
    ],
)
def test_spam_referrers_are_known_by_their_host(referrer: str, is_spam_host: bool) -> None:
    assert is_spam(referrer) is is_spam_host


@given(st.text(), st.text(), st.text())
def test_classifying_never_fails(referrer: str, query: str, utm_source: str) -> None:
    _, channel = classify(make_event(query, referrer, utm_source=utm_source))

    assert channel
    _ = is_spam(referrer)


@given(st.text(alphabet="abc.gole", max_size=40))
def test_no_host_is_known_unless_one_of_its_whole_labels_is(host: str) -> None:
    source = known_source(host)

    assert source is None or any(label in host.split(".") for label in ("google", "aol", "t", "goo"))


@pytest.mark.rule("R6")
@pytest.mark.parametrize(("query", "found"), [("utm_source=a%00b", "ab"), ("utm_source=%00", None)])
def test_an_encoded_nul_is_removed(query: str, found: str | None) -> None:
    assert read_tags(make_event(query=query)).source == found
