"""The commands `analytics site add` and `analytics site list`."""

import argparse
import re

from shared.command_database import CommandError, transaction
from shared.networks import MAX_EXCLUDED_NETWORKS, parse_network
from shared.registry import MIN_RETENTION_DAYS, RESERVED_WEBSITE_IDS
from shared.settings import Settings
from shared.zones import zone_names
from sql.statements import read

_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Register or list websites; the query API's process tells the gateway within seconds."""
    website = _website(arguments, settings) if arguments.action == "add" else None
    with transaction(settings) as connection:
        if website is not None:
            connection.execute(read("writes/put_website"), website)
            print(f"registered {arguments.website_id}")
        else:
            for row in connection.execute(read("reads/websites"), {"website_id": None}):
                print(row["website_id"], row["timezone"], ",".join(row["domains"]), sep="\t")
    return 0


def _website(arguments: argparse.Namespace, settings: Settings) -> dict[str, object]:
    if _WEBSITE_ID.fullmatch(arguments.website_id) is None:
        raise CommandError("ID: must be 1 to 128 letters, digits and ._:-")
    if arguments.website_id in RESERVED_WEBSITE_IDS:
        raise CommandError(
            f"ID: {arguments.website_id!r} is reserved; not one of {', '.join(sorted(RESERVED_WEBSITE_IDS))}"
        )
    if arguments.timezone not in zone_names():
        raise CommandError(f"--timezone: {arguments.timezone!r} is not an IANA time zone such as Europe/Berlin")
    days = arguments.retention_days
    if days is not None and not MIN_RETENTION_DAYS <= days <= settings.retention_days:
        limit = f"{MIN_RETENTION_DAYS} to RETENTION_DAYS, {settings.retention_days}"
        raise CommandError(f"--retention-days: must be a whole number from {limit}")
    return {
        "website_id": arguments.website_id,
        "name": arguments.name,
        "timezone": arguments.timezone,
        "domains": [domain.lower() for domain in arguments.domain],
        "retention_days": days,
        "identity": arguments.identity,
        "is_public": arguments.public,
        "excluded_networks": _networks(arguments.exclude_network),
    }


def _networks(texts: list[str] | None) -> list[str] | None:
    """None where none were named: those that are there stay."""
    if texts is None:
        return None
    if len(texts) > MAX_EXCLUDED_NETWORKS:
        raise CommandError(f"--exclude-network: more than {MAX_EXCLUDED_NETWORKS}")
    networks: list[str] = []
    for text in texts:
        try:
            networks.append(str(parse_network(text)))
        except ValueError as error:
            raise CommandError(f"--exclude-network: {text!r} is no network such as 203.0.113.0/24") from error
    return networks
