"""Places from geo databases made here: both schemas, both address families, replacement, damage (SPEC R49)."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdb_writer import MMDBType, MMDBWriter
from netaddr import IPSet

from shared.countries import CONTINENTS, COUNTRIES
from worker.place import NO_DATABASE, NOWHERE, RELOAD_SECONDS, Place, Places, geo_paths

LONDON = {
    "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
    "continent": {"code": "EU"},
    "subdivisions": [{"iso_code": "ENG", "names": {"en": "England"}}, {"iso_code": "LND"}],
    "city": {"geoname_id": 2643743, "names": {"de": "London (de)", "en": "London"}},
}
FLAT_BERLIN = {"country_code": "DE", "state1": "Berlin", "state2": "", "city": "Berlin", "postcode": ""}


def write_geo(path: Path, networks: dict[str, MMDBType], *, ip_version: int = 6, kind: str = "DBIP-City-Lite") -> Path:
    writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type=kind)
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    fresh = path.with_suffix(".fresh")
    writer.to_db_file(str(fresh))
    _ = fresh.rename(path)
    return path


class Seconds:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def open_places(*paths: Path, seconds: Callable[[], float] | None = None) -> Places:
    return Places(lambda: paths, seconds or Seconds())


@pytest.mark.rule("R49")
def test_nested_schema_gives_codes_names_and_geoname_id(tmp_path: Path) -> None:
    places = open_places(write_geo(tmp_path / "a.mmdb", {"81.2.69.0/24": LONDON, "2a00:23c4::/32": LONDON}))

    expected = Place("GB", "GB-ENG", "London", 2643743, "EU")
    assert places.find("81.2.69.0") == expected
    assert places.find("81.2.69.0/24") == expected
    assert places.find("2a00:23c4::") == expected
    assert places.find("81.2.70.0") == NOWHERE


@pytest.mark.rule("R49")
def test_flat_schema_in_two_files_answers_for_both_address_families(tmp_path: Path) -> None:
    v4 = write_geo(tmp_path / "dbip-4.mmdb", {"46.5.1.0/24": FLAT_BERLIN}, ip_version=4, kind="city ipv4")
    v6 = write_geo(tmp_path / "dbip-6.mmdb", {"2a02:8100::/32": {"country_code": "XK"}}, kind="city ipv6")
    places = open_places(v4, v6)

    assert places.find("46.5.1.0") == Place("DE", "Berlin", "Berlin", None, "EU")
    assert places.find("2a02:8100::") == Place("XK", None, None, None, "EU")
    assert "DB-IP" in places.status
    assert places.built_at is not None


@pytest.mark.rule("R49")
def test_where_one_file_knows_no_country_the_next_one_answers(tmp_path: Path) -> None:
    empty = write_geo(tmp_path / "a.mmdb", {"81.2.69.0/24": {"continent": {"code": "EU"}}})
    places = open_places(empty, write_geo(tmp_path / "b.mmdb", {"81.2.69.0/24": LONDON}))

    assert places.find("81.2.69.0").country == "GB"


@pytest.mark.rule("R49")
@pytest.mark.parametrize(
    "network",
    [
        "10.0.0.0",
        "192.168.1.0",
        "127.0.0.0",
        "169.254.0.0",
        "100.64.1.0",
        "224.0.1.0",
        "0.0.0.0",
        "fd00::",
        "fe80::",
        "::1",
        "2001:db8::",
        "::ffff:192.168.1.0",
        "not an address",
        "",
        "300.1.1.1",
        None,
    ],
)
def test_an_address_that_is_not_public_has_no_place(tmp_path: Path, network: str | None) -> None:
    everywhere = write_geo(tmp_path / "a.mmdb", {"0.0.0.0/1": LONDON, "128.0.0.0/1": LONDON, "8000::/1": LONDON})

    assert open_places(everywhere).find(network) == NOWHERE


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"country": {}},
        {"country": {"iso_code": "gb"}},
        {"country": "GB"},
        {"country_code": ""},
        {"country_code": 7},
        {"registered_country": {"iso_code": "US"}},
        [1],
        "text",
    ],
    ids=str,
)
def test_a_record_without_a_country_is_no_place(tmp_path: Path, record: MMDBType) -> None:
    assert open_places(write_geo(tmp_path / "a.mmdb", {"81.2.69.0/24": record})).find("81.2.69.0") == NOWHERE


@pytest.mark.parametrize("subdivisions", [[], "x", [7], [{}], [{"iso_code": "toolong"}]], ids=str)
def test_a_region_without_a_code_is_unknown(tmp_path: Path, subdivisions: MMDBType) -> None:
    record: MMDBType = {"country": {"iso_code": "GB"}, "subdivisions": subdivisions, "city": {"names": {}}}
    places = open_places(write_geo(tmp_path / "a.mmdb", {"81.2.69.0/24": record}))

    assert places.find("81.2.69.0") == Place("GB", None, None, None, "EU")


def test_a_replaced_file_is_read_within_seconds(tmp_path: Path) -> None:
    seconds = Seconds()
    path = write_geo(tmp_path / "a.mmdb", {"81.2.69.0/24": LONDON})
    places = open_places(path, seconds=seconds)
    assert places.find("81.2.69.0").country == "GB"
    _ = write_geo(path, {"81.2.69.0/24": FLAT_BERLIN})
    os.utime(path, ns=(1, 1))

    assert places.find("81.2.69.0").country == "GB"
    seconds.now += RELOAD_SECONDS

    assert places.find("81.2.69.0").country == "DE"


def test_a_file_that_appears_later_is_found(tmp_path: Path) -> None:
    seconds = Seconds()
    places = Places(geo_paths((), str(tmp_path)), seconds)
    assert places.status == NO_DATABASE
    assert places.built_at is None
    assert places.find("81.2.69.0") == NOWHERE
    (tmp_path / "geo").mkdir()
    _ = write_geo(tmp_path / "geo" / "a.mmdb", {"81.2.69.0/24": LONDON})
    seconds.now += RELOAD_SECONDS

    assert places.find("81.2.69.0").country == "GB"
    assert places.status.startswith("a.mmdb: DBIP-City-Lite")


@pytest.mark.parametrize("content", [b"", b"not a database", b"\xab\xcd\xefMaxMind.com", b"\x00" * 4096])
def test_a_damaged_file_is_named_and_does_not_stop_the_other(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.mmdb"
    _ = bad.write_bytes(content)
    good = write_geo(tmp_path / "good.mmdb", {"81.2.69.0/24": LONDON})

    assert open_places(bad).status.startswith("no geo database; bad.mmdb: cannot be read")
    assert open_places(bad, good).find("81.2.69.0").country == "GB"
    assert "bad.mmdb: cannot be read" in open_places(bad, good).status


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    places = open_places(tmp_path / "gone.mmdb")

    assert places.status == "no geo database; gone.mmdb: missing"
    assert places.find("81.2.69.0") == NOWHERE


def test_a_file_cut_short_never_stops_the_worker(tmp_path: Path) -> None:
    whole = write_geo(tmp_path / "a.mmdb", {f"81.{i}.0.0/16": LONDON for i in range(64)}).read_bytes()
    for kept in range(0, len(whole), 97):
        path = tmp_path / f"{kept}.mmdb"
        # The head of the file is lost; its metadata, at the end, is whole.
        _ = path.write_bytes(whole[kept:])
        places = open_places(path)

        assert places.find("81.2.0.0") is not None
        assert places.find("81.63.0.0") is not None


@given(st.text(max_size=60))
def test_finding_never_fails(network: str) -> None:
    assert open_places().find(network) == NOWHERE


@pytest.mark.rule("R49")
def test_every_country_has_a_name_and_a_continent() -> None:
    assert len(COUNTRIES) == 250
    assert list(COUNTRIES) == sorted(COUNTRIES)
    assert {country.continent for country in COUNTRIES.values()} == set(CONTINENTS)
    assert len({country.name for country in COUNTRIES.values()}) == 250
