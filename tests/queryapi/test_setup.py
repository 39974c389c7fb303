"""The first start: no account, and one link that makes one."""

import asyncio
import re
from datetime import timedelta

import httpx
import psycopg
import pytest

from queryapi.announce import announce_setup
from queryapi.database import make_pool
from shared.cli import build_parser
from shared.command_database import CommandError
from shared.launch import run
from shared.setup_link import SETUP_LINK_LIFETIME
from tests.queryapi.people import ADA, COOKIE, SESSION, SETUP, browser, open_installation, put_setup_link
from tests.queryapi.rig import NOW, running, settings_for

ADDRESSES = [f"198.51.{number}.7" for number in range(10)]

REFUSED: dict[str, tuple[dict[str, object], int, str]] = {
    "no token": ({"token": None}, 422, "missing_field"),
    "wrong token": ({"token": "x" * 43}, 403, "invalid_setup_token"),
    "token too long": ({"token": "x" * 44}, 422, "too_long"),
    "no address": ({"email": "ada"}, 422, "invalid_value"),
    "short password": ({"password": "123456789"}, 422, "invalid_value"),
    "long password": ({"password": "\u00e9" * 513}, 422, "too_long"),
    "unknown field": ({"role": "owner"}, 422, "unknown_field"),
}


async def test_set_up_makes_the_owner_signs_in_and_closes(database: str) -> None:
    async with open_installation(database) as api, browser(api) as client:
        token = put_setup_link(database)
        before = (await client.get(SETUP)).json()
        made = await client.post(SETUP, json={"token": token, **ADA})
        after = (await client.get(SETUP)).json()
        session = await client.get(SESSION)
        websites = await client.get("/api/v1/websites")
        again = await client.post(SETUP, json={"token": token, **ADA, "email": "eve@example.com"})

    assert (before, after) == ({"is_open": True}, {"is_open": False})
    assert (made.status_code, made.json()) == (201, session.json())
    told = made.json()["user"]
    assert (told["email"], told["name"], told["role"], told["websites"]) == ("ada@example.com", "Ada", "owner", None)
    assert websites.status_code == 200
    assert (again.status_code, again.json()["code"]) == (409, "setup_closed")


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED.values(), ids=REFUSED)
async def test_what_makes_no_owner_is_refused(database: str, sent: dict[str, object], status: int, code: str) -> None:
    async with open_installation(database) as api, browser(api) as client:
        answer = await client.post(SETUP, json={"token": put_setup_link(database), **ADA, **sent})
        is_open = (await client.get(SETUP)).json()["is_open"]

    assert (answer.status_code, answer.json()["code"], is_open) == (status, code, True)
    assert "set-cookie" not in answer.headers


async def test_a_link_holds_for_half_an_hour(database: str) -> None:
    token = put_setup_link(database)

    async with running(settings_for(database), lambda: NOW + SETUP_LINK_LIFETIME) as api, browser(api) as client:
        answer = await client.post(SETUP, json={"token": token, **ADA})

    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_setup_token")


async def test_a_page_of_somebody_else_sets_nothing_up(database: str) -> None:
    async with open_installation(database) as api, browser(api) as client:
        sent = {"token": put_setup_link(database), **ADA}
        answer = await client.post(SETUP, json=sent, headers={"origin": "http://evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


async def test_of_a_hundred_set_ups_at_once_in_two_processes_one_wins(database: str) -> None:
    async def set_up(client: httpx.AsyncClient, number: int) -> httpx.Response:
        return await client.post(SETUP, json={"token": token, **ADA, "email": f"ada{number}@example.com"})

    token = put_setup_link(database)
    async with open_installation(database) as one, open_installation(database) as two:
        clients = [browser(api, address=address) for api in (one, two) for address in ADDRESSES]
        answers = await asyncio.gather(*(set_up(clients[number % 20], number) for number in range(100)))
        for client in clients:
            await client.aclose()

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 409, 503}
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*), min(role) FROM users").fetchone() == (1, "owner")
        assert connection.execute("SELECT count(*) FROM setup_link").fetchone() == (0,)
    assert [answer.status_code for answer in answers if COOKIE in answer.headers.get("set-cookie", "")] == [201]


async def test_of_two_processes_one_prints_the_link_and_it_works(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(database, PUBLIC_URL="https://stats.example.com")
    async with make_pool(settings, database) as one, make_pool(settings, database) as two:
        await asyncio.gather(announce_setup(one, settings, lambda: NOW), announce_setup(two, settings, lambda: NOW))
        printed = capsys.readouterr().out
        later = NOW + SETUP_LINK_LIFETIME + timedelta(seconds=1)
        await announce_setup(one, settings, lambda: later)
        printed_later = capsys.readouterr().out
    links = re.findall(r"https://stats\.example\.com/#setup=(\S{43})$", printed, re.MULTILINE)
    assert (len(links), printed.count("#setup="), printed_later.count("#setup=")) == (1, 1, 1)

    with psycopg.connect(database) as connection:
        assert links[0] not in str(connection.execute("SELECT s::text FROM setup_link s").fetchall())


async def test_the_command_prints_a_new_link_until_somebody_can_sign_in(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: str) -> str:
        assert run(build_parser().parse_args(list(words)), {"DATABASE_URL": database}) == 0
        return capsys.readouterr().out

    first, second = command("setup"), command("setup")
    links = [re.findall(r"http://127\.0\.0\.1:8080/#setup=(\S{43})", printed)[0] for printed in (first, second)]
    # The command asks the real clock.
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE setup_link SET expires_at = %s", (NOW + timedelta(minutes=1),))
    async with open_installation(database) as api, browser(api) as client:
        replaced = await client.post(SETUP, json={"token": links[0], **ADA})
        made = await client.post(SETUP, json={"token": links[1], **ADA})

    assert (replaced.status_code, made.status_code) == (403, 201)
    with pytest.raises(CommandError, match="somebody can sign in already"):
        command("setup")
