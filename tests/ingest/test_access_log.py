"""Lines of access logs, tame and hostile, and the page views they stand for."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.access_log import MAX_LINE_BYTES, LoggedPageview, Skip, is_asset, parse_line, read_lines, read_pageviews

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:25.0) Gecko/20100101 Firefox/25.0"


def line(
    request: str = "GET /a HTTP/1.1",
    *,
    client: str = "203.0.113.9",
    time: str = "17/May/2015:10:05:03 +0000",
    status: str = "200",
    tail: str = f' "-" "{AGENT}"',
) -> bytes:
    return f'{client} - - [{time}] "{request}" {status} 512{tail}'.encode()


def pageview(raw: bytes) -> LoggedPageview:
    found = parse_line(raw)
    assert isinstance(found, LoggedPageview), found
    return found


def test_combined_line_keeps_page_query_referrer_agent_address_and_time() -> None:
    raw = line("GET /a/b?utm_source=x HTTP/1.1", tail=f' "https://example.net/from?q=1" "{AGENT}"')

    found = pageview(raw)

    assert found.page == "/a/b?utm_source=x"
    assert found.referrer == "https://example.net/from?q=1"
    assert found.user_agent == AGENT
    assert found.ip_address == "203.0.113.9"
    assert found.timestamp == datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)
    assert found.hostname is None


def test_common_line_has_no_referrer_and_no_agent() -> None:
    found = pageview(line(tail=""))

    assert (found.referrer, found.user_agent) == (None, "-")


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("29/Feb/2024:23:59:59 +0000", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("01/Jan/2026:00:30:00 +0545", datetime(2025, 12, 31, 18, 45, tzinfo=UTC)),
        ("01/Jan/2026:00:30:00 -0800", datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=-8)))),
        ("31/Dec/2016:23:59:60 +0000", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_time_keeps_its_zone(time: str, expected: datetime) -> None:
    assert pageview(line(time=time)).timestamp == expected


@pytest.mark.parametrize(
    ("raw", "field", "expected"),
    [
        (line(tail=' "-" "a \\"quoted\\" agent"'), "user_agent", 'a "quoted" agent'),
        (line(tail=' "-" "back\\\\slash"'), "user_agent", "back\\slash"),
        (line(tail=' "-" "caf\\xc3\\xa9"'), "user_agent", "café"),
        (line(tail=' "-" "\\xff\\x22"'), "user_agent", '\ufffd"'),
        (line(tail=' "-" "nul\\x00"'), "user_agent", "nul"),
        (line(tail=' "-" "tab\\there"'), "user_agent", "tab\there"),
        (line(tail=' "" ""'), "user_agent", "-"),
        (line(tail=' "" ""'), "referrer", None),
        (line(tail=f' "-" "{AGENT}" 0.003 "extra" cache=HIT'), "user_agent", AGENT),
        (line("GET / HTTP/1.1", client="2001:db8::1"), "ip_address", "2001:db8::1"),
        (line("GET / HTTP/2.0", client="::FFFF:203.0.113.9"), "ip_address", "203.0.113.9"),
        (line("GET /a b HTTP/1.1"), "page", "/a b"),
        (line("GET /old"), "page", "/old"),
        (line("GET http://example.com/p?q HTTP/1.1"), "page", "http://example.com/p?q"),
        (line("GET /%E2%82%AC HTTP/1.1"), "page", "/%E2%82%AC"),
        (b"www.example.com:443 " + line(), "hostname", "www.example.com"),
        (line().replace(b" - - ", b" - Jo Smith "), "page", "/a"),
        (line().replace(b" 512 ", b" - "), "page", "/a"),
    ],
)
def test_field_is_read_as_the_server_meant_it(raw: bytes, field: str, expected: str | None) -> None:
    assert getattr(pageview(raw), field) == expected


@pytest.mark.parametrize(
    ("raw", "skip"),
    [
        (line("POST /a HTTP/1.1"), Skip.METHOD),
        (line("HEAD / HTTP/1.1"), Skip.METHOD),
        (line("OPTIONS * HTTP/1.1"), Skip.METHOD),
        (line(status="301"), Skip.STATUS),
        (line(status="404"), Skip.STATUS),
        (line(status="500"), Skip.STATUS),
        (line("GET /style.css HTTP/1.1"), Skip.ASSET),
        (line(client="host.example.net"), Skip.NO_ADDRESS),
        (line(client="-"), Skip.NO_ADDRESS),
        (line("-", status="408"), Skip.MALFORMED),
        (line("\\x16\\x03\\x01\\x02", status="400"), Skip.MALFORMED),
        (line(""), Skip.MALFORMED),
        (line("GET"), Skip.MALFORMED),
        (line("get / HTTP/1.1"), Skip.MALFORMED),
        (line("GET example.com HTTP/1.1"), Skip.MALFORMED),
        (line(time="32/May/2015:10:05:03 +0000"), Skip.MALFORMED),
        (line(time="17/Mai/2015:10:05:03 +0000"), Skip.MALFORMED),
        (line(time="17/May/2015:10:05:03 +9900"), Skip.MALFORMED),
        (line(time="2015-05-17T10:05:03+00:00"), Skip.MALFORMED),
        (line(tail=' "-" "cut off'), Skip.MALFORMED),
        (line(status="2000"), Skip.MALFORMED),
        (b"", Skip.MALFORMED),
        (b"\x00" * 100, Skip.MALFORMED),
        (b'{"json": "log"}', Skip.MALFORMED),
        (b'"' * 5000, Skip.MALFORMED),
        (b"a [" * 5000, Skip.MALFORMED),
        (line(tail=' "' + "\\" * 20_001), Skip.MALFORMED),
    ],
)
def test_line_that_is_no_page_view_says_why(raw: bytes, skip: Skip) -> None:
    assert parse_line(raw) is skip


@pytest.mark.parametrize("status", ["200", "204", "206", "304"])
def test_pages_that_were_shown_count(status: str) -> None:
    assert pageview(line(status=status)).page == "/a"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", False),
        ("/index.html", False),
        ("/page.php?file=a.css", False),
        ("/v1.2", False),
        ("/a.b/c", False),
        ("/.css", False),
        ("/feedback", False),
        ("/rss-readers", False),
        ("/projects/feed/about", False),
        ("/js/app.JS", True),
        ("/app.js?v=3", True),
        ("/img/logo.png#x", True),
        ("/data.json", True),
        ("/robots.txt", True),
        ("/favicon.ico", True),
        ("/favicon-32", True),
        ("/sitemap_index.xml", True),
        ("/.well-known/security.txt", True),
        ("/apple-touch-icon-precomposed", True),
        ("/blog/feed/", True),
        ("/?feed=rss2", True),
        ("/blog/tags/puppet?flav=rss20", True),
        ("/font.woff2", True),
        ("/paper.pdf", True),
    ],
)
def test_files_feeds_and_icons_are_not_pages(target: str, expected: bool) -> None:
    assert is_asset(target) is expected


def outcomes(raw: bytes, website_id: str = "site-123", hostname: str | None = None) -> list[LoggedPageview | Skip]:
    return list(read_pageviews(read_lines(io.BytesIO(raw)), website_id, hostname))


def ids(raw: bytes, website_id: str = "site-123") -> list[str]:
    return [found.id for found in outcomes(raw, website_id) if isinstance(found, LoggedPageview)]


@pytest.mark.rule("R57")
def test_the_same_log_gives_the_same_ids_and_equal_lines_differ() -> None:
    log = b"\n".join([line(), line(), line("GET /b HTTP/1.1"), line()])

    assert ids(log) == ids(log)
    assert len(set(ids(log))) == 4
    assert set(ids(log)).isdisjoint(ids(log, "another"))
    assert all(UUID(text).version == 8 for text in ids(log))


@pytest.mark.rule("R57")
def test_a_log_that_has_grown_keeps_the_ids_of_its_beginning() -> None:
    log = b"\n".join([line(), line()])

    assert ids(log + b"\n" + line())[:2] == ids(log)


def test_line_ends_and_empty_lines_do_not_matter() -> None:
    assert ids(line() + b"\r\n\n  \n" + line("GET /b HTTP/1.1")) == ids(
        line() + b"\n" + line("GET /b HTTP/1.1") + b"\n"
    )


def test_a_line_over_the_limit_is_skipped_and_the_next_is_read() -> None:
    filler = "a" * (MAX_LINE_BYTES - len(line("GET / HTTP/1.1")))
    longest = line(f"GET /{filler} HTTP/1.1")
    log = b"\n".join([longest, longest.replace(b"/a", b"/aa"), b"x" * 3 * MAX_LINE_BYTES, line()])

    found = outcomes(log)

    assert [skip if isinstance(skip, Skip) else "view" for skip in found] == [
        "view",
        Skip.TOO_LONG,
        Skip.TOO_LONG,
        "view",
    ]


def test_a_given_host_name_fills_in_for_a_log_without_one() -> None:
    log = line() + b"\nshop.example.com:443 " + line()

    found = [view.hostname for view in outcomes(log, hostname="www.example.com") if isinstance(view, LoggedPageview)]

    assert found == ["www.example.com", "shop.example.com"]


def test_every_line_has_one_outcome() -> None:
    log = b"\n".join([line(), b"garbage", line("GET /a.css HTTP/1.1"), line(status="404"), line("PUT / HTTP/1.1")])

    found = Counter(outcome if isinstance(outcome, Skip) else "view" for outcome in outcomes(log))

    assert found == {"view": 1, Skip.MALFORMED: 1, Skip.ASSET: 1, Skip.STATUS: 1, Skip.METHOD: 1}


@given(st.binary(max_size=300))
def test_parsing_never_fails(raw: bytes) -> None:
    assert isinstance(parse_line(raw), LoggedPageview | Skip)


@given(st.lists(st.sampled_from([b'"', b"\\", b"[", b"] ", b" ", b"GET /", b"200", b"-", b"\\x", line(), b"\xff"])))
def test_parsing_never_fails_on_torn_lines(parts: list[bytes]) -> None:
    assert isinstance(parse_line(b"".join(parts)), LoggedPageview | Skip)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=100))
def test_what_a_server_escapes_comes_back(agent: str) -> None:
    escaped = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02X}" for b in agent.encode())

    assert pageview(line(tail=f' "-" "{escaped}"')).user_agent == (agent or "-")
