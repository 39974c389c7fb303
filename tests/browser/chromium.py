"""The machine's own Chromium, driven headless, and a page in it that must stay without complaints."""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A headless browser says that it is one, and is taken for a robot. Said to the whole browser: what a context says of
# itself is not said in requests that outlive their page.
_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
_OPTIONS = (
    f"--user-agent={_USER_AGENT}",
    # The sandbox needs a user that is not root; the pages are our own.
    "--no-sandbox",
    # A visitor's browser does not say that a program drives it.
    "--disable-blink-features=AutomationControlled",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Names of this machine count for nothing in the tracker. Nothing else resolves: no test depends on the world.
    "--host-resolver-rules=MAP site.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@dataclass
class Complaints:
    """What a page did that no page of ours may do; `origins` are those that it may ask."""

    origins: tuple[str, ...]
    found: list[str] = field(default_factory=list[str])

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("console", self._note_console)
        page.on("request", self._note_request)

    def _note_console(self, message: ConsoleMessage) -> None:
        # A violated Content-Security-Policy is an error of the console too.
        if message.type in {"error", "warning"}:
            self.found.append(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and f"{parts.scheme}://{parts.netloc}" not in self.origins:
            self.found.append(f"foreign request: {request.url}")


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine, None when there is none."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def launched() -> Generator[Browser]:
    """A headless browser; there must be one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=list(_OPTIONS),
            # Playwright turns off what every visitor's browser does.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, complaints: Complaints, **options: object) -> Generator[BrowserContext]:
    """A browser that remembers nothing from before; every page of it is watched, `options` are Playwright's own."""
    context = browser.new_context(**options)  # pyright: ignore[reportArgumentType] -- Playwright's own options
    context.on("page", complaints.watch)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def undriven(url: str) -> Generator[None]:
    """A browser at `url` that nothing drives: under a driver no page is rendered ahead."""
    program = find_chromium()
    assert program is not None
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, "--headless", f"--user-data-dir={profile}", *_OPTIONS, url]
        # A group of its own: a browser is many processes.
        running = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
