"""One .mmdb file and its schema."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeGuard

import maxminddb

_COUNTRY = re.compile(r"[A-Z]{2}")
_REGION = re.compile(r"[A-Z0-9]{1,3}")
MAX_NAME_LENGTH = 255


class Found(NamedTuple):
    """What a file says of an address."""

    country: str | None
    region: str | None = None
    city: str | None = None
    city_geoname_id: int | None = None


class Reader(Protocol):
    """What we use of the library's reader, whose own record type is recursive and not to be typed."""

    def get(self, ip_address: str) -> object: ...


@dataclass(frozen=True)
class GeoFile:
    """An open file. `version` 4 files know no IPv6."""

    reader: Reader
    name: str
    database_type: str
    ip_version: int
    build_epoch: int

    def __str__(self) -> str:
        return f"{self.name}: {self.database_type}{attribution(self.name, self.database_type)}"

    def read(self, address: str, version: int) -> Found | None:
        """What the file says of `address`, None when it does not know it. 3..6 us."""
        if version > self.ip_version:
            return None
        try:
            record = self.reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            # A damaged page of the file: this address stays unknown, the others do not.
            return None
        if not _is_mapping(record):
            return None
        return _nested(record) if "country" in record or "registered_country" in record else _flat(record)


def open_geo_file(path: Path) -> GeoFile | str:
    """The file at `path`, or what is wrong with it."""
    try:
        reader = maxminddb.open_database(path)  # pyright: ignore[reportUnknownMemberType]: PathLike without argument
        metadata = reader.metadata()
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        return f"cannot be read ({type(error).__name__})"
    return GeoFile(reader, path.name, metadata.database_type, metadata.ip_version, metadata.build_epoch)


def read_stamp(path: Path) -> tuple[Path, int, int]:
    """What changes when a file is replaced: (path, mtime in ns, size); size -1 = missing."""
    try:
        stat = path.stat()
    except OSError:
        return path, 0, -1
    return path, stat.st_mtime_ns, stat.st_size


def attribution(name: str, database_type: str) -> str:
    """The credit that the licence of a database asks for, "" when it asks for none."""
    # The ip-location-db files call their type "city ipv4"; only their names tell whose data it is.
    lowered = f"{name} {database_type}".lower()
    if "dbip" in lowered or "db-ip" in lowered:
        return "; IP Geolocation by DB-IP (https://db-ip.com)"
    if "geolite" in lowered:
        return "; includes GeoLite Data created by MaxMind (https://www.maxmind.com)"
    return ""


def _nested(record: dict[str, object]) -> Found:
    country = _code(_field(record, "country", "iso_code"), _COUNTRY)
    subdivisions = record.get("subdivisions")
    first = subdivisions[0] if _is_list(subdivisions) and subdivisions else None
    region = _code(first.get("iso_code"), _REGION) if _is_mapping(first) else None
    names = _field(record, "city", "names")
    geoname_id = _field(record, "city", "geoname_id")
    return Found(
        country=country,
        region=f"{country}-{region}" if country and region else None,
        city=_text(names.get("en")) if _is_mapping(names) else None,
        city_geoname_id=geoname_id if isinstance(geoname_id, int) and 0 < geoname_id < 2**31 else None,
    )


def _flat(record: dict[str, object]) -> Found:
    # This schema names regions and has no codes for them.
    return Found(_code(record.get("country_code"), _COUNTRY), _text(record.get("state1")), _text(record.get("city")))


def _field(record: dict[str, object], outer: str, inner: str) -> object:
    value = record.get(outer)
    return value.get(inner) if _is_mapping(value) else None


def _code(value: object, pattern: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _text(value: object) -> str | None:
    return (value.strip()[:MAX_NAME_LENGTH] or None) if isinstance(value, str) else None


def _is_mapping(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
