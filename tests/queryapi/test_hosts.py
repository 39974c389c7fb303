"""The query API answers for its own names (RELIABILITY 6.4)."""

import pytest

from shared.settings import SettingError
from tests.queryapi.rig import SITE, call, running, settings_for, store, vector

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
ALLOWED = "stats.example.com, LOCALHOST,[::1]"

# Row B64 of the hostile inputs, and what is almost one of ours. Statuses of the page and of a report.
HOSTS = {
    "ours": ("stats.example.com", 200),
    "with a port": ("stats.example.com:3002", 200),
    "in capitals": ("Stats.Example.COM", 200),
    "an address": ("[::1]:3002", 200),
    "B64 evil": ("evil.example", 400),
    "ours as a part": ("stats.example.com.evil.example", 400),
    "ours at its end": ("evil-stats.example.com", 400),
    "ours as a port": ("evil.example:stats.example.com", 400),
    "ours as a user": ("stats.example.com@evil.example", 400),
    "a path behind": ("stats.example.com/evil", 400),
    "two": ("stats.example.com, evil.example", 400),
    "empty": ("", 400),
    "an open bracket": ("[::1", 400),
    "high bytes": ("stat\xe5.example.com", 400),
}


@pytest.mark.parametrize(("host", "status"), HOSTS.values(), ids=HOSTS)
async def test_only_named_hosts_are_answered(database: str, host: str, status: int) -> None:
    store(database, vector())

    async with running(settings_for(database, ALLOWED_HOSTS=ALLOWED)) as api:
        headers = {"authorization": f"Bearer {api.token}", "host": host}
        report = await api.get(DASHBOARD, "days=9", headers)
        page = await api.get("/", headers={"host": host})
        sent = await call(api.app, "/api/v1/session", "", {"host": host}, "POST", b"{}")
        well = [await api.get(path, headers={"host": host}) for path in ("/health", "/ready")]

    assert [reply.status for reply in (report, page)] == [status, status]
    assert [reply.status for reply in well] == [200, 200]
    assert (sent.body["code"] == "unknown_host") == (status == 400)
    if status == 400:
        assert report.body.keys() == {"error", "code", "details", "request_id"}
        assert report.body["error"] == "Host: must be one of ALLOWED_HOSTS"


async def test_a_request_without_a_host_is_for_nobody_and_any_host_will_do_where_none_is_named(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database, ALLOWED_HOSTS=ALLOWED)) as api:
        without = await api.get("/", headers={})
    async with running(settings_for(database)) as api:
        anybody = await api.get("/", headers={"host": "evil.example"})

    assert (without.status, anybody.status) == (400, 200)


@pytest.mark.parametrize("value", ["https://a.example", "a.example:80", "*.a.example", "a b", "[::1", "a/b"])
def test_what_is_no_host_stops_the_start(value: str) -> None:
    with pytest.raises(SettingError, match="ALLOWED_HOSTS"):
        settings_for("postgresql://localhost/x", ALLOWED_HOSTS=value)
