"""The commands `analytics site add` and `analytics site list`."""

import argparse
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg.rows import dict_row

from shared.settings import Settings
from sql.statements import read

_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class WebsiteError(Exception):
    """A website cannot be registered as asked; the message names the argument."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Register or list websites; the query API's process tells the gateway within seconds."""
    try:
        with psycopg.connect(settings.database_url, connect_timeout=5) as connection:
            if arguments.action == "add":
                connection.execute(read("writes/put_website"), _website(arguments))
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
    try:
        ZoneInfo(arguments.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WebsiteError(f"--timezone: {arguments.timezone!r} is not an IANA time zone") from error
    return {
        "website_id": arguments.website_id,
        "name": arguments.name,
        "timezone": arguments.timezone,
        "domains": [domain.lower() for domain in arguments.domain],
    }
