"""`analytics up` as a person runs it: started, used, killed, started again."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from tests.shared.instance import COMMAND, ROOT, Instance, environ_of, wait_for


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not tmp_path: the unprivileged user that the servers run as cannot enter it.
    with tempfile.TemporaryDirectory(prefix="analytics-up-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory, "data")


def test_everything_starts_counts_stops_and_finds_its_data_again(data_dir: Path) -> None:
    first = Instance(data_dir, 0)
    try:
        assert first.track("/one") == 202
        wait_for(lambda: first.page_views() == 1, first)
        _refuses_a_second(first)
        assert "FIX" not in first.run("doctor")
        first.run("site", "add", "example.com", "--timezone", "Europe/Vienna", "--domain", "example.com")
        assert first.run("site", "list").splitlines()[0].split("\t") == [
            "example.com",
            "Europe/Vienna",
            "example.com",
        ]
    finally:
        assert first.stop() == 0
    assert "stopped" in first.said()

    second = Instance(data_dir, 0)
    try:
        assert second.page_views() == 1
        # All of it dies with the supervisor, and the next start waits for what is still ending.
        second.process.kill()
        second.process.wait()
        third = Instance(data_dir, 0)
    finally:
        second.process.kill()
    try:
        assert third.track("/two") == 202
        wait_for(lambda: third.page_views() == 2, third)
    finally:
        assert third.stop() == 0


@pytest.mark.rule("R49")
def test_geo_files_lie_in_a_data_directory_that_is_named_from_here(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data_dir.parent)
    (data_dir / "geo").mkdir(parents=True)
    writer = MMDBWriter(database_type="city ipv4")
    writer.insert_network(IPSet(["46.5.0.0/16"]), {"country_code": "DE"})
    writer.to_db_file(str(data_dir / "geo" / "city.mmdb"))

    instance = Instance(Path(data_dir.name), 0, data_dir.parent)

    try:
        wait_for(lambda: instance.check("geoip") == "healthy", instance)
    finally:
        assert instance.stop() == 0


def test_without_a_secret_of_its_own_servers_it_names_the_setting(data_dir: Path) -> None:
    environ = environ_of(data_dir, DATABASE_URL="postgresql://localhost/none", REDIS_URL="redis://localhost:1")

    done = subprocess.run([*COMMAND, "up"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "JWT_SECRET" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "nonsense"),
        ("REDIS_URL", "redis://127.0.0.1:99999/0"),
        ("JWT_SECRET", "short"),
    ],
)
def test_a_bad_setting_stops_the_start_by_its_name(data_dir: Path, setting: str, value: str) -> None:
    environ = environ_of(data_dir, **{"INGEST_PORT": "0", setting: value})

    done = subprocess.run([*COMMAND, "up"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith(f"analytics: {setting}: ")
    assert done.stderr.count("\n") == 1


def test_a_database_that_is_away_is_named_in_a_sentence(data_dir: Path) -> None:
    environ = environ_of(data_dir, DATABASE_URL="postgresql://127.0.0.1:1/none", INGEST_PORT="0")

    for command in ("up", "migrate"):
        done = subprocess.run([*COMMAND, command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

        assert done.returncode == 1
        assert done.stderr.startswith("analytics: database: ")


@pytest.mark.parametrize(
    "command",
    [["token", "--website", "a/b"], ["token", "--website", ""], ["import", "access-log", "x", "--website-id", "a b"]],
)
def test_arguments_that_make_no_sense_end_with_two(data_dir: Path, command: list[str]) -> None:
    done = subprocess.run(
        [*COMMAND, *command], cwd=ROOT, env=environ_of(data_dir), capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "is not a website" in done.stderr


@pytest.mark.parametrize("command", [["token"], ["site", "list"], ["doctor"], ["migrate"]])
def test_a_command_without_servers_says_what_to_do(data_dir: Path, command: list[str]) -> None:
    done = subprocess.run(
        [*COMMAND, *command], cwd=ROOT, env=environ_of(data_dir), capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "analytics up" in done.stderr
    assert "Traceback" not in done.stderr


def _refuses_a_second(first: Instance) -> None:
    environ = environ_of(first.data_dir, INGEST_PORT="0")
    done = subprocess.run([*COMMAND, "up"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "another instance is running" in done.stderr
