"""Share links: what they show, to whom, how long, and everything they do not open."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from psycopg.types.json import Jsonb
from starlette.applications import Starlette
from starlette.routing import Route

from queryapi.attempts import ATTEMPTS_PER_MINUTE
from queryapi.derived_key import derived_key
from queryapi.routes import REPORTS
from queryapi.share_store import MAX_SHARES_PER_WEBSITE
from shared.tokens import make_token
from tests.queryapi.funnel_client import CART_TO_PAID, register, serving
from tests.queryapi.people import browser, open_installation, owner
from tests.queryapi.rig import NOW, SECRET, SITE, Api, Hit, at, running, settings_for, store

SHARES = f"/api/v1/websites/{SITE}/shares"
# Pages and documents without data.
DOCUMENTS = ("/", "/share/{token}", "/docs", "/docs.css", "/api/v1/openapi.json")
OPEN = "/api/v1/shares/session"
DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
SLOW = {"performance": Jsonb({"lcp": 5000})}
GERMANY = {"country": ["DE"]}
FILTERED_BY_HALF_A_CHARACTER = b'{"filters": [["is", "page", ["\\ud800"]]]}'
RANGE = "from=2026-03-02&to=2026-03-03"

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
    german = {"country": "DE", "browser": "Firefox"}
    austrian = {"country": "AT", "browser": "Chrome", "referrer": "https://www.google.at/", "source": "Google"}
    hits = [
        Hit(at=at("10:00:00"), visitor="v1", session="s1", page="/a", attributes=german),
        Hit(at=at("10:01:00"), visitor="v1", session="s1", page="/b", event_type="signup", attributes=german),
        Hit(at=at("11:00:00"), visitor="v2", session="s2", page="/c", attributes=austrian),
        Hit(at=at("11:01:00"), visitor="v2", session="s2", event_type="performance", attributes=austrian, own=SLOW),
        Hit(at=NOW - timedelta(minutes=1), visitor="v3", session="s3", page="/d", attributes=austrian),
        Hit(at=NOW - timedelta(minutes=2), visitor="v4", session="s4", page="/e", attributes=german),
    ]
    store(database, hits)
    return database


async def share(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post(SHARES, json=fields)
    assert answer.status_code == 201, answer.content
    return answer.json()


async def opened(client: httpx.AsyncClient, link: dict[str, Any], **fields: object) -> dict[str, str]:
    """The headers of the link's read token."""
    answer = await client.post(OPEN, json={"token": link["token"], **fields}, headers={"authorization": ""})
    assert answer.status_code == 200, answer.content
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@asynccontextmanager
async def client_of(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    async with browser(api, **owner(api)) as client:
        yield client


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
@pytest.mark.parametrize("path", sorted({path for path, _ in REPORTS}))
async def test_every_report_that_a_link_opens_is_the_filtered_one(website: str, path: str) -> None:
    """Asked with the link's token before and after who may see everything: what is kept is kept apart."""
    report = dict(REPORTS)[path]
    query = RANGE if "from" in report.scalars else ""
    url = path.replace("{website_id}", SITE)
    async with serving(website) as client:
        await client.post(f"/api/v1/websites/{SITE}/goals", json={"name": "Seen", "page": "/c"})
        reading = await opened(client, await share(client, filters=GERMANY))
        before = await client.get(f"{url}?{query}", headers=reading)
        whole = await client.get(f"{url}?{query}")
        after = await client.get(f"{url}?{query}", headers=reading)
        asked = await client.get(f"{url}?{query}&country=DE")

    assert whole.status_code == 200
    if "filters" not in report.scalars:
        assert (before.status_code, after.status_code) == (403, 403)
        return
    bodies = [_timeless(answer.json()) for answer in (before, after, asked)]
    assert bodies[0] == bodies[1] == bodies[2] != _timeless(whole.json())


@pytest.mark.rule("N7")
async def test_a_link_opens_nothing_but_reports_of_its_website(website: str) -> None:
    register(website, "theirs")
    async with open_installation(website) as api, client_of(api) as client:
        funnel = (await client.post("/api/v1/funnels", json=CART_TO_PAID)).json()
        link = await share(client)
        reading = await opened(client, link)
        shown = {path for path, report in REPORTS if report.is_shareable} | {
            "/api/v1/events/{website_id}/custom-events",
            "/api/v1/analytics/{website_id}/live",
        }
        open_to_all = {"/health", "/ready", "/api/v1/setup", "/api/v1/session", OPEN, *DOCUMENTS}
        answers: dict[str, int] = {}
        assert isinstance(api.app, Starlette)
        for route in api.app.routes:
            assert isinstance(route, Route)
            for method in sorted(route.methods or {"GET", "POST", "PUT", "DELETE"}):
                if method == "HEAD" or (method == "GET" and route.path in shown) or route.path in open_to_all:
                    continue
                url = route.path.replace("{website_id}", SITE).replace("{id}", funnel["id"])
                url = url.replace("{share_id}", link["id"]).replace("{user_id}", "0" * 32)
                headers = {**reading, "x-forwarded-for": "192.0.2.1"}
                answer = await client.request(method, url, json={}, headers=headers)
                answers[f"{method} {route.path}"] = answer.status_code
        foreign = await client.get("/api/v1/analytics/dashboard/theirs", headers=reading)
        unknown = await client.get("/api/v1/analytics/dashboard/nobody", headers=reading)
        explained = await client.get(f"{DASHBOARD}?{RANGE}&explain=true", headers=reading)

    allowed = {name: status for name, status in answers.items() if status not in {401, 403, 404, 405}}
    assert allowed == {}
    assert len(answers) > 30
    assert (foreign.status_code, unknown.status_code, explained.status_code) == (404, 404, 403)


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


def _timeless(body: dict[str, Any]) -> dict[str, Any]:
    # `source` tells whether the answer was kept.
    meta = {name: value for name, value in body.get("meta", {}).items() if name in {"visitors", "warnings"}}
    return {**{key: value for key, value in body.items() if key != "generated_at"}, "meta": meta}
