"""The commands `analytics site add` and `analytics site list`."""

import argparse
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

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
                for website_id, name, timezone, domains, _ in connection.execute(
                    read("reads/websites"), {"website_id": None}
                ):
                    print(website_id, name, timezone, ",".join(domains), sep="\t")
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
