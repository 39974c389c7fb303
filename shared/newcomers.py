"""Connections that have not asked for anything yet. Whoever opens thousands and is silent gives way to who is not."""

import asyncio
from collections.abc import MutableMapping

_KEY = "newcomers"


class Newcomers:
    """In the order in which they came."""

    def __init__(self) -> None:
        self._transports: dict[object, asyncio.Transport] = {}

    def add(self, connection: object, transport: asyncio.Transport) -> None:
        self._transports[connection] = transport

    def remove(self, connection: object) -> None:
        self._transports.pop(connection, None)

    def close_oldest_but(self, connection: object) -> None:
        """Close the one that came first, if there is one beside `connection`."""
        oldest = next(iter(self._transports), connection)
        if oldest is not connection:
            self._transports.pop(oldest).abort()


def newcomers(state: MutableMapping[str, object]) -> Newcomers:
    """Those of the server that `state` is of, as it hands it to each connection."""
    found = state.setdefault(_KEY, Newcomers())
    assert isinstance(found, Newcomers)
    return found
