"""Which websites can be registered."""

import pytest

from shared.cli import build_parser
from shared.command_database import CommandError
from shared.registry import RESERVED_WEBSITE_IDS
from shared.settings import read_settings
from shared.websites import run

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
