"""The tracker's files and the pixel, as a browser of any site fetches them."""

import gzip
import hashlib
from pathlib import Path

import pytest
import redis

import ingest
from shared.registry import REGISTRY_KEY, Registry, encode_registry
from tests.ingest.gateway import running

PACKAGE = Path(ingest.__file__).parent
SCRIPT = PACKAGE / "static" / "script.v1.js"


def test_tracker_is_smaller_than_two_and_a_half_kilobytes() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), mtime=0)) < 2500


def test_tracker_was_built_of_the_source_that_is_here() -> None:
    """`make tracker` builds it anew."""
    lines = (PACKAGE / "static" / "script.v1.sha256").read_text().splitlines()

    named = {name: digest for digest, name in (line.split() for line in lines)}
    assert named == {
        name: hashlib.sha256((PACKAGE / name).read_bytes()).hexdigest()
        for name in ("script.source.js", "static/script.v1.js")
    }


@pytest.mark.rule("N8")
@pytest.mark.parametrize(
    ("path", "media_type", "cache"),
    [
        ("/script.js", "text/javascript; charset=utf-8", "public, max-age=10800"),
        ("/script.v1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/analytics.d.ts", "text/plain; charset=utf-8", "public, max-age=10800"),
    ],
)
async def test_files_are_for_every_site_and_cached(redis_url: str, path: str, media_type: str, cache: str) -> None:
    async with running(redis_url) as gateway:
        small = await gateway.client.get(path, headers={"accept-encoding": "gzip"})
        plain = await gateway.client.get(path, headers={"accept-encoding": "identity"})
        head = await gateway.client.head(path)
        again = await gateway.client.get(path, headers={"if-none-match": f'W/"x", {small.headers["etag"]}'})
        posted = await gateway.client.post(path)

    assert (small.status_code, small.headers["content-type"], small.headers["cache-control"]) == (
        200,
        media_type,
        cache,
    )
    assert small.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert small.content == plain.content
    assert (small.headers["access-control-allow-origin"], small.headers["vary"]) == ("*", "Accept-Encoding")
    assert small.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (head.status_code, head.content, again.status_code, again.content) == (200, b"", 304, b"")
    assert (posted.status_code, posted.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.rule("N8")
@pytest.mark.rule("R5")
async def test_pixel_counts_a_page_view(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        named = await gateway.client.get("/p.gif", params={"website_id": "w", "page": "/ü?a=1", "utm_source": "letter"})
        shown_on = {"referer": "https://example.com/a?utm_source=x#b"}
        bare = await gateway.client.get("/p.gif?website_id=w", headers=shown_on)
        head = await gateway.client.head("/p.gif?website_id=w&page=/never")
        stored = await gateway.stored()

    assert (named.status_code, named.headers["content-type"], len(named.content)) == (200, "image/gif", 43)
    assert named.headers["cache-control"] == "no-store"
    assert (bare.status_code, head.status_code) == (200, 200)
    assert {(event.event_type, event.hostname, event.page, event.utm_source, event.query) for event in stored} == {
        ("pageview", None, "/ü", "letter", None),
        ("pageview", "example.com", "/a", None, "utm_source=x"),
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("website_id=w", "missing_field"),
        ("page=/a", "missing_field"),
        ("website_id=w&page=/a&pages=1", "unknown_parameter"),
        ("website_id=w&page=/a&page=/b", "duplicate_parameter"),
        ("website_id=a/b&page=/a", "invalid_value"),
        (f"website_id=w&page=/{'a' * 9000}", "query_too_long"),
        ("website_id=w&page=%ff%00&event_type=%00", "invalid_value"),
    ],
)
async def test_pixel_refuses_by_name(redis_url: str, query: str, code: str) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.client.get(f"/p.gif?{query}")

        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert await gateway.stored() == []


@pytest.mark.rule("R56")
async def test_pixel_says_what_was_dropped(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(REGISTRY_KEY, encode_registry(Registry(())))

    async with running(redis_url, environ={"ENVIRONMENT": "production"}) as gateway:
        answer = await gateway.client.get("/p.gif?website_id=nobody&page=/a")

    assert (answer.status_code, answer.headers["x-analytics-dropped"]) == (200, "unknown_site")


@pytest.mark.rule("R4")
@pytest.mark.parametrize(
    ("event", "page"),
    [
        ({"page": "/app#/settings"}, "/app#/settings"),
        ({"page": "/app?token=1#!/a/b?token=2"}, "/app#!/a/b"),
        ({"page": "/app#chapter"}, "/app"),
        ({"page": "/app#/a", "url": "https://example.com/app#/a"}, "/app#/a"),
        ({"url": "https://example.com/app#/a"}, "/app"),
    ],
)
async def test_a_fragment_stays_where_the_page_is_a_route(redis_url: str, event: dict[str, str], page: str) -> None:
    async with running(redis_url) as gateway:
        await gateway.send({"website_id": "w", **event})

        assert [stored.page for stored in await gateway.stored()] == [page]
