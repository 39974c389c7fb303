"""Which websites can be registered."""

import msgspec
import psycopg
import pytest
from psycopg.rows import dict_row

from shared.cli import build_parser
from shared.command_database import CommandError
from shared.registry import RESERVED_WEBSITE_IDS, Website
from shared.settings import read_settings
from shared.websites import run
from sql.statements import read

# Refused before anybody connects to it.
NO_DATABASE = read_settings({"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"})


@pytest.mark.rule("C12")
@pytest.mark.parametrize("website_id", sorted(RESERVED_WEBSITE_IDS))
def test_a_word_of_the_paths_is_no_website(website_id: str) -> None:
    with pytest.raises(CommandError, match=f"ID: '{website_id}' is reserved"):
        run(build_parser().parse_args(["site", "add", website_id]), NO_DATABASE)


@pytest.mark.rule("R37")
@pytest.mark.parametrize("timezone", ["Mars/X", "", "localtime", "posix/Europe/Vienna", "../etc/passwd", "utc+1"])
def test_an_unknown_time_zone_is_refused(timezone: str) -> None:
    with pytest.raises(CommandError, match=r"--timezone: .* is not an IANA time zone"):
        run(build_parser().parse_args(["site", "add", "site-123", "--timezone", timezone]), NO_DATABASE)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--retention-days", "7"),
        ("--retention-days", "91"),
        ("--exclude-network", "10.0.0.1/8"),
        ("--exclude-network", "office"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_its_option(option: str, value: str) -> None:
    with pytest.raises(CommandError, match=option):
        run(build_parser().parse_args(["site", "add", "site-123", option, value]), NO_DATABASE)


@pytest.mark.rule("N1")
def test_a_setting_that_is_not_named_stays(database: str) -> None:
    def add(*options: str) -> Website:
        settings = read_settings({"DATABASE_URL": database})
        assert run(build_parser().parse_args(["site", "add", "shop", *options]), settings) == 0
        with psycopg.connect(database) as connection, connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(read("reads/websites"), {"website_id": "shop"}).fetchone()
        return msgspec.convert(row, Website)

    given = ("--retention-days", "30", "--identity", "derived", "--public", "--exclude-network", "203.0.113.9")
    full = Website(
        website_id="shop", retention_days=30, identity="derived", is_public=True, excluded_networks=("203.0.113.9/32",)
    )

    assert add() == Website(website_id="shop")
    assert add(*given) == full
    assert add() == full
    assert add("--no-public").is_public is False
