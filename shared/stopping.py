"""How an answer without an end learns that the server stops: by what the server keeps beside each request."""

import asyncio
from collections.abc import MutableMapping

_KEY = "stopping"


def stopping(state: MutableMapping[str, object]) -> asyncio.Event:
    """Set once the server stops that `state` is of, the `state` of a request's scope."""
    found = state.setdefault(_KEY, asyncio.Event())
    assert isinstance(found, asyncio.Event)
    return found
