"""The link that makes the first user: there is no account before it (RELIABILITY 6.2)."""

from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple

from shared.settings import Settings

SETUP_LINK_LIFETIME = timedelta(minutes=30)
SETUP_TOKEN_CHARACTERS = 43


class SetupToken(NamedTuple):
    """A token just made; `text` is printed once."""

    text: str
    digest: bytes


def make_setup_token() -> SetupToken:
    """A token of 256 random bits."""
    text = token_urlsafe(32)
    return SetupToken(text, token_digest(text))


def token_digest(text: str) -> bytes:
    """What is kept of a token."""
    return sha256(text.encode()).digest()


def setup_lines(base_url: str, token: str) -> list[str]:
    """What is printed. The token stands behind the #, which no browser sends and no proxy logs."""
    minutes = int(SETUP_LINK_LIFETIME.total_seconds()) // 60
    return [
        f"  Nobody can sign in yet. Within {minutes} minutes, open this link once to make the owner's account:",
        f"  {base_url}/#setup={token}",
        "  (`analytics setup` prints a new one)",
    ]


def page_url(settings: Settings, port: int) -> str:
    """Where people open the page."""
    if settings.public_url:
        return settings.public_url
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 -- shown, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"
