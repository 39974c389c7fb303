"""Who is at the other end: the address behind trusted proxies, the user agent, privacy signals (SPEC R14, R51).

The whole address lives only here, in `Origin.address`, for as long as the request: what leaves the
gateway is `Origin.network`.
"""

from collections.abc import Iterable
from socket import AF_INET6, inet_ntop

import msgspec

from ingest.refusal import EventError
from ingest.sites import Sites
from ingest.timestamps import Trust
from shared.api_keys import KEY_PREFIX, key_principal, parse_key_id
from shared.client_address import Proxies, pack_address
from shared.clock import Clock
from shared.errors import AppError
from shared.settings import Settings
from shared.tokens import Principal, TokenVerifier, bearer_token, unauthorized

MAX_USER_AGENT_BYTES = 512
INGEST_SCOPE = "ingest"
IMPORT_SCOPE = "ingest:import"

Headers = dict[bytes, bytes]


class Origin(msgspec.Struct, frozen=True):
    """Where an event comes from. `address` is packed (4 or 16 bytes; empty when not known) and must
    reach neither log, stream nor file; `network` is that address cut to /24 or /48."""

    address: bytes
    network: str | None
    user_agent: str
    # A server's own user agent, which says nothing about a visitor (SPEC R50).
    is_server: bool = False

    def key(self) -> bytes:
        """The bytes that tell one visitor from another."""
        return b"%b\0%b" % (self.address, self.user_agent.encode())


class Sender(msgspec.Struct, frozen=True):
    """Who sends a request, and what may be believed of what it says."""

    origin: Origin
    trust: Trust = Trust.ANONYMOUS
    principal: Principal | None = None
    # Whether `ip_address` and `user_agent` in the body count (SPEC R14).
    honours_body: bool = False
    # Sec-GPC or DNT (SPEC R51).
    is_private: bool = False

    @property
    def is_keyed(self) -> bool:
        return self.principal is not None


class Senders:
    """Tells senders apart by the settings of this gateway. `verifier` is None when nothing is configured to
    check tokens with; API keys need none."""

    def __init__(self, settings: Settings, verifier: TokenVerifier | None, sites: Sites, clock: Clock) -> None:
        self._proxies = Proxies(settings)
        self._is_development = settings.is_development
        self._verifier = verifier
        self._sites = sites
        self._clock = clock

    async def identify(self, peer: str | None, headers: Headers, raw: Iterable[tuple[bytes, bytes]]) -> Sender:
        """The sender of a request; raises AppError 401 or 403 on a token or key that does
        not hold, 503 on a key that cannot be looked up.

        `headers` is `raw` with the last of each name; only a chain of proxies needs them all.
        """
        address = pack_address(peer) or b""
        is_trusted = False
        if self._proxies.is_trusted(address):
            address = self._proxies.client(address, headers, raw)
            is_trusted = self._proxies.is_trusted(address)
        origin = Origin(address, cut_address(address), capped_user_agent(headers.get(b"user-agent", b"")))
        is_private = headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1"
        authorization = headers.get(b"authorization")
        if authorization is None:
            return Sender(origin, honours_body=self._is_development or is_trusted, is_private=is_private)
        principal = await self._principal(authorization.decode("latin-1"))
        wants_import = headers.get(b"x-analytics-import") == b"1"
        if wants_import and IMPORT_SCOPE not in principal.scopes:
            raise AppError(403, "forbidden", f"token: the scope {IMPORT_SCOPE} is required")
        trust = Trust.IMPORT if wants_import else Trust.KEYED
        return Sender(origin, trust, principal, honours_body=True, is_private=is_private)

    async def _principal(self, authorization: str) -> Principal:
        token = bearer_token(authorization)
        if token.startswith(KEY_PREFIX):
            key = await self._sites.find_key(parse_key_id(token))
            principal = key_principal(key, token, self._clock())
            if key is not None:
                self._sites.note_key_use(key.key_id)
        elif self._verifier is None:
            raise unauthorized("unauthorized", "token: no key is configured")
        else:
            principal = self._verifier.verify(authorization)
        if INGEST_SCOPE not in principal.scopes:
            raise AppError(403, "forbidden", f"token: the scope {INGEST_SCOPE} is required")
        return principal


def body_origin(sender: Sender, ip_address: str | None, user_agent: str | None) -> Origin:
    """The origin as the body gives it; raises EventError when `ip_address` is not an address.

    A keyed server's own address and agent never stand for a visitor's: what it does not give is empty.
    """
    address, network = sender.origin.address, sender.origin.network
    if ip_address:
        packed = pack_address(ip_address)
        if packed is None:
            raise EventError("invalid_value", "ip_address: must be an IPv4 or IPv6 address", "ip_address")
        address, network = packed, cut_address(packed)
    elif sender.is_keyed:
        network = None
    if user_agent:
        return Origin(address, network, capped_user_agent(user_agent.encode()))
    agent = "" if sender.is_keyed else sender.origin.user_agent
    return Origin(address, network, agent, is_server=sender.is_keyed)


def cut_address(address: bytes) -> str | None:
    """The first address of the /24 or /48 that a packed address is in (SPEC R14)."""
    if len(address) == 4:
        return f"{address[0]}.{address[1]}.{address[2]}.0"
    return inet_ntop(AF_INET6, address[:6] + bytes(10)) if address else None


def capped_user_agent(user_agent: bytes) -> str:
    """At most MAX_USER_AGENT_BYTES of it; header bytes that are not UTF-8 become U+FFFD."""
    return user_agent[:MAX_USER_AGENT_BYTES].decode(errors="replace").replace("\0", "")
