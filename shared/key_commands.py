"""The commands `analytics key create`, `key list` and `key revoke`."""

import argparse
from datetime import timedelta

from psycopg import errors

from shared.api_keys import KEY_SCOPES, MAX_KEY_NAME_CHARACTERS, MAX_KEYS_PER_WEBSITE, check_key_scopes, make_key
from shared.clock import Clock
from shared.command_database import CommandError, transaction
from shared.settings import Settings
from sql.statements import read

MAX_DAYS = 3660


def run(arguments: argparse.Namespace, settings: Settings, clock: Clock) -> int:
    """Make, list or revoke keys; the query API's process tells the gateway within seconds."""
    match arguments.action:
        case "create":
            _create(arguments, settings, clock)
        case "list":
            _list(arguments, settings)
        case _:
            _revoke(arguments, settings)
    return 0


def _create(arguments: argparse.Namespace, settings: Settings, clock: Clock) -> None:
    """Prints the key and nothing else, so that a script can keep it."""
    problem = check_key_scopes(frozenset(arguments.scope))
    if problem is not None:
        raise CommandError(f"--scope: {problem}")
    if len(arguments.name) > MAX_KEY_NAME_CHARACTERS or not arguments.name.isprintable():
        raise CommandError(f"--name: must be at most {MAX_KEY_NAME_CHARACTERS} printable characters")
    if arguments.days is not None and not 1 <= arguments.days <= MAX_DAYS:
        raise CommandError(f"--days: must be a whole number from 1 to {MAX_DAYS}")
    made, now = make_key(), clock()
    values = {
        "key_id": made.key_id,
        "website_id": arguments.website,
        "name": arguments.name,
        "digest": made.digest,
        "scopes": sorted(set(arguments.scope)),
        "expires_at": None if arguments.days is None else now + timedelta(days=arguments.days),
        "now": now,
        "limit": MAX_KEYS_PER_WEBSITE,
    }
    try:
        with transaction(settings) as connection:
            is_made = connection.execute(read("writes/key_create"), values).fetchone() is not None
    except errors.ForeignKeyViolation as error:
        raise CommandError(f"--website: {arguments.website!r} is not registered") from error
    if not is_made:
        raise CommandError(f"--website: {arguments.website!r} has {MAX_KEYS_PER_WEBSITE} keys, no more can be made")
    print(made.text)


def _list(arguments: argparse.Namespace, settings: Settings) -> None:
    values = {"website_id": arguments.website, "limit": MAX_KEYS_PER_WEBSITE, "offset": 0}
    with transaction(settings) as connection:
        keys = [row for row in connection.execute(read("reads/key_list"), values) if row["key_id"] is not None]
    for key in keys:
        scopes = ",".join(scope for scope in KEY_SCOPES if scope in key["scopes"])
        expires = "never" if key["expires_at"] is None else f"{key['expires_at']:%Y-%m-%dT%H:%M:%S%z}"
        print(key["key_id"], scopes, expires, key["name"], sep="\t")


def _revoke(arguments: argparse.Namespace, settings: Settings) -> None:
    with transaction(settings) as connection:
        values = {"key_id": arguments.key_id, "website_id": None}
        is_revoked = connection.execute(read("writes/key_delete"), values).fetchone() is not None
    if not is_revoked:
        raise CommandError(f"KEY_ID: no key has the id {arguments.key_id!r}")
    print(f"revoked {arguments.key_id}")
