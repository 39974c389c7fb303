"""The servers that `analytics up` brings along."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import redis

from shared.embedded.child import ServerUser
from shared.embedded.home import EmbeddedError, Home, choose_servers_dir, is_reachable, locked, open_home
from shared.embedded.postgres import postgres_url, start_postgres
from shared.embedded.valkey import start_valkey, valkey_url
from tests.services import Servers

STRANGER = ServerUser("stranger", 54321, 54321)


def _quiet(_line: str) -> None:
    """Nobody waits."""


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A directory that every user can enter; tmp_path is closed to the one the servers run as."""
    with tempfile.TemporaryDirectory(prefix="analytics-test-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def home(open_path: Path) -> Home:
    return open_home(open_path / "data", _quiet)


@pytest.fixture(scope="session")
def running(servers: Servers) -> Home:
    """A home whose two servers run."""
    return servers.embedded()


def test_a_second_instance_is_refused(home: Home) -> None:
    with locked(home, _quiet), pytest.raises(EmbeddedError, match="another instance is running"), locked(home, _quiet):
        pass


def test_a_home_is_free_again_once_left(home: Home) -> None:
    with locked(home, _quiet):
        pass

    with locked(home, _quiet) as descriptor:
        assert descriptor > 0


def test_secrets_are_made_once_and_private(home: Home) -> None:
    first = home.secret("example")

    assert home.secret("example") == first
    assert len(first) >= 43
    assert stat.S_IMODE((home.data_dir / "example.key").stat().st_mode) == 0o600


def test_a_long_data_directory_still_has_a_socket(open_path: Path) -> None:
    home = open_home(open_path / ("d" * 100), _quiet)
    home.socket_dir.rmdir()

    assert len(os.fsencode(home.socket_dir / ".s.PGSQL.5432.lock")) <= 107


@pytest.mark.parametrize("name", ["a?b", "a*", "[a]", "a\nb", 'a"b', "a'b", "a\\b"])
def test_a_directory_whose_name_valkey_takes_for_a_pattern_is_refused(open_path: Path, name: str) -> None:
    with pytest.raises(EmbeddedError, match=r"^DATA_DIR: "):
        open_home(open_path / name, _quiet)


@pytest.mark.usefixtures("servers")
def test_servers_start_in_a_directory_with_signs_in_its_name(open_path: Path) -> None:
    home = open_home(open_path / "ä#b c%41&d,e;f$g", _quiet)
    with locked(home, _quiet) as lock, ExitStack() as running:
        running.callback(start_valkey(home, lock, _quiet).stop)
        running.callback(start_postgres(home, lock, _quiet).stop)
        with redis.Redis.from_url(valkey_url(home, "operator")) as client, psycopg.connect(postgres_url(home)) as found:
            assert client.config_get("dir") == {"dir": str(home.servers_dir / "valkey")}
            assert found.execute("SELECT 1").fetchone() == (1,)
    home.socket_dir.rmdir()


def test_servers_of_a_closed_data_directory_stand_elsewhere(tmp_path: Path) -> None:
    data_dir, elsewhere = tmp_path / "closed", tmp_path / "elsewhere"
    data_dir.mkdir(mode=0o700)

    chosen = choose_servers_dir(data_dir, STRANGER, elsewhere)

    assert chosen.parent == elsewhere
    assert choose_servers_dir(data_dir, None, elsewhere) == data_dir


def test_servers_are_found_again_after_their_data_directory_moved(tmp_path: Path) -> None:
    (tmp_path / "servers_dir").write_text("/somewhere/else\n")

    assert choose_servers_dir(tmp_path, STRANGER) == Path("/somewhere/else")


def test_servers_of_a_removed_data_directory_are_not_taken_over(tmp_path: Path) -> None:
    data_dir, elsewhere = tmp_path / "closed", tmp_path / "elsewhere"
    data_dir.mkdir(mode=0o700)
    choose_servers_dir(data_dir, STRANGER, elsewhere).mkdir(parents=True)

    chosen = choose_servers_dir(data_dir, STRANGER, elsewhere)

    assert not chosen.exists()


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(EmbeddedError, match="DATA_DIR"):
        open_home(tmp_path / "data", _quiet)


def test_a_closed_directory_is_out_of_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert not is_reachable(closed, STRANGER)
    assert is_reachable(closed, None)


def test_postgres_wants_its_password(running: Home) -> None:
    wrong = postgres_url(running).replace(running.secret("postgres-analytics"), "wrong")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_postgres_listens_on_its_socket_alone_and_is_durable(running: Home) -> None:
    with psycopg.connect(postgres_url(running)) as connection:
        for name, expected in {"listen_addresses": "", "fsync": "on", "full_page_writes": "on"}.items():
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()

            assert row == (expected,)


def test_the_owner_of_the_data_is_no_superuser(running: Home) -> None:
    with psycopg.connect(postgres_url(running)) as connection:
        row = connection.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()

    assert row == (False, False)


def test_valkey_keeps_what_was_accepted(running: Home) -> None:
    with redis.Redis.from_url(valkey_url(running, "operator")) as client:
        found = client.config_get("append*", "maxmemory*", "port")

    assert found["appendonly"] == "yes"
    assert found["appendfsync"] == "always"
    assert found["maxmemory-policy"] == "noeviction"
    assert int(found["maxmemory"] or 0) > 0
    assert found["port"] == "0"


@pytest.mark.parametrize("role", ["gateway", "worker", "queryapi"])
@pytest.mark.parametrize(
    "command", ["FLUSHALL", "CONFIG SET appendonly no", "EVAL return(1) 0", "DEL events:{0}", "KEYS *", "ACL LIST"]
)
def test_no_service_may_do_harm(running: Home, role: str, command: str) -> None:
    with (
        redis.Redis.from_url(valkey_url(running, role)) as client,
        pytest.raises(redis.ResponseError, match="permission"),
    ):
        client.execute_command(*command.split())


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("gateway", "HSET keys_used a 1"),
        ("queryapi", "HGETALL keys_used"),
        ("queryapi", "HDEL keys_used a"),
        ("queryapi", "SET cache:a 1 PX 9"),
    ],
)
def test_each_service_may_do_its_own(running: Home, role: str, command: str) -> None:
    with redis.Redis.from_url(valkey_url(running, role)) as client:
        client.execute_command(*command.split())


def test_valkey_wants_a_password(running: Home) -> None:
    url = f"unix://{running.socket_dir / 'valkey.sock'}"

    with redis.Redis.from_url(url) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
