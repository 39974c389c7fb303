"""Fills the settings that the embedded servers make for themselves."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from shared.embedded.home import Home
from shared.embedded.postgres import postgres_url
from shared.embedded.valkey import valkey_url
from shared.settings import Settings


def fill_settings(settings: Settings, home: Home, role: str) -> Settings:
    """The settings with the embedded servers' addresses for `role` (see valkey.py), and a secret of our own
    when none is configured."""
    return replace(
        settings,
        database_url=settings.database_url or postgres_url(home),
        redis_url=settings.redis_url or valkey_url(home, role),
        jwt_secret=settings.jwt_secret or ("" if settings.jwt_public_key else home.secret("secret")),
    )


def as_environ(settings: Settings) -> Mapping[str, str]:
    """What `fill_settings` filled, for a process that reads its settings from the environment. Paths are
    absolute: that process may run elsewhere."""
    return {
        "DATA_DIR": str(Path(settings.data_dir).absolute()),
        "GEO_DB": ",".join(str(Path(path).absolute()) for path in settings.geo_db),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "JWT_SECRET": settings.jwt_secret,
    }
