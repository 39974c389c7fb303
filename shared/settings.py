"""Every setting is an environment variable, read once at the start and passed on as an argument.

The README's table is generated from `SETTINGS`; a value out of range stops the start by its name.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingError(Exception):
    """A setting is missing or out of range; the message names the variable and the limit."""


class Setting(NamedTuple):
    """One row of the README's settings table."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        "ENVIRONMENT",
        "development",
        "`development` accepts unregistered websites and body `ip_address`; `production` does not",
    ),
    Setting("LOG_LEVEL", "info", "`debug`, `info`, `warning` or `error`"),
    Setting("DATA_DIR", "./data", "where the embedded servers keep their data"),
    Setting("DATABASE_URL", "", "PostgreSQL 16 or newer; empty = embedded"),
    Setting("DATABASE_REPLICA_URL", "", "a streaming replica that reports are read from; empty = DATABASE_URL"),
    Setting("REDIS_URL", "", "Redis or Valkey with `appendonly yes`; empty = embedded"),
    Setting(
        "STREAM_CLUSTER",
        "",
        "addresses of nodes, comma separated, of a Redis or Valkey cluster for the streams; empty = REDIS_URL",
    ),
    Setting("HOST", "127.0.0.1", "the address to listen on"),
    Setting("INGEST_PORT", "8080", "the gateway's port, and the front door's in embedded mode"),
    Setting("ANALYTICS_SERVICE_PORT", "3002", "the query API's port when it runs on its own"),
    Setting("METRICS_PORT", "0", "where a worker serves /metrics on HOST; 0 = nowhere"),
    Setting("MAX_DB_CONNECTIONS", "20", "connections the query API may hold, 1..500"),
    Setting("DB_CONNECTION_TIMEOUT", "2s", "longest wait for a free connection"),
    Setting(
        "MAX_REPORTS_PER_TOKEN", "", "reports one token may have under way, 1..500; empty = a third of the connections"
    ),
    Setting("STREAM_PARTITIONS", "8", "stream partitions, 1..1024; fixed once events have been accepted"),
    Setting("WORKER_COUNT", "1", "worker processes that `analytics up` starts, 1..64"),
    Setting("BATCH_SIZE", "5000", "most events in one worker transaction, 1..50000"),
    Setting("BATCH_TIMEOUT", "200ms", "longest wait for a batch to fill"),
    Setting("RETENTION_DAYS", "90", "days raw events are kept after they were received, 8..3660"),
    Setting("ALLOW_UNREGISTERED_SITES", "", "`true` or `false`; empty = only in development"),
    Setting("TRUSTED_PROXIES", "", "networks, comma separated, whose X-Forwarded-For is believed"),
    Setting("CLIENT_IP_HEADER", "", "a header set by a trusted proxy, used in place of X-Forwarded-For"),
    Setting(
        "RATE_LIMIT_PER_CLIENT", "100", "events or kilobytes a second from a network (/24, /56), burst five times that"
    ),
    Setting("RATE_LIMIT_PER_SITE", "5000", "events a second for one website, burst five times that"),
    Setting("MAX_PENDING_BYTES", "64MiB", "request bytes the gateway holds while Redis has not answered"),
    Setting("MAX_BACKLOG", "10000000", "stream entries beyond which the gateway answers 503"),
    Setting("STORE_USER_AGENT", "false", "`true` keeps the whole user agent with each event"),
    Setting("GEO_DB", "", "one or two .mmdb files, comma separated; empty = `DATA_DIR/geo/*.mmdb`"),
    Setting("JWT_SECRET", "", "at least 32 bytes; empty only in embedded mode, which makes its own"),
    Setting("JWT_PUBLIC_KEY", "", "PEM of the RS256 key when tokens come from elsewhere; excludes JWT_SECRET"),
    Setting("JWT_ISSUER", "analytics", "the `iss` a token must carry"),
    Setting("JWT_AUDIENCE", "analytics", "the `aud` a token must carry"),
    Setting("CORS_ORIGINS", "", "origins, comma separated, that may call the query API from a browser"),
    Setting("ALLOWED_HOSTS", "", "names, comma separated, that page and query API answer for; empty = any"),
    Setting("PUBLIC_URL", "", "where people open the page, such as https://stats.example.com; empty = as they ask"),
    Setting("TRACKER_URL", "", "where websites fetch the tracker; empty = at the address of the page"),
    Setting("API_DOCS", "", "`true` or `false`: serve /docs and the OpenAPI document; empty = only in development"),
    Setting("STATEMENT_TIMEOUT", "15s", "longest a report may run"),
    Setting("CACHE_BYTES", "64MiB", "answers that a query API keeps in memory, and in CACHE_REDIS_URL; 0 = none"),
    Setting("CACHE_REDIS_URL", "", "a Redis of its own in which query APIs share answers; empty = none"),
    Setting(
        "EXACT_UP_TO",
        "100000",
        "page views and events of a report up to which everything is counted, nothing estimated",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole configuration, checked."""

    environment: str
    log_level: str
    data_dir: str
    database_url: str
    database_replica_url: str
    redis_url: str
    stream_cluster: tuple[str, ...]
    host: str
    ingest_port: int
    query_port: int
    metrics_port: int
    max_db_connections: int
    db_connection_timeout_seconds: float
    max_reports_per_token: int
    stream_partitions: int
    worker_count: int
    batch_size: int
    batch_timeout_seconds: float
    retention_days: int
    allow_unregistered_sites: bool
    trusted_proxies: tuple[Network, ...]
    client_ip_header: str
    rate_limit_per_client: int
    rate_limit_per_site: int
    max_pending_bytes: int
    max_backlog: int
    store_user_agent: bool
    geo_db: tuple[str, ...]
    jwt_secret: str
    jwt_public_key: str
    jwt_issuer: str
    jwt_audience: str
    cors_origins: tuple[str, ...]
    allowed_hosts: frozenset[str]
    public_url: str
    tracker_url: str
    api_docs: bool
    statement_timeout_seconds: float
    cache_bytes: int
    cache_redis_url: str
    exact_up_to: int

    @property
    def is_development(self) -> bool:
        return self.environment == "development"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`, defaults filled in; raises SettingError on the first bad one."""
    defaults = {setting.name: setting.default for setting in SETTINGS}

    def text(name: str) -> str:
        return environ.get(name, "").strip() or defaults[name]

    def one_of(name: str, *allowed: str) -> str:
        value = text(name).lower()
        if value not in allowed:
            raise SettingError(f"{name}: must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def whole(name: str, low: int, high: int, otherwise: int | None = None) -> int:
        value = text(name)
        if not value and otherwise is not None:
            return otherwise
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise SettingError(f"{name}: must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    def parsed(name: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(text(name))
        except ValueError as error:
            raise SettingError(f"{name}: {error}") from error

    environment = one_of("ENVIRONMENT", "development", "production")
    max_db_connections = whole("MAX_DB_CONNECTIONS", 1, 500)
    only_in_development = "true" if environment == "development" else "false"
    allow_unregistered = text("ALLOW_UNREGISTERED_SITES") or only_in_development
    return Settings(
        environment=environment,
        log_level=one_of("LOG_LEVEL", "debug", "info", "warning", "error"),
        data_dir=text("DATA_DIR"),
        database_url=parsed("DATABASE_URL", _parse_database_url),
        database_replica_url=parsed("DATABASE_REPLICA_URL", _parse_database_url),
        redis_url=parsed("REDIS_URL", _parse_redis_url),
        stream_cluster=parsed("STREAM_CLUSTER", lambda value: tuple(map(_parse_node_url, _parse_list(value)))),
        host=text("HOST"),
        ingest_port=whole("INGEST_PORT", 0, 65535),
        query_port=whole("ANALYTICS_SERVICE_PORT", 0, 65535),
        metrics_port=whole("METRICS_PORT", 0, 65535),
        max_db_connections=max_db_connections,
        max_reports_per_token=whole("MAX_REPORTS_PER_TOKEN", 1, 500, max(1, max_db_connections // 3)),
        db_connection_timeout_seconds=parsed("DB_CONNECTION_TIMEOUT", parse_seconds),
        stream_partitions=whole("STREAM_PARTITIONS", 1, 1024),
        worker_count=whole("WORKER_COUNT", 1, 64),
        batch_size=whole("BATCH_SIZE", 1, 50_000),
        batch_timeout_seconds=parsed("BATCH_TIMEOUT", parse_seconds),
        retention_days=whole("RETENTION_DAYS", 8, 3660),
        allow_unregistered_sites=_parse_bool("ALLOW_UNREGISTERED_SITES", allow_unregistered),
        trusted_proxies=parsed("TRUSTED_PROXIES", lambda value: tuple(map(ipaddress.ip_network, _parse_list(value)))),
        client_ip_header=text("CLIENT_IP_HEADER").lower(),
        rate_limit_per_client=whole("RATE_LIMIT_PER_CLIENT", 1, 1_000_000),
        rate_limit_per_site=whole("RATE_LIMIT_PER_SITE", 1, 10_000_000),
        max_pending_bytes=parsed("MAX_PENDING_BYTES", parse_bytes),
        max_backlog=whole("MAX_BACKLOG", 1, 10**12),
        store_user_agent=_parse_bool("STORE_USER_AGENT", text("STORE_USER_AGENT")),
        geo_db=_parse_list(text("GEO_DB")),
        jwt_secret=text("JWT_SECRET"),
        jwt_public_key=text("JWT_PUBLIC_KEY"),
        jwt_issuer=text("JWT_ISSUER"),
        jwt_audience=text("JWT_AUDIENCE"),
        cors_origins=_parse_list(text("CORS_ORIGINS")),
        allowed_hosts=parsed("ALLOWED_HOSTS", _parse_hosts),
        public_url=parsed("PUBLIC_URL", _parse_public_url),
        tracker_url=parsed("TRACKER_URL", _parse_public_url),
        api_docs=_parse_bool("API_DOCS", text("API_DOCS") or only_in_development),
        statement_timeout_seconds=parsed("STATEMENT_TIMEOUT", parse_seconds),
        cache_bytes=parsed("CACHE_BYTES", parse_bytes),
        cache_redis_url=parsed("CACHE_REDIS_URL", _parse_redis_url),
        exact_up_to=whole("EXACT_UP_TO", 0, 1_000_000_000),
    )


def parse_seconds(value: str) -> float:
    """Seconds in a duration such as `200ms`, `5s`, `24h`; raises ValueError."""
    match = re.fullmatch(r"(\d{1,9})(ms|s|m|h)", value, re.ASCII)
    if match is None:
        raise ValueError(f"must be a duration such as 200ms, 5s or 24h, not {value!r}")
    return int(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}[match[2]]


def parse_bytes(value: str) -> int:
    """Bytes in a size such as `65536`, `64KiB`, `64MiB`; raises ValueError."""
    match = re.fullmatch(r"(\d{1,12})(KiB|MiB|GiB)?", value, re.ASCII)
    if match is None:
        raise ValueError(f"must be a size such as 64MiB, not {value!r}")
    return int(match[1]) * {None: 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[match[2]]


def _parse_database_url(value: str) -> str:
    # Keywords (`host=... dbname=...`) are the driver's other form. A message never repeats what may hold a password.
    if value and not value.startswith(("postgresql://", "postgres://")) and "=" not in value:
        raise ValueError("must be an address such as postgresql://user:password@host:5432/database")
    return value


def _parse_redis_url(value: str) -> str:
    if value and not _is_address(value, "redis", "rediss", "unix"):
        raise ValueError("must be an address such as redis://user:password@host:6379/0 or unix:///path/to/socket")
    return value


def _parse_node_url(value: str) -> str:
    # A cluster has one database, and names its nodes by host and port.
    if not _is_address(value, "redis", "rediss") or urlsplit(value).path.strip("/") or not urlsplit(value).hostname:
        raise ValueError("must be addresses such as redis://user:password@host:6379, without a database")
    return value


def _is_address(value: str, *schemes: str) -> bool:
    try:
        return urlsplit(value).scheme in schemes and urlsplit(value).port != 0
    except ValueError:
        return False


def _parse_public_url(value: str) -> str:
    url = value.rstrip("/")
    if (
        url
        and re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?", url) is None
    ):
        raise ValueError("must be scheme, host and port alone, such as https://stats.example.com")
    return url


def _parse_hosts(value: str) -> frozenset[str]:
    hosts = frozenset(host.lower() for host in _parse_list(value))
    for host in hosts:
        if re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:]+\]", host) is None:
            raise ValueError("must be names or addresses without a port, such as stats.example.com or [::1]")
    return hosts


def _parse_bool(name: str, value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise SettingError(f"{name}: must be true or false, not {value!r}")
    return value.lower() == "true"


def _parse_list(value: str) -> tuple[str, ...]:
    return tuple(item for part in value.split(",") if (item := part.strip()))
