"""The commands `analytics site add` and `analytics site list`."""

import argparse
import re

from shared.command_database import CommandError, transaction
from shared.registry import RESERVED_WEBSITE_IDS
from shared.settings import Settings
from shared.zones import zone_names
from sql.statements import read

_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Register or list websites; the query API's process tells the gateway within seconds."""
    website = _website(arguments) if arguments.action == "add" else None
    with transaction(settings) as connection:
        if website is not None:
            connection.execute(read("writes/put_website"), website)
            print(f"registered {arguments.website_id}")
        else:
            for row in connection.execute(read("reads/websites"), {"website_id": None}):
                print(row["website_id"], row["timezone"], ",".join(row["domains"]), sep="\t")
    return 0


def _website(arguments: argparse.Namespace) -> dict[str, object]:
    if _WEBSITE_ID.fullmatch(arguments.website_id) is None:
        raise CommandError("ID: must be 1 to 128 letters, digits and ._:-")
    if arguments.website_id in RESERVED_WEBSITE_IDS:
        raise CommandError(
            f"ID: {arguments.website_id!r} is reserved; not one of {', '.join(sorted(RESERVED_WEBSITE_IDS))}"
        )
    if arguments.timezone not in zone_names():
        raise CommandError(f"--timezone: {arguments.timezone!r} is not an IANA time zone such as Europe/Berlin")
    return {
        "website_id": arguments.website_id,
        "name": arguments.name,
        "timezone": arguments.timezone,
        "domains": [domain.lower() for domain in arguments.domain],
    }
