"""`analytics key` as a person runs it."""

from collections.abc import Callable

import psycopg
import pytest

from shared.api_keys import MAX_KEYS_PER_WEBSITE, parse_key_id
from shared.cli import build_parser
from shared.command_database import CommandError
from shared.launch import run

Command = Callable[..., str]

REFUSED = {
    "unknown website": ("create --website nobody --scope ingest", "--website: 'nobody' is not registered"),
    "import alone": ("create --website shop --scope ingest:import", "--scope: ingest:import needs ingest"),
    "no such key": ("revoke AAAAAAAAAAAA", "KEY_ID: no key has the id"),
    "days": ("create --website shop --scope ingest --days 0", "--days: must be a whole number from 1"),
    "name": (f"create --website shop --scope ingest --name {'n' * 201}", "--name: must be at most 200"),
}


@pytest.fixture
def command(database: str, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `analytics key WORDS`, gives what it prints."""
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO websites (website_id, name) VALUES ('shop', 'shop')")

    def run_command(words: str) -> str:
        assert run(build_parser().parse_args(["key", *words.split()]), {"DATABASE_URL": database}) == 0
        return capsys.readouterr().out

    return run_command


@pytest.mark.rule("N2")
def test_a_key_is_made_listed_and_revoked(command: Command) -> None:
    text = command("create --website shop --scope ingest --scope stats:read --name server").strip()
    key_id = parse_key_id(text)

    listed = command("list --website shop")
    revoked = command(f"revoke {key_id}")

    assert listed == f"{key_id}\tstats:read,ingest\tnever\tserver\n"
    assert revoked == f"revoked {key_id}\n"
    assert command("list --website shop") == ""


@pytest.mark.rule("N2")
@pytest.mark.parametrize(("words", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_names_the_argument(command: Command, words: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        command(words)


@pytest.mark.rule("N2")
def test_a_website_has_a_limited_number_of_keys(command: Command) -> None:
    for _ in range(MAX_KEYS_PER_WEBSITE):
        command("create --website shop --scope ingest --days 1")

    with pytest.raises(CommandError, match="no more can be made"):
        command("create --website shop --scope ingest")
