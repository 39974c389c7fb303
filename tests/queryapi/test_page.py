"""The dashboard page as it is served: small, cached by its version, and closed to everything foreign."""

import gzip
import re

import pytest

from queryapi.page import CONTENT_SECURITY_POLICY, STATIC
from tests.queryapi.rig import running, settings_for

# LIBRARIES section 5: the first load stays far below 100 KB, and whatever is loaded later too.
MOST_FIRST_BYTES = 40_000
MOST_BYTES = 60_000


async def test_page_and_its_files_are_one_version(database: str) -> None:
    async with running(settings_for(database)) as api:
        page = await api.get("/", headers={"accept-encoding": "gzip"})
        shared = await api.get("/share/some-token", headers={})
        html = gzip.decompress(page.payload).decode()
        linked = re.findall(r'(?:href|src)="(/assets/[^"]+)"', html)
        files = {path: await api.get(path, headers={}) for path in linked}
        again = await api.get("/", headers={"if-none-match": page.headers["etag"]})
        other = await api.get(linked[0].replace("/assets/", "/assets/0"), headers={})
        none = await api.get(linked[0].rpartition("/")[0] + "/..%2fpage.py", headers={})

    assert (page.status, page.headers["cache-control"], shared.payload.decode()) == (200, "no-cache", html)
    assert "VERSION" not in html and "PRELOADS" not in html
    assert {reply.headers["cache-control"] for reply in files.values()} == {"public, max-age=31536000, immutable"}
    media_types = {path.rpartition(".")[2]: reply.headers["content-type"] for path, reply in files.items()}
    assert media_types == {
        "svg": "image/svg+xml",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
    }
    assert (again.status, again.payload, other.status, none.status) == (304, b"", 404, 404)


async def test_page_is_told_where_the_tracker_is(database: str) -> None:
    async with running(settings_for(database, TRACKER_URL="https://events.example.com/")) as api:
        html = (await api.get("/", headers={})).payload.decode()

    assert '<meta name="tracker" content="https://events.example.com">' in html


async def test_page_opens_to_nothing_foreign(database: str) -> None:
    async with running(settings_for(database)) as api:
        headers = (await api.get("/", headers={})).headers

    policy = headers["content-security-policy"]
    assert policy == CONTENT_SECURITY_POLICY
    assert "unsafe" not in policy and "require-trusted-types-for 'script'" in policy
    assert (headers["cross-origin-opener-policy"], headers["x-frame-options"]) == ("same-origin", "DENY")


async def test_page_is_small(database: str) -> None:
    packed = {path.name: len(gzip.compress(path.read_bytes(), mtime=0)) for path in STATIC.iterdir()}
    async with running(settings_for(database)) as api:
        html = (await api.get("/", headers={})).payload.decode()
    first = set(re.findall(r"/assets/\w+/([\w.]+)", html)) | {"index.html"}

    assert {"app.js", "app.css", "chart.js"} <= first < packed.keys()
    assert sum(packed[name] for name in first) < MOST_FIRST_BYTES, packed
    assert sum(packed.values()) < MOST_BYTES, packed


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_scripts_make_no_markup_of_text(path: object) -> None:
    text = (STATIC / str(path)).read_text("utf-8")

    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser"):
        assert way not in text
    assert re.search(r"https?://(?!www\.w3\.org/2000/svg|db-ip\.com|\$\{)", text) is None
