"""The commands `analytics site add` and `analytics site list`."""

import argparse
import re

import psycopg
from psycopg.rows import dict_row

from shared.settings import Settings
from shared.zones import zone_names
from sql.statements import read

_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Words that stand where a website id may stand in the path of a report (SPEC C12).
RESERVED_IDS = frozenset({"dashboard", "geo", "timeseries", "event", "health"})


class WebsiteError(Exception):
    """A website cannot be registered as asked; the message names the argument."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Register or list websites; the query API's process tells the gateway within seconds."""
    website = _website(arguments) if arguments.action == "add" else None
    try:
        with psycopg.connect(settings.database_url, connect_timeout=5) as connection:
            if website is not None:
                connection.execute(read("writes/put_website"), website)
                print(f"registered {arguments.website_id}")
            else:
                everything = {"website_id": None}
                for row in connection.cursor(row_factory=dict_row).execute(read("reads/websites"), everything):
                    print(row["website_id"], row["timezone"], ",".join(row["domains"]), sep="\t")
    except psycopg.OperationalError as error:
        raise WebsiteError(f"the database does not answer: {error}; is `analytics up` running?") from error
    return 0


def _website(arguments: argparse.Namespace) -> dict[str, object]:
    if _WEBSITE_ID.fullmatch(arguments.website_id) is None:
        raise WebsiteError("ID: must be 1 to 128 letters, digits and ._:-")
    if arguments.website_id in RESERVED_IDS:
        raise WebsiteError(f"ID: {arguments.website_id!r} is reserved; not one of {', '.join(sorted(RESERVED_IDS))}")
    if arguments.timezone not in zone_names():
        raise WebsiteError(f"--timezone: {arguments.timezone!r} is not an IANA time zone such as Europe/Berlin")
    return {
        "website_id": arguments.website_id,
        "name": arguments.name,
        "timezone": arguments.timezone,
        "domains": [domain.lower() for domain in arguments.domain],
    }
