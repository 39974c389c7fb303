"""The commands `analytics setup`, `user add`, `user list` and `user reset`."""

import argparse
from uuid import uuid4

from shared.clock import Clock
from shared.command_database import CommandError, transaction
from shared.passwords import hash_password, make_password
from shared.settings import Settings
from shared.setup_link import SETUP_LINK_LIFETIME, make_setup_token, page_url, setup_lines
from shared.users import MAX_USER_NAME_CHARACTERS, MAX_USERS, normal_email
from sql.statements import read


def set_up(settings: Settings, clock: Clock) -> list[str]:
    """The lines of a new set-up link, in place of any before; none when somebody can sign in."""
    token, now = make_setup_token(), clock()
    values = {"digest": token.digest, "expires_at": now + SETUP_LINK_LIFETIME, "now": now, "forced": True}
    with transaction(settings) as connection:
        is_open = connection.execute(read("writes/setup_link"), values).fetchone() is not None
    return setup_lines(page_url(settings, settings.ingest_port), token.text) if is_open else []


def run_setup(settings: Settings, clock: Clock) -> int:
    """Print a set-up link; raises CommandError when the set-up is done."""
    lines = set_up(settings, clock)
    if not lines:
        raise CommandError("somebody can sign in already; `analytics user reset EMAIL` makes a new password")
    print("\n".join(lines))
    return 0


def run(arguments: argparse.Namespace, settings: Settings, clock: Clock) -> int:
    """Add or list users, or reset a password."""
    match arguments.action:
        case "add":
            _add(arguments, settings, clock)
        case "list":
            _list(settings)
        case _:
            _reset(arguments, settings)
    return 0


def _add(arguments: argparse.Namespace, settings: Settings, clock: Clock) -> None:
    """Prints the password and nothing else, so that a script can keep it."""
    if len(arguments.name) > MAX_USER_NAME_CHARACTERS or not arguments.name.isprintable():
        raise CommandError(f"--name: must be at most {MAX_USER_NAME_CHARACTERS} printable characters")
    password, user_id = make_password(), uuid4()
    websites = sorted(set(arguments.website)) if arguments.website else None
    values: dict[str, object] = {
        "user_id": user_id,
        "email": _email(arguments.email),
        "name": arguments.name,
        "password_hash": hash_password(password),
        "role": arguments.role,
        "websites": websites,
        "now": clock(),
        "limit": MAX_USERS,
    }
    with transaction(settings) as connection:
        connection.execute(read("writes/lock_users"))
        if connection.execute(read("writes/user_create"), values).fetchone() is None:
            raise CommandError(f"EMAIL: a user has it already, or there are {MAX_USERS} users")
        registered = {row["website_id"] for row in connection.execute(read("writes/user_websites"), values)}
        for website_id in websites or ():
            if website_id not in registered:
                raise CommandError(f"--website: {website_id!r} is not registered")
    print(password)


def _list(settings: Settings) -> None:
    with transaction(settings) as connection:
        rows = connection.execute(read("reads/user_list"), {"limit": MAX_USERS, "offset": 0}).fetchall()
    for user in rows:
        if user["user_id"] is not None:
            websites = "*" if user["websites"] is None else ",".join(user["websites"])
            state = "disabled" if user["is_disabled"] else "active"
            print(user["user_id"], user["email"], user["role"], websites, state, user["name"], sep="\t")


def _reset(arguments: argparse.Namespace, settings: Settings) -> None:
    """Prints a new password and signs the user out everywhere."""
    password, email = make_password(), _email(arguments.email)
    kept = hash_password(password)
    with transaction(settings) as connection:
        found = connection.execute(read("reads/user_password"), {"email": email, "user_id": None}).fetchone()
        if found is None:
            raise CommandError(f"EMAIL: nobody who can sign in has {arguments.email!r}")
        values = {"user_id": found["user_id"], "before": None, "password_hash": kept}
        connection.execute(read("writes/user_password"), values)
        connection.execute(read("writes/user_sessions_delete"), values)
    print(password)


def _email(text: str) -> str:
    email = normal_email(text)
    if email is None:
        raise CommandError("EMAIL: must be an address such as ada@example.com")
    return email
