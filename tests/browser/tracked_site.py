"""A website of the test's own, on an origin of its own, whose pages carry the tracker."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
from playwright.sync_api import Page
from psycopg.rows import DictRow, dict_row

from shared.clock import utc_now
from tests.browser.chromium import Complaints
from tests.flow.pipeline import Pipeline, wait_until

# Not a name of this machine, for those count only where the page says so; Chromium is told where it is.
HOST = "site.example"


@dataclass(frozen=True)
class TrackedSite:
    """Pages at `origin`, and the product that counts them under `website_id`."""

    origin: str
    pages: dict[str, str]
    # Headers of all its answers, by name.
    headers: dict[str, str]
    # Paths that were asked for, in their order.
    asked: list[str]
    pipeline: Pipeline
    website_id: str
    complaints: Complaints

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.pipeline.ingest_port}"

    def tag(self, attributes: str = "", website_id: str | None = None) -> str:
        """The snippet of the documentation."""
        site = website_id or self.website_id
        return f'<script defer src="{self.gateway}/script.js" data-website-id="{site}" {attributes}></script>'

    def put(self, path: str, body: str = "", *, head: str | None = None) -> str:
        """A page with the tracker in it, and its URL."""
        tag = self.tag() if head is None else head
        self.pages[path] = f'<!doctype html><html lang="en"><title>T {path}</title>{tag}<body>{body}</body></html>'
        return self.origin + path

    def rows(self, website_id: str | None = None) -> list[DictRow]:
        """What is stored, in the order it happened."""
        with psycopg.connect(self.pipeline.database_url) as connection, connection.cursor(row_factory=dict_row) as rows:
            asked = (website_id or self.website_id,)
            rows.execute('SELECT * FROM events WHERE website_id = %s ORDER BY "timestamp", arrival', asked)
            return rows.fetchall()

    def wait_for(self, *event_types: str, website_id: str | None = None) -> list[DictRow]:
        """The rows, once these and no others are stored; `performance` and `engagement` only where they are named."""
        wanted = sorted(event_types)
        extra = {"engagement", "performance"} - set(event_types)

        def seen() -> list[str]:
            names = [str(row["event_type"]) for row in self.rows(website_id)]
            return sorted(name for name in names if name not in extra)

        wait_until(lambda: seen() == wanted, f"{wanted}, there are {seen()}")
        return [row for row in self.rows(website_id) if row["event_type"] not in extra]


def hideable(page: Page, *, is_hidden: bool = False) -> None:
    """Every document of the page is hidden, or not, as `turn` says: a headless browser hides none."""
    hidden = "true" if is_hidden else "false"
    page.add_init_script(
        f"window.isHidden = {hidden}; Object.defineProperty(document, 'hidden', {{ get: () => window.isHidden }})"
    )


def turn(page: Page, *, is_hidden: bool) -> None:
    """Hide the document that is there, or show it."""
    page.evaluate(
        "hidden => { window.isHidden = hidden; document.dispatchEvent(new Event('visibilitychange')) }", is_hidden
    )


def wait_painted(page: Page) -> None:
    """Return once the paint of a page with something on it was told: observers are, in the order they were made in."""
    page.evaluate(
        """() => new Promise(done => new PerformanceObserver(done).observe(
          { type: "largest-contentful-paint", buffered: true })).then(() => {})"""
    )


def stop_clock(page: Page) -> None:
    """From now on the page's time goes on by `page.clock.run_for` alone."""
    page.clock.install()
    page.clock.pause_at(utc_now() + timedelta(seconds=1))


@contextmanager
def serving(pages: dict[str, str], headers: dict[str, str], asked: list[str]) -> Generator[str]:
    """The origin at which `pages` are served by path, with `headers`; what is asked for is noted in `asked`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Browsers ask for an icon, which has nothing to do with it.
            asked.append(self.path)
            body = pages.get(self.path.partition("?")[0], "" if self.path == "/favicon.ico" else None)
            payload = (body or "").encode()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(payload)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
