"""The composition root and console script: the one module that may import the services."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg
import uvloop

from shared import dead_letter_commands, doctor, key_commands, up, user_commands, websites
from shared.cli import build_parser
from shared.clock import monotonic_seconds, utc_now
from shared.command_database import CommandError
from shared.embedded.home import EmbeddedError, open_home
from shared.embedded.settings import as_environ, fill_settings
from shared.front_door import FrontDoor
from shared.logs import configure_logs
from shared.settings import SettingError, Settings, read_settings
from shared.tokens import make_token
from sql.migrate import MigrationError, migrate


def main() -> None:
    """Run the command line; ends the process with 0, with 1 and one line that says why, with 2 for arguments
    that make no sense, with 130 for Ctrl-C."""
    try:
        sys.exit(run(build_parser().parse_args(), os.environ))
    except (SettingError, EmbeddedError, MigrationError, CommandError) as error:
        sys.exit(f"analytics: {error}")
    except psycopg.Error as error:
        sys.exit(f"analytics: database: {str(error).strip()}; `analytics doctor` says more")
    except BrokenPipeError:
        # Whoever reads the output has seen enough; without this the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        # Services have ended in order by now; a shell expects this of a command that was interrupted.
        sys.exit(130)


def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """The exit code of the chosen command."""
    settings = read_settings(environ)
    match arguments.command:
        case "up":
            up.run_everything(settings, _progress(), has_demo=arguments.demo)
        case "front-door":
            _run_front_door(settings)
        case "demo":
            _run_demo(settings)
        case "ingest" | "worker" | "queryapi":
            return _run_service(arguments.command, settings)
        case "migrate":
            applied = migrate(_connected(settings, "operator", needs=("database_url",)).database_url)
            print("\n".join(f"applied {name}" for name in applied) or "nothing to do")
        case "token":
            chosen = tuple(arguments.website) if arguments.website else None
            print(make_token(_with_secret(settings), utc_now, role=arguments.role, websites=chosen))
        case "site" | "key" | "setup" | "user" | "dead-letters":
            return _administer(arguments, settings)
        case "export" | "import":
            return _move(arguments, settings)
        case _:
            return doctor.run(settings, _connected)
    return 0


def _administer(arguments: argparse.Namespace, settings: Settings) -> int:
    """What is done in the database, whether or not the services run."""
    if arguments.command == "dead-letters":
        return dead_letter_commands.run(arguments, _connected(settings, "operator"))
    filled = _connected(settings, "operator", needs=("database_url",))
    match arguments.command:
        case "site":
            return websites.run(arguments, filled)
        case "key":
            return key_commands.run(arguments, filled, utc_now)
        case "setup":
            return user_commands.run_setup(filled, utc_now)
        case _:
            return user_commands.run(arguments, filled, utc_now)


def _progress() -> up.Report:
    started = monotonic_seconds()

    def report(line: str) -> None:
        print(f"[{monotonic_seconds() - started:6.1f} s] {line}", flush=True)

    return report


def _connected(settings: Settings, role: str, *, needs: tuple[str, ...] = ("database_url", "redis_url")) -> Settings:
    """The settings with everything they need; what is not configured is read from DATA_DIR."""
    if all(getattr(settings, name) for name in needs):
        return settings
    if not Path(settings.data_dir).is_dir():
        missing = ", ".join(name.upper() for name in needs)
        raise SettingError(f"DATA_DIR: {settings.data_dir} does not exist; run `analytics up` first, or set {missing}")
    return fill_settings(settings, open_home(Path(settings.data_dir), lambda _line: None), role)


def _with_secret(settings: Settings) -> Settings:
    return _connected(settings, "operator", needs=("jwt_secret",))


def _run_front_door(settings: Settings) -> None:
    from ingest.app import create_app as create_gateway
    from ingest.connection import connect
    from queryapi.app import create_app as create_queryapi
    from shared.server import serve

    configure_logs(settings.log_level, "front-door")
    gateway_settings, query_settings = _connected(settings, "gateway"), _connected(settings, "queryapi")
    client = connect(gateway_settings.redis_url)
    door = FrontDoor(
        create_gateway(gateway_settings, client, utc_now),
        create_queryapi(query_settings, utc_now),
    )

    async def run() -> None:
        async with client:
            await serve(door, settings, settings.host, settings.ingest_port)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def _run_service(name: str, settings: Settings) -> int:
    if name == "ingest":
        connected = _connected(settings, "gateway", needs=("redis_url",))
    else:
        connected = _connected(settings, name)
    os.environ.update(as_environ(connected))
    match name:
        case "ingest":
            from ingest.__main__ import main as service
        case "worker":
            from worker.__main__ import main as service
        case _:
            from queryapi.__main__ import main as service
    service()
    return 0


def _run_demo(settings: Settings) -> None:
    from ingest.demo import run_demo
    from shared.patient_client import DeliveryError

    configure_logs(settings.log_level, "demo")
    connected = _with_secret(settings)
    try:
        run_demo(
            f"http://127.0.0.1:{settings.ingest_port}",
            lambda: make_token(connected, utc_now, role="owner", websites=None),
            utc_now,
        )
    except DeliveryError as error:
        sys.exit(f"demo: {error}")


def _move(arguments: argparse.Namespace, settings: Settings) -> int:
    """Events out of a website, or into it, as its owner."""
    website_id = arguments.website_id
    url = arguments.url or f"http://127.0.0.1:{settings.ingest_port}"
    token = make_token(_with_secret(settings), utc_now, role="owner", websites=(website_id,))
    if arguments.command == "export":
        from queryapi.export_command import Wanted, export_website

        wanted = Wanted(website_id, arguments.since, arguments.until, arguments.form, arguments.output)
        return export_website(wanted, url, token)
    if arguments.kind == "events":
        from queryapi.import_command import import_files

        return import_files(arguments.files, website_id, url, token)
    from ingest.importer import import_access_log

    return import_access_log(arguments.file, website_id, url, token, hostname=arguments.hostname)


if __name__ == "__main__":
    main()
