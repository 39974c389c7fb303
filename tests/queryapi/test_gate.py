"""One token takes the database from nobody else."""

import asyncio

from queryapi.gate import MAX_WAITING
from tests.queryapi.rig import SITE, running, settings_for, store, vector
from tests.queryapi.test_answers import CLOSED, DASHBOARD, held, metric, sees
from tests.queryapi.test_http import bearer

REPORT = f"/api/v1/websites/{SITE}/ingest-report"


async def test_a_flood_of_one_token_leaves_the_others_their_reports(database: str) -> None:
    store(database, vector())
    settings = settings_for(database, MAX_DB_CONNECTIONS="3", MAX_REPORTS_PER_TOKEN="2", DB_CONNECTION_TIMEOUT="10s")
    flood, other = bearer(sub="flood"), bearer(sub="other")

    async with running(settings) as api:
        async with held(database):
            asking = [
                asyncio.create_task(api.get(DASHBOARD, f"{CLOSED}&utm_limit={limit}", flood)) for limit in range(1, 53)
            ]
            await sees(database, 2)
            refused = await api.get(DASHBOARD, f"{CLOSED}&utm_limit=53", flood)
            answered = [await api.get(REPORT, headers=other) for _ in range(3)]
            counted = await metric(api, "query_reports_refused_total")
        late = await asyncio.gather(*asking)

    assert len(asking) == 2 + MAX_WAITING
    assert (refused.status, refused.body["code"], refused.headers["retry-after"]) == (503, "too_many_reports", "5")
    assert [reply.status for reply in answered] == [200, 200, 200]
    assert counted == 1
    assert {reply.status for reply in late} == {200}


async def test_who_waits_in_vain_is_told_to_come_back(database: str) -> None:
    store(database, vector())
    settings = settings_for(database, MAX_REPORTS_PER_TOKEN="1", DB_CONNECTION_TIMEOUT="200ms")

    async with running(settings) as api:
        async with held(database):
            first = asyncio.create_task(api.get(DASHBOARD, CLOSED, bearer()))
            await sees(database, 1)
            second = await api.get(f"{DASHBOARD}/pages", CLOSED, bearer())
        third = await api.get(f"{DASHBOARD}/pages", CLOSED, bearer())

    assert (second.status, second.body["code"]) == (503, "too_many_reports")
    assert ((await first).status, third.status) == (200, 200)
