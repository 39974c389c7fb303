"""For which names the query API answers (RELIABILITY 6.4): a page of somebody else whose name leads to this machine
must not be taken for ours."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import AppError

# Asked by address, and telling nothing of anybody.
_FOR_ALL = frozenset({"/health", "/ready", "/metrics"})
_HOST = re.compile(r"(?P<name>[^:\[\]]+|\[[^\]]*\])(:[0-9]{1,5})?")


class AllowedHosts:
    """Middleware: raises AppError 400 on a request whose `Host`, without its port, is none of `names`."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _FOR_ALL:
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or _name(hosts[0]) not in self._names:
                raise AppError(400, "unknown_host", "Host: must be one of ALLOWED_HOSTS")
        await self._app(scope, receive, send)


def _name(host: str) -> str | None:
    found = _HOST.fullmatch(host)
    return found["name"].lower() if found else None
