"""Network address -> country, region and city, from .mmdb files of any common make (SPEC R49).

Two schemas are read: MaxMind's (nested; also DB-IP's own downloads) and the flat one of the
ip-location-db packages. One file may hold both address families, or there may be one for each.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from shared.countries import COUNTRIES
from worker.geo_file import GeoFile, open_geo_file, read_stamp

# A lookup is 3..6 us; the networks of one batch repeat a lot.
CACHED_NETWORKS = 20_000
# How often the files are looked at for a newer one.
RELOAD_SECONDS = 5.0
NO_DATABASE = "no geo database; countries stay unknown until `make geo` or GEO_DB provides one"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network is; None is unknown. `region` is ISO 3166-2 (`DE-BY`) or, from files that
    carry no codes, the region's name."""

    country: str | None
    region: str | None
    city: str | None
    city_geoname_id: int | None
    continent: str | None


NOWHERE = Place(None, None, None, None, None)


class Places:
    """Looks networks up in the files at `paths`, and follows when a file is replaced, appears or goes.

    A file that is missing or broken never raises: it is named in `status`, its places are unknown.
    """

    def __init__(self, paths: Callable[[], tuple[Path, ...]], seconds: Callable[[], float]) -> None:
        self._paths = paths
        self._seconds = seconds
        self._stamps: tuple[tuple[Path, int, int], ...] = ()
        self._files: tuple[GeoFile, ...] = ()
        self._cached = lru_cache(maxsize=CACHED_NETWORKS)(self._look_up)
        self.status = NO_DATABASE
        self._load()

    @property
    def built_at(self) -> datetime | None:
        """When the oldest of the files in use was built."""
        return min((datetime.fromtimestamp(file.build_epoch, UTC) for file in self._files), default=None)

    def find(self, network: str | None) -> Place:
        """The place of a cut address such as `203.0.113.0`, or of `203.0.113.0/24`."""
        if self._seconds() >= self._next_check:
            self._reload()
        return NOWHERE if network is None or not self._files else self._cached(network)

    def _reload(self) -> None:
        if tuple(map(read_stamp, self._paths())) == self._stamps:
            self._next_check = self._seconds() + RELOAD_SECONDS
        else:
            self._load()

    def _load(self) -> None:
        self._next_check = self._seconds() + RELOAD_SECONDS
        self._stamps = tuple(map(read_stamp, self._paths()))
        files: list[GeoFile] = []
        problems: list[str] = []
        for path, _, size in self._stamps:
            if size < 0:
                problems.append(f"{path.name}: missing")
                continue
            opened = open_geo_file(path)
            if isinstance(opened, GeoFile):
                files.append(opened)
            else:
                problems.append(f"{path.name}: {opened}")
        # The old readers are not closed: a memory map that a lookup still reads must stay.
        self._files = tuple(files)
        self._cached.cache_clear()
        self.status = "; ".join([*map(str, files), *problems]) if files or problems else NO_DATABASE
        if not files and problems:
            self.status = f"no geo database; {self.status}"

    def _look_up(self, network: str) -> Place:
        try:
            address = ipaddress.ip_address(network.partition("/")[0])
        except ValueError:
            return NOWHERE
        # Some files give private ranges a country.
        if not address.is_global or address.is_multicast:
            return NOWHERE
        for file in self._files:
            found = file.read(str(address), address.version)
            if found is not None and found.country is not None:
                country = COUNTRIES.get(found.country)
                return Place(
                    country=found.country,
                    region=found.region,
                    city=found.city,
                    city_geoname_id=found.city_geoname_id,
                    continent=country.continent if country is not None else None,
                )
        return NOWHERE


def geo_paths(configured: tuple[str, ...], data_dir: str) -> Callable[[], tuple[Path, ...]]:
    """The files to read: those of GEO_DB, else whatever lies in `data_dir`/geo at the time."""
    if configured:
        fixed = tuple(map(Path, configured))
        return lambda: fixed
    return lambda: tuple(sorted((Path(data_dir) / "geo").glob("*.mmdb")))
