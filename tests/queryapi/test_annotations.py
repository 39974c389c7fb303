"""Annotations over HTTP: written by editors, read with the reports."""

import psycopg
import pytest

from queryapi.annotation import MAX_ANNOTATIONS_PER_WEBSITE
from tests.queryapi.funnel_client import bearer, register, serving
from tests.queryapi.rig import SITE

ANNOTATIONS = f"/api/v1/websites/{SITE}/annotations"
RELEASE = {"at": "2026-03-02T10:00:00Z", "text": "Version 2 <b>released</b>"}

# What is sent in place of RELEASE, or beside it; the code and field of the answer.
REFUSED: dict[str, tuple[dict[str, object], str, str]] = {
    "no moment": ({"at": None}, "missing_field", "at"),
    "moment without zone": ({"at": "2026-03-02T10:00:00"}, "invalid_value", "at"),
    "moment a date": ({"at": "2026-03-02"}, "invalid_value", "at"),
    "moment a number": ({"at": 1_770_000_000}, "invalid_type", "at"),
    "moment long ago": ({"at": "0001-01-01T00:00:00+14:00"}, "invalid_value", "at"),
    "moment far": ({"at": "9999-12-31T23:59:59-14:00"}, "invalid_value", "at"),
    "no text": ({"text": None}, "missing_field", "text"),
    "text blank": ({"text": " "}, "invalid_value", "text"),
    "text too long": ({"text": "t" * 501}, "too_long", "text"),
    "text with a zero": ({"text": "a\u0000"}, "invalid_value", "text"),
    "unknown field": ({"color": "red"}, "unknown_field", "color"),
}


@pytest.fixture
def website(database: str) -> str:
    register(database, SITE)
    register(database, "theirs")
    return database


async def test_an_annotation_is_made_listed_replaced_and_deleted(website: str) -> None:
    async with serving(website) as client:
        later = (await client.post(ANNOTATIONS, json={**RELEASE, "at": "2026-03-05T00:30:00+01:00"})).json()
        made = await client.post(ANNOTATIONS, json=RELEASE)
        path = made.headers["location"]
        listed = (await client.get(ANNOTATIONS)).json()
        days = {day: (await client.get(f"{ANNOTATIONS}?from={day}&to={day}")).json()["data"] for day in
                ("2026-03-02", "2026-03-04", "2026-03-05")}  # fmt: skip
        vienna = (await client.get(f"{ANNOTATIONS}?from=2026-03-05&to=2026-03-05&timezone=Europe/Vienna")).json()
        replaced = await client.put(path, json={**made.json(), "text": "t" * 500})
        deleted = [await client.delete(path), await client.delete(path), await client.put(path, json=RELEASE)]
        left = (await client.get(ANNOTATIONS)).json()

    first = made.json()
    assert made.status_code == 201
    assert {**first, "id": "", "created_at": ""} == {**RELEASE, "id": "", "created_at": ""}
    assert (listed["data"], listed["total"]) == ([first, later], 2)
    assert days == {"2026-03-02": [first], "2026-03-04": [later], "2026-03-05": []}
    assert vienna["data"] == [later]
    assert replaced.json() == {**first, "text": "t" * 500}
    assert [answer.status_code for answer in deleted] == [204, 404, 404]
    assert left["data"] == [later]


async def test_what_is_no_annotation_is_refused_by_its_field(website: str) -> None:
    async with serving(website) as client:
        for name, (sent, code, field) in REFUSED.items():
            answer = await client.post(ANNOTATIONS, json={**RELEASE, **sent})
            body = answer.json()
            assert (answer.status_code, body["code"], body["details"]["field"]) == (422, code, field), name
        unknown = await client.get(f"{ANNOTATIONS}?limit=1")
        missing = [await client.delete(f"{ANNOTATIONS}/{text}") for text in ("x", "a%00b", "0" * 32)]

    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_parameter")
    assert [answer.status_code for answer in missing] == [404] * 3


async def test_viewers_read_and_editors_write_those_of_their_websites(website: str) -> None:
    viewer, editor = bearer(website, "viewer", (SITE,)), bearer(website, "editor", (SITE,))
    foreign = bearer(website, "owner", ("theirs",))
    async with serving(website) as client:
        made = (await client.post(ANNOTATIONS, json=RELEASE, headers=editor)).json()
        path = f"{ANNOTATIONS}/{made['id']}"
        other = f"/api/v1/websites/theirs/annotations/{made['id']}"
        statuses = [
            (await client.request(method, url, json=RELEASE, headers=headers)).status_code
            for method, url, headers in (
                ("GET", ANNOTATIONS, viewer),
                ("POST", ANNOTATIONS, viewer),
                ("PUT", path, viewer),
                ("DELETE", path, viewer),
                ("GET", ANNOTATIONS, {"authorization": ""}),
                ("GET", ANNOTATIONS, foreign),
                ("POST", ANNOTATIONS, foreign),
                ("PUT", other, foreign),
                ("DELETE", other, foreign),
                ("PUT", path, editor),
                ("DELETE", path, editor),
            )
        ]

    assert statuses == [200, 403, 403, 403, 401, 404, 404, 404, 404, 200, 204]


async def test_a_website_has_a_limited_number_and_they_go_with_it(website: str) -> None:
    async with serving(website) as client:
        with psycopg.connect(website) as connection:
            connection.execute(
                "INSERT INTO annotations (annotation_id, website_id, at, text, created_at)"
                " SELECT gen_random_uuid(), %s, now(), 'x', now() FROM generate_series(2, %s)",
                (SITE, MAX_ANNOTATIONS_PER_WEBSITE),
            )
        last, full = await client.post(ANNOTATIONS, json=RELEASE), await client.post(ANNOTATIONS, json=RELEASE)
        await client.delete(f"/api/v1/websites/{SITE}")
        await client.post("/api/v1/websites", json={"id": SITE})
        left = (await client.get(ANNOTATIONS)).json()

    assert (last.status_code, full.status_code, full.json()["code"]) == (201, 409, "too_many_annotations")
    assert left["total"] == 0
