"""A second database server: reports read from it, and everything going on with it when the first is lost."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared.embedded.postgres import postgres_url
from shared.embedded.valkey import valkey_url
from sql.migrate import migrate
from tests.flow.pipeline import Pipeline
from tests.flow.standby import PRIMARY_PORT, STANDBY_PORT, Pair, standby_of
from tests.flow.test_faults import Load, assert_each_acknowledged_once
from tests.queryapi.rig import SITE, Hit, Reply, at, running, settings_for, store
from tests.services import Servers

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
RANGE, LATER = "from=2026-03-02&to=2026-03-03", "from=2026-03-05&to=2026-03-05"
HEALTH = "/api/v1/analytics/health"


@pytest.fixture(scope="module")
def pair(own_servers: Servers) -> Iterator[Pair]:
    home = own_servers.embedded()
    migrate(postgres_url(home))
    with standby_of(home) as pair:
        yield pair


def page_views(reply: Reply) -> object:
    assert reply.status == 200, reply.payload
    return reply.body["metrics"]["page_views"]


async def test_reports_are_read_from_the_replica_and_changes_from_the_primary(pair: Pair) -> None:
    primary = postgres_url(pair.home)
    replica = pair.url(STANDBY_PORT, PRIMARY_PORT, attributes="prefer-standby")
    store(primary, [Hit(at=at("10:00:00"))])
    pair.wait_replayed()
    async with running(settings_for(primary, DATABASE_REPLICA_URL=replica)) as api:
        assert page_views(await api.get(DASHBOARD, RANGE)) == 1
        pair.administer(STANDBY_PORT, "SELECT pg_wal_replay_pause()")
        store(primary, [Hit(at=at("10:05:00"), session="s2", visitor="v2")])
        # Reports show what the standby has, a list what was just changed.
        assert page_views(await api.get(DASHBOARD, RANGE)) == 1
        with psycopg.connect(primary) as connection:
            connection.execute("UPDATE websites SET name = 'renamed'")
        assert (await api.get(f"/api/v1/websites/{SITE}")).body["name"] == "renamed"
        pair.administer(STANDBY_PORT, "SELECT pg_wal_replay_resume()")
        pair.wait_replayed()
        assert page_views(await api.get(DASHBOARD, RANGE)) == 2
        assert (await api.get(HEALTH)).body["checks"]["replica"]["is_following"] is True


async def test_without_the_replica_reports_go_on_where_its_address_names_the_primary_too(pair: Pair) -> None:
    primary = postgres_url(pair.home)
    both = pair.url(STANDBY_PORT, PRIMARY_PORT, attributes="prefer-standby")
    store(primary, [Hit(at=at("10:00:00", day=3))])
    pair.wait_replayed()
    alone = pair.url(STANDBY_PORT)
    async with (
        running(settings_for(primary, DATABASE_REPLICA_URL=both)) as api,
        running(settings_for(primary, DATABASE_REPLICA_URL=alone)) as other,
    ):
        assert page_views(await api.get(DASHBOARD, LATER)) == page_views(await other.get(DASHBOARD, LATER)) == 1
        pair.stop_standby()
        # Each connection that the pool still holds is found broken first, which may take longer than a request waits.
        replies = [await api.get(DASHBOARD, LATER) for _ in range(4)]
        assert {reply.status for reply in replies} <= {200, 503}
        assert page_views(replies[-1]) == 1
        assert (await api.get(HEALTH)).body["checks"]["replica"]["is_following"] is False
        refused = await other.get(DASHBOARD, LATER)
        assert (refused.status, "retry-after" in refused.headers) == (503, True)
        assert (await other.get(HEALTH)).body["checks"]["replica"] == {"status": "unhealthy"}
    pair.start_standby()


# The last one: its primary does not come back.
def test_a_lost_primary_loses_nothing_where_commits_wait_for_the_standby(pair: Pair, tmp_path: Path) -> None:
    pair.administer(PRIMARY_PORT, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    either = pair.url(PRIMARY_PORT, STANDBY_PORT, attributes="primary")
    pipeline = Pipeline(either, valkey_url(pair.home, "operator"), tmp_path)
    try:
        pipeline.start_all()
        load = Load(pipeline)
        with load.running():
            load.wait_for_more(400)
            pair.kill_primary()
            load.wait_for_more(200)
            # It would wait for a standby of its own.
            pair.administer(STANDBY_PORT, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
            pair.administer(STANDBY_PORT, "SELECT pg_promote()")
            load.wait_for_more(400)
        assert_each_acknowledged_once(load, pipeline)
    finally:
        pipeline.stop()
