"""`analytics doctor`: one line for each thing that must be right, with what to do when it is not."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis

from shared.cluster import connect_cluster
from shared.settings import SettingError, Settings
from shared.tokens import checked_secret
from sql.migrate import OLDEST_POSTGRES, MigrationError, pending

# XAUTOCLAIM, and the ACL rules we write, need this.
_OLDEST_REDIS = (7, 0)
_SAFE_POSTGRES = ("fsync", "full_page_writes")
_SAFE_REDIS = {
    "appendonly": ("yes", "{held} are lost when it stops"),
    "appendfsync": ("always", "about a second of {held} can be lost"),
    "maxmemory-policy": ("noeviction", "{held} can be evicted"),
}


class Finding(NamedTuple):
    """One thing looked at. `advice` is what to do, empty when all is well."""

    subject: str
    state: str
    advice: str = ""


def run(settings: Settings, connected: Callable[[Settings, str], Settings]) -> int:
    """Print every finding; 1 when one of them needs a hand."""
    is_well = True
    for finding in examine(connected(settings, "operator")):
        is_well = is_well and not finding.advice
        print(f"{'ok  ' if not finding.advice else 'FIX '} {finding.subject}: {finding.state}", end="")
        print(f" -> {finding.advice}" if finding.advice else "")
    return 0 if is_well else 1


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything there is to find; never raises for a server that is away."""
    yield Finding("settings", f"valid, environment {settings.environment}")
    yield _secret(settings)
    yield from _postgres(settings)
    yield from check_redis(settings)
    if settings.stream_cluster:
        yield from _cluster(settings)
    yield _geo(settings)


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Whether a 202 is worth something on this Redis (RELIABILITY 6.2), or on a cluster what is held beside it."""
    with redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5) as client:
        held = "salts and counts" if settings.stream_cluster else "accepted events"
        yield from _redis(client, "redis", held, "start it or set REDIS_URL; `analytics up` brings its own")


def _cluster(settings: Settings) -> Iterator[Finding]:
    """Each node that has slots, and whether the others go on when it is lost."""
    try:
        cluster = connect_cluster(settings.stream_cluster)
    except redis.RedisError as error:
        yield Finding("cluster", str(error), "start it or correct STREAM_CLUSTER")
        return
    with cluster:
        for node in cluster.get_primaries():
            client, subject = cluster.get_redis_connection(node), f"cluster {node.name}"
            yield from _redis(client, subject, "accepted events", "start it")
            yield from _coverage(client, subject)


def _coverage(client: redis.Redis, subject: str) -> Iterator[Finding]:
    name = "cluster-require-full-coverage"
    with suppress(redis.RedisError):
        value = client.config_get(name).get(name)
        advice = "" if value == "no" else f"it refuses everything when another node is lost; set `{name} no`"
        yield Finding(f"{subject} {name}", str(value), advice)


def _redis(client: redis.Redis, subject: str, held: str, otherwise: str) -> Iterator[Finding]:
    """`held` is what depends on the server, `otherwise` what to do when it does not answer."""
    try:
        server = client.info("server")
        version = str(server.get("valkey_version") or server["redis_version"])
        current = tuple(int(part) for part in version.split(".")[:2])
        too_old = "7.0 or newer is needed; upgrade it" if current < _OLDEST_REDIS else ""
        yield Finding(subject, f"answers, version {version}", too_old)
        for name, (wanted, lost) in _SAFE_REDIS.items():
            value = client.config_get(name).get(name)
            advice = "" if value == wanted else f"{lost.format(held=held)}; set `{name} {wanted}`"
            yield Finding(f"{subject} {name}", str(value), advice)
        limit = int(client.config_get("maxmemory").get("maxmemory") or 0)
        yield Finding(f"{subject} maxmemory", f"{limit} bytes", "" if limit else "set a limit, such as `maxmemory 1gb`")
    except redis.RedisError as error:
        yield Finding(subject, str(error), otherwise)


def _secret(settings: Settings) -> Finding:
    if settings.jwt_public_key:
        return Finding("tokens", "checked with JWT_PUBLIC_KEY")
    try:
        checked_secret(settings.jwt_secret)
    except SettingError as error:
        return Finding("tokens", str(error), "set JWT_SECRET, for instance to the output of `openssl rand -base64 48`")
    return Finding("tokens", "signed with a strong secret")


def _postgres(settings: Settings) -> Iterator[Finding]:
    try:
        with psycopg.connect(settings.database_url, connect_timeout=5, autocommit=True) as connection:
            version = connection.info.server_version
            too_old = "" if version >= OLDEST_POSTGRES else "16 or newer is needed; upgrade it"
            yield Finding("postgresql", f"answers, version {version // 10_000}.{version % 10_000}", too_old)
            for name in _SAFE_POSTGRES:
                row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
                value = "unknown" if row is None else str(row[0])
                yield Finding(f"postgresql {name}", value, "" if value == "on" else f"set `{name} = on`")
        waiting = pending(settings.database_url)
        yield Finding("migrations", f"{len(waiting)} to apply", "run `analytics migrate`" if waiting else "")
    except (psycopg.Error, MigrationError) as error:
        yield Finding("postgresql", str(error).strip(), "start it or set DATABASE_URL; `analytics up` brings its own")


def _geo(settings: Settings) -> Finding:
    files = [Path(name) for name in settings.geo_db] or sorted(Path(settings.data_dir, "geo").glob("*.mmdb"))
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        return Finding("geo", f"not there: {', '.join(missing)}", "run `make geo`, or correct GEO_DB")
    # Not needed to run: countries and cities stay empty without it.
    return Finding("geo", ", ".join(map(str, files)) or "no database: places stay unknown (`make geo` fetches one)")
