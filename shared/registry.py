"""The registered websites and their API keys as every service sees them; the database is the source,
Redis the copy."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

# JSON object {"websites": [...], "keys": [...]}, written by the query API and read by the gateway and the worker.
REGISTRY_KEY = "registry"
# Hash of key id -> Unix seconds: the gateway, which knows no database, says here when keys were used, once a
# minute a key at most; the query API takes it into the table.
KEYS_USED_KEY = "keys_used"
KEY_USE_GRAIN_SECONDS = 60
# Words of our own paths: `/analytics/dashboard/x` would have two meanings (SPEC C12). Clients take the dots
# out of a path.
RESERVED_WEBSITE_IDS = frozenset({"dashboard", "geo", "timeseries", "event", "health", ".", ".."})
# Raw events are kept for no shorter: a retry of eight days ago must still find its day (SPEC R57).
MIN_RETENTION_DAYS = 8
# Whose ids tell visitors apart (SPEC R10): an id that an event brings, or else a derived one; derived ones alone;
# as the first, and the tracker may keep an id in the browser.
Identity: TypeAlias = Literal["given", "derived", "persistent"]


class Website(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the gateway and the worker need to know of one website."""

    website_id: str
    timezone: str = "UTC"
    # Registrable domains or hosts that belong to the site: never a source of their own (SPEC R45).
    domains: tuple[str, ...] = ()
    # What a Sec-GPC or DNT signal does (SPEC R51): fall back to the derived id, drop, or nothing.
    gpc: Literal["derive", "drop", "ignore"] = "derive"
    # Days its raw events are kept, where fewer than RETENTION_DAYS.
    retention_days: int | None = None
    identity: Identity = "given"
    # Its reports need no token.
    is_public: bool = False
    # In CIDR notation: what comes from there is dropped (SPEC R56).
    excluded_networks: tuple[str, ...] = ()
    # Seconds of engagement from which a session of one page view is no bounce (SPEC R22); None: none are.
    engaged_threshold_s: int | None = None
    # Another campaign begins another session (SPEC R18).
    split_on_campaign: bool = False


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key of one website. `digest` is the SHA-256 of the whole key, which nobody keeps."""

    key_id: str
    website_id: str
    digest: bytes
    scopes: frozenset[str]
    expires_at: datetime | None = None


class Registry(msgspec.Struct, frozen=True):
    """A whole snapshot: a website or a key that is not in it is not registered."""

    websites: tuple[Website, ...]
    # Absent in what an older version wrote.
    keys: tuple[ApiKey, ...] = ()


_decoder = msgspec.json.Decoder(Registry)


def encode_registry(registry: Registry) -> bytes:
    """The snapshot as stored under `REGISTRY_KEY`."""
    return msgspec.json.encode(registry)


def decode_registry(payload: bytes) -> Registry:
    """The snapshot in `payload`; raises msgspec.DecodeError."""
    return _decoder.decode(payload)
