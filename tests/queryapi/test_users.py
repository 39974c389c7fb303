"""Users as owners manage them, over HTTP and by the command line."""

import asyncio

import psycopg
import pytest

from shared.cli import build_parser
from shared.command_database import CommandError
from shared.launch import run
from shared.tokens import make_token
from shared.users import MAX_USERS
from tests.queryapi.funnel_client import bearer, register
from tests.queryapi.people import SESSION, USERS, add_user, browser, open_installation, owner, sign_in
from tests.queryapi.rig import NOW, SITE

ADA = {"email": "ada@example.com", "role": "viewer"}

# What is sent in place of ADA, or beside it; the code and field of the answer.
REFUSED: dict[str, tuple[dict[str, object], str, str]] = {
    "no email": ({"email": None}, "missing_field", "email"),
    "email without @": ({"email": "ada"}, "invalid_value", "email"),
    "email with a blank": ({"email": "a da@example.com"}, "invalid_value", "email"),
    "email of another type": ({"email": ["ada@example.com"]}, "invalid_type", "email"),
    "email too long": ({"email": f"{'a' * 250}@e.at"}, "too_long", "email"),
    "no role": ({"role": None}, "missing_field", "role"),
    "role unknown": ({"role": "admin"}, "invalid_value", "role"),
    "name too long": ({"name": "n" * 201}, "too_long", "name"),
    "websites as text": ({"websites": "*"}, "invalid_type", "websites"),
    "website of another type": ({"websites": [SITE, 7]}, "invalid_value", "websites[1]"),
    "website unknown": ({"websites": [SITE, "nobody"]}, "unknown_website", "websites[1]"),
    "too many websites": ({"websites": [SITE] * 1001}, "invalid_value", "websites"),
    "disabled as text": ({"disabled": "yes"}, "invalid_type", "disabled"),
    "short password": ({"password": "123456789"}, "invalid_value", "password"),
    "password of another type": ({"password": 1234567890}, "invalid_type", "password"),
    "unknown field": ({"scopes": ["manage"]}, "unknown_field", "scopes"),
}


@pytest.fixture
def website(database: str) -> str:
    register(database, SITE)
    return database


async def test_a_user_is_made_shown_changed_put_back_and_deleted(website: str) -> None:
    async with open_installation(website) as api, browser(api, **owner(api)) as client:
        made = await client.post(USERS, json={**ADA, "name": "Ada", "websites": [SITE, SITE]})
        path = made.headers["location"]
        shown = await client.get(path)
        listed = (await client.get(USERS)).json()
        changed = await client.put(path, json={"email": "Lovelace@example.com", "role": "editor"})
        put_back = await client.put(path, json=shown.json())
        deleted = [await client.delete(path), await client.delete(path), await client.get(path)]

    user = made.json()
    assert len(user.pop("password")) == 20
    assert (made.status_code, shown.json(), listed["data"], listed["total"]) == (201, user, [user], 1)
    assert {key: user[key] for key in ("email", "name", "role", "websites", "disabled")} == {
        **ADA, "name": "Ada", "websites": [SITE], "disabled": False
    }  # fmt: skip
    assert (changed.json()["email"], changed.json()["role"]) == ("lovelace@example.com", "editor")
    assert (changed.json()["name"], changed.json()["websites"]) == ("", None)
    assert put_back.json() == user
    assert [answer.status_code for answer in deleted] == [204, 404, 404]


async def test_what_is_no_user_is_refused_by_its_field(website: str) -> None:
    async with open_installation(website) as api, browser(api, **owner(api)) as client:
        for name, (sent, code, field) in REFUSED.items():
            answer = await client.post(USERS, json={**ADA, **sent})
            body = answer.json()
            assert (answer.status_code, body["code"], body["details"]["field"]) == (422, code, field), name
        assert (await client.get(USERS)).json()["total"] == 0
        await client.post(USERS, json=ADA)
        taken = await client.post(USERS, json={**ADA, "email": "ADA@Example.com"})
        other = (await client.post(USERS, json={**ADA, "email": "eve@example.com", "role": "owner"})).json()
        moved = await client.put(f"{USERS}/{other['id']}", json={"email": ADA["email"], "role": "owner"})
        missing = [await client.get(f"{USERS}/{text}") for text in ("x", "a%00b", "0" * 32)]

    assert [(answer.status_code, answer.json()["code"]) for answer in (taken, moved)] == [(409, "user_exists")] * 2
    assert [answer.status_code for answer in missing] == [404] * 3


async def test_only_owners_of_every_website_manage_users(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client:
        user = await add_user(api, "ada@example.com", "owner", [SITE])
        refused = [bearer(website, role, (SITE,)) for role in ("viewer", "editor", "owner")]
        for role in ("viewer", "editor"):
            token = make_token(api.settings, lambda: NOW, role=role, websites=None)
            refused.append({"authorization": f"Bearer {token}"})
        statuses = [
            (await client.request(method, path, headers=headers, json={})).status_code
            for headers in refused
            for method, path in (
                ("GET", USERS),
                ("POST", USERS),
                ("GET", f"{USERS}/{user['id']}"),
                ("PUT", f"{USERS}/{user['id']}"),
                ("DELETE", f"{USERS}/{user['id']}"),
            )
        ]
        await sign_in(client, user)
        listed = await client.get(USERS)
        nobody = await client.get(USERS, headers={"cookie": ""})

    assert statuses == [403] * 25
    assert (listed.status_code, nobody.status_code) == (403, 401)


async def test_the_last_owner_stays(website: str) -> None:
    async with open_installation(website) as api, browser(api, **owner(api)) as client:
        ada = await add_user(api, "ada@example.com", "owner")
        await add_user(api, "limited@example.com", "owner", [SITE])
        path, same = f"{USERS}/{ada['id']}", {"email": "ada@example.com", "role": "owner"}
        changes = [{"role": "editor"}, {"websites": [SITE]}, {"disabled": True}]
        refused = [await client.delete(path), *[await client.put(path, json={**same, **change}) for change in changes]]
        unchanged = await client.get(path)
        await add_user(api, "eve@example.com", "owner")
        allowed = await client.delete(path)

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "last_owner")] * 4
    assert (unchanged.json()["role"], unchanged.json()["websites"], unchanged.json()["disabled"]) == (
        "owner",
        None,
        False,
    )
    assert allowed.status_code == 204


async def test_two_owners_cannot_remove_each_other_at_once(website: str) -> None:
    async with open_installation(website) as api, browser(api, **owner(api)) as client:
        for _ in range(5):
            pair = [await add_user(api, f"{name}@example.com", "owner") for name in ("ada", "eve")]
            answers = await asyncio.gather(*(client.delete(f"{USERS}/{user['id']}") for user in pair))
            assert sorted(answer.status_code for answer in answers) == [204, 409]
            with psycopg.connect(website) as connection:
                connection.execute("DELETE FROM users")


async def test_a_website_registered_again_is_not_the_user_s(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client, browser(api, **owner(api)) as manager:
        user = await add_user(api, "ada@example.com", "viewer", [SITE])
        await sign_in(client, user)
        before = await client.get(f"/api/v1/analytics/dashboard/{SITE}")
        await manager.delete(f"/api/v1/websites/{SITE}")
        await manager.post("/api/v1/websites", json={"id": SITE})
        after = await client.get(f"/api/v1/analytics/dashboard/{SITE}")
        listed = (await client.get("/api/v1/websites")).json()

    assert (before.status_code, after.status_code, listed["total"]) == (200, 404, 0)


async def test_there_can_be_so_many_users(website: str) -> None:
    async with open_installation(website) as api, browser(api, **owner(api)) as client:
        with psycopg.connect(website) as connection:
            connection.execute(
                "INSERT INTO users"
                " (user_id, email, name, password_hash, role, has_all_websites, created_at, updated_at)"
                " SELECT gen_random_uuid(), n || '@example.com', '', '', 'viewer', true, now(), now()"
                " FROM generate_series(2, %s) n",
                (MAX_USERS,),
            )
        last = await client.post(USERS, json=ADA)
        full = await client.post(USERS, json={**ADA, "email": "eve@example.com"})

    assert (last.status_code, full.status_code, full.json()["code"]) == (201, 409, "too_many_users")


async def test_the_command_line_adds_lists_and_resets(website: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command(words: str) -> str:
        assert run(build_parser().parse_args(["user", *words.split()]), {"DATABASE_URL": website}) == 0
        return capsys.readouterr().out.strip()

    def password_of(words: str) -> str:
        return command(words).splitlines()[-1]

    password = password_of(f"add Ada@example.com --role editor --website {SITE} --name Ada")
    listed = command("list").split("\t")
    async with open_installation(website) as api, browser(api) as client:
        await sign_in(client, {"email": "ada@example.com", "password": password})
        renewed = password_of("reset ADA@example.com")
        async with browser(api) as another:
            answers = [
                await another.post(SESSION, json={"email": "ada@example.com", "password": sent})
                for sent in (password, renewed)
            ]
    with psycopg.connect(website) as connection:
        sessions = connection.execute("SELECT count(*) FROM user_sessions").fetchone()

    assert listed[1:] == ["ada@example.com", "editor", SITE, "active", "Ada"]
    assert [answer.status_code for answer in answers] == [401, 200]
    assert sessions == (1,)
    for words, problem in (
        ("add ada", "EMAIL: must be an address"),
        ("add ada@example.com", "EMAIL: a user has it already"),
        ("add eve@example.com --website nobody", "--website: 'nobody' is not registered"),
        ("reset nobody@example.com", "EMAIL: nobody who can sign in"),
    ):
        with pytest.raises(CommandError, match=problem):
            command(words)
    assert command("list").count("@example.com") == 1
