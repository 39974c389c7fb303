"""Segments: filters kept under a name, met by every report that names them."""

from uuid import uuid4

import psycopg
import pytest

from queryapi.segment import SEGMENT
from tests.queryapi.funnel_client import bearer, register, serving
from tests.queryapi.rig import SITE, store, vector

SEGMENTS = f"/api/v1/websites/{SITE}/segments"
DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
DAY_1 = {"from": "2026-03-02", "to": "2026-03-02", "compare": "none"}
GOOGLE = {"name": "From Google", "filters": [["is", "source", ["Google"]]]}


@pytest.mark.rule("R64")
async def test_a_segment_is_met_by_reports_and_queries(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        made = await client.post(SEGMENTS, json=GOOGLE)
        segment_id = made.json()["id"]
        asked = {**DAY_1, "segment": segment_id}
        report = await client.get(DASHBOARD, params=asked)
        together = await client.get(DASHBOARD, params={**asked, "page": "/b"})
        body = {"website_id": SITE, "date_range": ["2026-03-02", "2026-03-02"], "metrics": ["page_views"]}
        query = await client.post("/api/v2/query", json={**body, "segment": segment_id})
        changed = await client.put(f"{SEGMENTS}/{segment_id}", json={**GOOGLE, "filters": [["is", "page", ["/a"]]]})
        after = await client.get(DASHBOARD, params=asked)
        listed = (await client.get(SEGMENTS)).json()["data"]
        gone = [(await client.delete(f"{SEGMENTS}/{segment_id}")).status_code for _ in range(2)]
        unknown = await client.get(DASHBOARD, params=asked)

    assert (made.status_code, made.headers["location"]) == (201, f"{SEGMENTS}/{segment_id}")
    assert made.json() == {"id": segment_id, **GOOGLE}
    views = [reply.json()["metrics"]["page_views"] for reply in (report, together, after)]
    assert views == [3, 1, 3]
    assert query.json()["data"][0]["metrics"] == {"page_views": 3}
    assert after.json()["metrics"]["sessions"] == 3
    assert listed == [changed.json()]
    assert (gone, unknown.status_code, unknown.json()["code"]) == ([204, 404], 404, "segment_not_found")


@pytest.mark.rule("R63")
async def test_segments_are_read_by_viewers_and_changed_by_editors_of_the_website(database: str) -> None:
    store(database, vector())
    register(database, "other")

    async with serving(database) as client:
        viewer, editor = [bearer(database, role, (SITE,)) for role in ("viewer", "editor")]
        foreign = bearer(database, "editor", ("other",))
        refused = await client.post(SEGMENTS, json=GOOGLE, headers=viewer)
        made = await client.post(SEGMENTS, json=GOOGLE, headers=editor)
        segment_id = made.json()["id"]
        read = await client.get(SEGMENTS, headers=viewer)
        other = await client.get(SEGMENTS, headers=foreign)
        used = await client.get(
            "/api/v1/analytics/dashboard/other", params={**DAY_1, "segment": segment_id}, headers=foreign
        )
        deleted = await client.delete(f"/api/v1/websites/other/segments/{segment_id}", headers=foreign)

    replies = (refused, made, read, other, used, deleted)
    assert [reply.status_code for reply in replies] == [403, 201, 200, 404, 404, 404]


@pytest.mark.rule("R68")
async def test_what_no_segment_can_be_is_refused_by_its_field(database: str) -> None:
    store(database, vector())
    cases: dict[str, tuple[dict[str, object], int, str]] = {
        "no name": ({"name": None}, 422, "missing_field"),
        "blank name": ({"name": " "}, 422, "invalid_value"),
        "long name": ({"name": "n" * 201}, 422, "too_long"),
        "no filters": ({"filters": None}, 422, "missing_field"),
        "empty filters": ({"filters": []}, 422, "invalid_value"),
        "unknown dimension": ({"filters": [["is", "planet", ["x"]]]}, 400, "unknown_dimension"),
        "no pattern": ({"filters": [["matches", "page", ["(a"]]]}, 400, "invalid_pattern"),
        "unknown field": ({"filter": []}, 422, "unknown_field"),
    }

    async with serving(database) as client:
        for name, (change, status, code) in cases.items():
            reply = await client.post(SEGMENTS, json={**GOOGLE, **change})
            assert (reply.status_code, reply.json()["code"]) == (status, code), (name, reply.text)
        made = await client.post(SEGMENTS, json=GOOGLE)
        taken = await client.post(SEGMENTS, json=GOOGLE)
        other = await client.post(SEGMENTS, json={**GOOGLE, "name": "Other"})
        renamed = await client.put(other.headers["location"], json=GOOGLE)
        nobody = await client.put(f"{SEGMENTS}/{uuid4()}", json={**GOOGLE, "name": "Another"})
        no_id = await client.get(DASHBOARD, params={**DAY_1, "segment": "1 or 1"})

    assert [reply.status_code for reply in (made, taken, renamed, nobody, no_id)] == [201, 409, 409, 404, 404]
    for reply in (taken, renamed):
        assert (reply.json()["code"], reply.json()["details"]) == ("name_taken", {"field": "name"})


async def test_a_website_has_a_limited_number_of_segments(database: str) -> None:
    store(database, vector())
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO segments SELECT gen_random_uuid(), %s, 'segment ' || number, '[]', now()"
            " FROM generate_series(1, %s) number",
            (SITE, SEGMENT.most),
        )

    async with serving(database) as client:
        reply = await client.post(SEGMENTS, json=GOOGLE)

    assert (reply.status_code, reply.json()["code"]) == (409, "too_many_segments")


@pytest.mark.rule("R64")
async def test_a_segment_of_a_dimension_that_is_no_more_says_so(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        segment_id = (await client.post(SEGMENTS, json=GOOGLE)).json()["id"]
        with psycopg.connect(database) as connection:
            connection.execute("""UPDATE segments SET filters = '[["is", "planet", ["Mars"]]]'""")
        reply = await client.get(DASHBOARD, params={**DAY_1, "segment": segment_id})

    assert (reply.status_code, reply.json()["code"]) == (409, "invalid_segment")
