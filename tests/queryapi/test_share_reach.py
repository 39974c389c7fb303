"""What a share link opens, narrowed by its filters, and everything else."""

from typing import Any

import psycopg
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from queryapi.routes import REPORTS
from tests.queryapi.funnel_client import CART_TO_PAID, register, serving
from tests.queryapi.people import open_installation
from tests.queryapi.rig import SITE
from tests.queryapi.sharing import DASHBOARD, GERMANY, OPEN, RANGE, client_of, fill, opened, share

QUERY = "/api/v2/query"
# Pages and documents without data.
DOCUMENTS = ("/", "/share/{token}", "/docs", "/docs.css", "/api/v1/openapi.json")


@pytest.fixture
def website(database: str) -> str:
    fill(database)
    return database


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
@pytest.mark.rule("R63")
async def test_queries_and_funnels_that_a_link_opens_are_the_filtered_ones(website: str) -> None:
    steps = [{"page": "/a"}, {"event_type": "signup"}]
    totals = {"website_id": SITE, "metrics": ["page_views"], "date_range": ["2026-03-02", "2026-03-03"]}
    either = {**totals, "filters": [["is", "country", ["AT", "DE"]]], "dimensions": ["country"]}
    async with serving(website) as client:
        funnel = (await client.post("/api/v1/funnels", json={**CART_TO_PAID, "steps": steps})).json()
        performance = f"/api/v1/funnels/{funnel['id']}/performance?{RANGE}"
        german = await opened(client, await share(client, filters=GERMANY))
        austrian = await opened(client, await share(client, filters={"country": ["AT"]}))
        rows = [(await client.post(QUERY, json=either, headers=headers)).json()["data"] for headers in (german, {})]
        counts = [
            (await client.get(performance, headers=headers)).json()["completed"] for headers in (german, austrian, {})
        ]
        explained = await client.post(f"{QUERY}?explain=true", json=totals, headers=german)
        with psycopg.connect(website) as connection:
            connection.execute("UPDATE websites SET is_public = true")
        public = await client.post(QUERY, json=totals, headers={"authorization": ""})
        closed = await client.post(QUERY, json={**totals, "website_id": "nobody"}, headers={"authorization": ""})

    assert rows[0] == [{"dimensions": {"country": "DE"}, "metrics": {"page_views": 1}}]
    assert len(rows[1]) == 2
    assert counts == [1, 0, 1]
    assert (explained.status_code, public.json()["data"][0]["metrics"]["page_views"]) == (403, 2)
    assert closed.status_code == 401


@pytest.mark.rule("N7")
async def test_a_link_opens_nothing_but_reports_of_its_website(website: str) -> None:
    register(website, "theirs")
    async with open_installation(website) as api, client_of(api) as client:
        funnel = (await client.post("/api/v1/funnels", json=CART_TO_PAID)).json()
        link = await share(client)
        reading = await opened(client, link)
        reports = {path for path, report in REPORTS if report.is_shareable} | {
            "/api/v1/events/{website_id}/custom-events",
            "/api/v1/analytics/{website_id}/live",
            "/api/v1/funnels/{id}",
            "/api/v1/funnels/{id}/performance",
            "/api/v1/websites/{website_id}/annotations",
        }
        shown = {("GET", path) for path in reports} | {("POST", QUERY)}
        listed = [
            (await client.get(path, headers=reading)).status_code
            for path in (f"/api/v1/funnels/{SITE}", f"/api/v1/websites/{SITE}/annotations", "/api/v1/funnels/theirs")
        ]
        open_to_all = {"/health", "/ready", "/api/v1/setup", "/api/v1/session", OPEN, *DOCUMENTS}
        answers: dict[str, int] = {}
        assert isinstance(api.app, Starlette)
        for route in api.app.routes:
            assert isinstance(route, Route)
            for method in sorted(route.methods or {"GET", "POST", "PUT", "DELETE"}):
                if method == "HEAD" or (method, route.path) in shown or route.path in open_to_all:
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
    assert listed == [200, 200, 404]


def _timeless(body: dict[str, Any]) -> dict[str, Any]:
    # `source` tells whether the answer was kept.
    meta = {name: value for name, value in body.get("meta", {}).items() if name in {"visitors", "warnings"}}
    return {**{key: value for key, value in body.items() if key != "generated_at"}, "meta": meta}
