"""Share links: what they show, to whom, how long."""

from datetime import timedelta

import jwt
import psycopg
import pytest

from queryapi.attempts import ATTEMPTS_PER_MINUTE
from queryapi.derived_key import derived_key
from queryapi.share_store import MAX_SHARES_PER_WEBSITE
from shared.tokens import make_token
from tests.queryapi.funnel_client import serving
from tests.queryapi.people import open_installation
from tests.queryapi.rig import NOW, SECRET, SITE, running, settings_for
from tests.queryapi.sharing import DASHBOARD, GERMANY, OPEN, RANGE, SHARES, client_of, fill, opened, share

FILTERED_BY_HALF_A_CHARACTER = b'{"filters": [["is", "page", ["\\ud800"]]]}'

REFUSED: dict[str, tuple[dict[str, object], int, str, str]] = {
    "name too long": ({"name": "n" * 201}, 422, "too_long", "name"),
    "short password": ({"password": "123456789"}, 422, "invalid_value", "password"),
    "expired": ({"expires_at": NOW.isoformat()}, 422, "invalid_value", "expires_at"),
    "filters as text": ({"filters": "country"}, 422, "invalid_type", "filters"),
    "filter unknown": ({"filters": {"planet": ["Mars"]}}, 400, "unknown_dimension", "filters[0][1]"),
    "values as text": ({"filters": {"country": "DE"}}, 400, "invalid_type", "filters[0][2]"),
    "pattern broken": ({"filters": [["matches", "page", ["("]]]}, 400, "invalid_pattern", "filters"),
    "unknown field": ({"scopes": ["manage"]}, 422, "unknown_field", "scopes"),
}


@pytest.fixture
def website(database: str) -> str:
    fill(database)
    return database


@pytest.mark.rule("N7")
async def test_a_link_is_told_once_and_opens_what_its_filters_say(website: str) -> None:
    async with serving(website, PUBLIC_URL="https://stats.example.com") as client:
        made = await client.post(SHARES, json={"name": "For Berlin", "filters": GERMANY})
        link = made.json()
        listed = (await client.get(SHARES)).json()
        session = (await client.post(OPEN, json={"token": link["token"]}, headers={"authorization": ""})).json()
        reading = {"authorization": f"Bearer {session['access_token']}"}
        shown = (await client.get(f"{DASHBOARD}?{RANGE}", headers=reading)).json()
        outside = (await client.get(f"{DASHBOARD}?{RANGE}&country=AT", headers=reading)).json()
        whole = (await client.get(f"{DASHBOARD}?{RANGE}")).json()

    token = link.pop("token")
    assert link.pop("url") == f"https://stats.example.com/share/{token}"
    assert (made.status_code, listed["data"], listed["total"]) == (201, [link], 1)
    assert {**link, "id": "", "created_at": ""} == {
        "id": "", "name": "For Berlin", "has_password": False, "filters": [["is", "country", ["DE"]]],
        "expires_at": None, "created_at": "",
    }  # fmt: skip
    assert (session["expires_in"], session["website_id"]) == (900, SITE)
    assert session["filters"] == link["filters"]
    views = [body["metrics"]["page_views"] for body in (shown, outside, whole)]
    assert views == [1, 0, 2]
    with psycopg.connect(website) as connection:
        assert token not in str(connection.execute("SELECT s::text FROM shares s").fetchall())


@pytest.mark.rule("N7")
async def test_no_other_credential_passes_for_a_link_and_no_link_for_another(website: str) -> None:
    async with open_installation(website) as api, client_of(api) as client:
        link, other = await share(client), await share(client)
        token = (await opened(client, link))["authorization"].removeprefix("Bearer st_")
        other_token = (await opened(client, other))["authorization"].removeprefix("Bearer st_")
        jwt_of_owner = make_token(settings_for(website), lambda: NOW, role="owner", websites=None)
        key = (await client.post(f"/api/v1/websites/{SITE}/keys", json={"scopes": ["stats:read"]})).json()["key"]
        claims = jwt.decode(token, options={"verify_signature": False})
        typ = {"typ": "share+jwt"}
        share_key = derived_key(api.settings, b"share")
        forged = [
            token,
            link["token"],
            f"st_{jwt_of_owner}",
            f"st_{key}",
            f"ak_{token}",
            f"st_{token}x",
            f"st_st_{token}",
            f"st_{token.rpartition('.')[0]}.{other_token.rpartition('.')[2]}",
            f"st_{jwt.encode(claims, SECRET, algorithm='HS256', headers=typ)}",
            f"st_{jwt.encode(claims, share_key, algorithm='HS256', headers=typ)}",
            f"st_{jwt.encode(claims, '', algorithm='none', headers=typ)}",
            f"st_{jwt.encode({**claims, 'sub': 'x'}, share_key, algorithm='HS256', headers=typ)}",
            f"st_{jwt.encode({}, share_key, algorithm='HS256', headers=typ)}",
            "st_",
            "st_a.b.c",
        ]
        answers = [await client.get(DASHBOARD, headers={"authorization": f"Bearer {text}"}) for text in forged]
        as_link = [
            await client.post(OPEN, json={"token": text[:64]})
            for text in (token, f"st_{token}", jwt_of_owner, key, link["id"], "", "\u0000")
        ]
        as_cookie = await client.get(
            DASHBOARD, headers={"authorization": "", "cookie": f"analytics_session={link['token']}"}
        )

    assert [answer.status_code for answer in answers] == [401] * len(forged)
    assert {answer.status_code for answer in as_link} <= {404, 422}
    assert as_cookie.status_code == 401


@pytest.mark.rule("N7")
async def test_a_link_ends_when_it_is_revoked_or_over_and_with_its_website(website: str) -> None:
    moment = NOW
    async with running(settings_for(website), lambda: moment) as api, client_of(api) as client:
        ending = await share(client, expires_at=(NOW + timedelta(minutes=5)).isoformat())
        revoked, kept = await share(client), await share(client)
        reading = [await opened(client, link) for link in (ending, revoked, kept)]
        before = [(await client.get(DASHBOARD, headers=headers)).status_code for headers in reading]
        path = f"{SHARES}/{revoked['id']}"
        deleted = [(await client.delete(url)).status_code for url in (path, path, f"{SHARES}/x")]
        moment = NOW + timedelta(minutes=5)
        after = [(await client.get(DASHBOARD, headers=headers)).status_code for headers in reading]
        again = [
            (await client.post(OPEN, json={"token": link["token"]})).status_code for link in (ending, revoked, kept)
        ]
        moment = NOW + timedelta(minutes=15)
        old = (await client.get(DASHBOARD, headers=reading[2])).json()["code"]
        reading[2] = await opened(client, kept)
        await client.delete(f"/api/v1/websites/{SITE}")
        await client.post("/api/v1/websites", json={"id": SITE})
        gone = [
            (await client.get(DASHBOARD, headers=reading[2])).status_code,
            (await client.post(OPEN, json={"token": kept["token"]})).status_code,
        ]

    assert (before, deleted) == ([200, 200, 200], [204, 404, 404])
    assert (after, again) == ([401, 401, 200], [404, 404, 200])
    assert (old, gone) == ("token_expired", [401, 404])


@pytest.mark.rule("N7")
async def test_a_link_revoked_elsewhere_is_void_five_seconds_later(website: str) -> None:
    moment = NOW
    async with running(settings_for(website), lambda: moment) as api, client_of(api) as client:
        reading = await opened(client, await share(client))
        await client.get(DASHBOARD, headers=reading)
        with psycopg.connect(website) as connection:
            connection.execute("DELETE FROM shares")
        moment = NOW + timedelta(seconds=5)
        later = await client.get(DASHBOARD, headers=reading)

    assert later.status_code == 401


@pytest.mark.rule("N7")
async def test_a_password_is_asked_for_and_cannot_be_tried_for_long(website: str) -> None:
    async with open_installation(website) as api, client_of(api) as client:
        link = await share(client, password="open sesame please")
        missing = await client.post(OPEN, json={"token": link["token"]})
        wrong = [
            await client.post(OPEN, json={"token": link["token"], "password": "wrong password"})
            for _ in range(ATTEMPTS_PER_MINUTE - 1)
        ]
        reading = await opened(client, link, password="open sesame please")
        limited = await client.post(OPEN, json={"token": link["token"], "password": "open sesame please"})
        shown = await client.get(DASHBOARD, headers=reading)

    assert link["has_password"] is True and "password" not in link
    assert (missing.status_code, missing.json()["code"]) == (401, "password_required")
    assert {(answer.status_code, answer.json()["code"]) for answer in wrong} == {(401, "wrong_password")}
    assert (limited.status_code, "retry-after" in limited.headers, shown.status_code) == (429, True, 200)


@pytest.mark.rule("N7")
async def test_what_is_no_link_is_refused_by_its_field(website: str) -> None:
    async with serving(website) as client:
        for name, (sent, status, code, field) in REFUSED.items():
            answer = await client.post(SHARES, json=sent)
            body = answer.json()
            found = (answer.status_code, body["code"], str(body["details"].get("field", field)).split("[")[0])
            assert found == (status, code, field.split("[", maxsplit=1)[0]), name
        json = {"content-type": "application/json"}
        hostile = (
            await client.post(SHARES, content=b'{"filters": [["is", "page", ["\\ud800"]]]}', headers=json)
        ).json()
        with psycopg.connect(website) as connection:
            connection.execute(
                "INSERT INTO shares (share_id, website_id, name, digest, signing_key, filters, created_at)"
                " SELECT gen_random_uuid(), %s, '', sha256(n::text::bytea), sha256(''), '[]', now()"
                " FROM generate_series(2, %s) n",
                (SITE, MAX_SHARES_PER_WEBSITE),
            )
        full = await client.post(SHARES, json={})

    assert hostile["filters"] == [["is", "page", ["\ufffd"]]]
    assert (full.status_code, full.json()["code"]) == (409, "too_many_shares")
