"""Both families of URLs, and every route that is about a website: who may read it, and that aliases say the same."""

from collections import defaultdict
from typing import Any

import pytest

from queryapi.event_routes import event_reports
from queryapi.routes import REPORTS
from shared.tokens import ROLE_SCOPES
from tests.queryapi.funnel_client import register
from tests.queryapi.rig import SITE, Reply, running, settings_for, store, vector
from tests.queryapi.test_http import bearer

# SPEC 4.10, "as A...": what one is called, and the other.
ALIASES = {
    "/api/v1/analytics/dashboard/{website_id}": "/api/v1/analytics/{website_id}/dashboard",
    "/api/v1/analytics/dashboard/{website_id}/pages": "/api/v1/analytics/{website_id}/top-pages",
    "/api/v1/analytics/geo/{website_id}/countries": "/api/v1/analytics/{website_id}/top-countries",
    "/api/v1/analytics/timeseries/{website_id}/daily": "/api/v1/analytics/{website_id}/daily-stats",
    "/api/v1/analytics/timeseries/{website_id}/hourly": "/api/v1/analytics/{website_id}/hourly-stats",
}
QUERIES = (
    "",
    "from=2026-03-02&to=2026-03-03&timezone=Asia/Kathmandu",
    'from=2026-03-02&to=2026-03-03&filters=[["or",[["is","page",["/a"]],["is_not","source",["Google"]]]]]',
    "from=2026-03-02&to=2026-03-03&source=Google&include_bots=true",
    # Refused by either in the same words.
    "from=2026-03-03&to=2026-03-02",
    "days=0",
    "timezone=Mars/X",
    "no_such_parameter=1",
)


def timeless(reply: Reply) -> dict[str, Any]:
    body = {name: value for name, value in reply.body.items() if name not in {"meta", "request_id"}}
    # `source` tells whether the answer was kept.
    meta = {name: value for name, value in reply.body.get("meta", {}).items() if name in {"visitors", "warnings"}}
    return {**body, "meta": meta, "status": reply.status}


def test_no_alias_is_missed() -> None:
    paths: defaultdict[int, list[str]] = defaultdict(list)
    for path, report in REPORTS:
        paths[id(report)].append(path)

    assert dict(sorted(pair) for pair in paths.values() if len(pair) > 1) == ALIASES


@pytest.mark.rule("G18")
@pytest.mark.parametrize("query", QUERIES)
async def test_aliases_say_the_same(database: str, query: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        pairs = [[await api.get(path.format(website_id=SITE), query) for path in pair] for pair in ALIASES.items()]

    for pair, (one, other) in zip(ALIASES, pairs, strict=True):
        assert timeless(one) == timeless(other), pair
        assert one.headers.get("etag") == other.headers.get("etag"), pair


@pytest.mark.rule("G17")
@pytest.mark.rule("R63")
async def test_every_report_is_for_those_who_may_read_it(database: str) -> None:
    store(database, vector())
    register(database, "theirs")
    settings = settings_for(database)
    every = (*REPORTS, *event_reports(settings))

    async with running(settings) as api:
        for path, report in every:
            weak = [role for role, scopes in ROLE_SCOPES.items() if report.scope not in scopes]
            own, other = path.format(website_id=SITE), path.format(website_id="theirs")
            viewer = bearer(role="owner", websites=[SITE])
            nobody = await api.get(own, headers={})
            foreign = await api.get(other, headers=viewer)
            unknown = await api.get(path.format(website_id="nobody"), headers=viewer)
            without = [await api.get(own, headers=bearer(role=role, websites=[SITE])) for role in weak]
            allowed = await api.get(own, headers=viewer)

            assert (nobody.status, nobody.headers["www-authenticate"]) == (401, "Bearer"), path
            assert (foreign.status, timeless(foreign)) == (404, timeless(unknown)), path
            assert {reply.status for reply in without} <= {403}, path
            assert allowed.status == 200, path
