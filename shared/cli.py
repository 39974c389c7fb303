"""The command line: what can be asked of `analytics`, and its help."""

import argparse
import re
from typing import get_args

from shared.api_keys import KEY_SCOPES
from shared.registry import Identity
from shared.tokens import ROLE_SCOPES

_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_MANUAL = """\
Settings are environment variables; README.md lists them. Without DATABASE_URL and REDIS_URL the commands
talk to the servers that `analytics up` keeps in DATA_DIR.
"""
_QUERY_API = "where the query API answers; http://127.0.0.1:INGEST_PORT by default, as `analytics up` has it"


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command; the chosen one is in `command`."""
    parser = argparse.ArgumentParser(prog="analytics", description="Self-hosted website analytics.", epilog=_MANUAL)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="run everything: servers, gateway, workers and query API on one port")
    up.add_argument("--demo", action="store_true", help="with a website that does not exist, and weeks of its traffic")
    commands.add_parser("ingest", help="run the gateway alone, on INGEST_PORT")
    commands.add_parser("worker", help="run one worker alone")
    commands.add_parser("queryapi", help="run the query API alone, on ANALYTICS_SERVICE_PORT")
    commands.add_parser("migrate", help="bring the database to the shape this version expects, then end")
    commands.add_parser("doctor", help="check settings and servers, say what to do")
    _add_site(commands.add_parser("site", help="register websites"))
    _add_token(commands.add_parser("token", help="print a bearer token that is valid for 24 hours"))
    _add_key(commands.add_parser("key", help="API keys for servers, which hold until they are revoked"))
    commands.add_parser("setup", help="print the link that makes the owner's account, while nobody can sign in")
    _add_user(commands.add_parser("user", help="people who sign in to the page"))
    _add_dead_letters(commands.add_parser("dead-letters", help="events that could not be stored"))
    _add_export(commands.add_parser("export", help="write all events of a website to a file"))
    _add_import(commands.add_parser("import", help="import traffic recorded elsewhere, or exported"))
    # Run by `up`, of no use to people.
    commands.add_parser("front-door")
    commands.add_parser("demo")
    return parser


def _add_site(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="register a website, or change one")
    add.add_argument("website_id", metavar="ID", help="letters, digits and ._:- up to 128")
    add.add_argument("--name", help="what people call it; the id by default")
    add.add_argument("--timezone", default="UTC", help="IANA zone that its days follow, such as Europe/Vienna")
    add.add_argument("--domain", action="append", default=[], help="a domain of the site itself; repeat for more")
    add.add_argument("--retention-days", type=int, metavar="DAYS", help="days its raw events are kept, from 8")
    add.add_argument("--identity", choices=get_args(Identity), help="whose ids tell its visitors apart; given at first")
    add.add_argument(
        "--public", action=argparse.BooleanOptionalAction, default=None, help="whether its reports need no token"
    )
    add.add_argument(
        "--exclude-network", action="append", metavar="NETWORK", help="drop what comes from there; repeat for more"
    )
    actions.add_parser("list", help="the registered websites")


def _add_token(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", choices=sorted(ROLE_SCOPES), default="viewer", help="viewer by default")
    parser.add_argument(
        "--website",
        action="append",
        metavar="ID",
        type=_website_id,
        help="a website it may see; repeat; all by default",
    )


def _add_key(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="print a new key, this once")
    create.add_argument("--website", required=True, metavar="ID", help="the one website it is for")
    create.add_argument("--scope", required=True, action="append", choices=KEY_SCOPES, help="repeat for more")
    create.add_argument("--name", default="", help="what tells it from others")
    create.add_argument("--days", type=int, help="how long it holds; until it is revoked by default")
    list_ = actions.add_parser("list", help="the keys of a website: id, scopes, end, name")
    list_.add_argument("--website", required=True, metavar="ID")
    revoke = actions.add_parser("revoke", help="end a key within seconds")
    revoke.add_argument("key_id", metavar="KEY_ID", help="what stands between ak_ and the next _")


def _add_user(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="print the password of a new user, this once")
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("--name", default="", help="what people call the user")
    add.add_argument("--role", choices=sorted(ROLE_SCOPES), default="viewer", help="viewer by default")
    add.add_argument(
        "--website", action="append", metavar="ID", type=_website_id, help="one to see; repeat; all by default"
    )
    actions.add_parser("list", help="the users: id, address, role, websites, state, name")
    reset = actions.add_parser("reset", help="print a new password, and sign the user out everywhere")
    reset.add_argument("email", metavar="EMAIL")


def _add_dead_letters(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, meaning in (
        ("list", "when each died, its website, why"),
        ("replay", "send them again once the reason is gone; what dies again is kept again"),
    ):
        chosen = actions.add_parser(action, help=meaning)
        chosen.add_argument("--website", metavar="ID", type=_website_id, help="of this website alone")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("website_id", metavar="WEBSITE", type=_website_id, help="the website whose events it is about")
    parser.add_argument("--from", dest="since", metavar="DAY", help="first day, 2026-01-31, or first moment; with --to")
    parser.add_argument("--to", dest="until", metavar="DAY", help="last day, or the moment that ends it; with --from")
    parser.add_argument("--format", dest="form", choices=("ndjson", "csv"), default="ndjson", help="ndjson by default")
    parser.add_argument(
        "--output", default="-", metavar="FILE", help="what ends in .gz is packed; standard output by default"
    )
    parser.add_argument("--url", help=_QUERY_API)


def _add_import(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    log = kinds.add_parser("access-log", help="a web server's log in the combined format, gzip too")
    log.add_argument("file", metavar="FILE", help="path, or - for standard input")
    log.add_argument(
        "--website-id", required=True, metavar="ID", type=_website_id, help="the website that the log belongs to"
    )
    log.add_argument("--hostname", help="the site's own host, so that its links to itself are not referrals")
    log.add_argument("--url", help="where the gateway answers; http://127.0.0.1:INGEST_PORT by default")
    events = kinds.add_parser("events", help="what `analytics export` wrote, of either format, gzip too")
    events.add_argument("files", metavar="FILE", nargs="+", help="paths, or - for standard input")
    events.add_argument(
        "--website-id", required=True, metavar="ID", type=_website_id, help="the website that takes them in"
    )
    events.add_argument("--url", help=_QUERY_API)


def _website_id(text: str) -> str:
    if _WEBSITE_ID.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a website: 1 to 128 letters, digits and ._:-")
    return text
