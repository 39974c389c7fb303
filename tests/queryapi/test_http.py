"""Who may ask, what errors look like, and what stands around every answer."""

import asyncio
from datetime import timedelta

import jwt
import psycopg
import pytest
import redis

from shared.registry import REGISTRY_KEY, decode_registry
from shared.tokens import make_token
from tests.queryapi.rig import NOW, SECRET, SITE, Api, Hit, at, call, running, settings_for, store, vector

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"


def bearer(**claims: object) -> dict[str, str]:
    issued = int(NOW.timestamp())
    good: dict[str, object] = {
        "iss": "analytics", "aud": "analytics", "sub": "me", "iat": issued, "exp": issued + 600, "role": "viewer",
        "websites": "*",
    }  # fmt: skip
    token = jwt.encode({k: v for k, v in {**good, **claims}.items() if v is not None}, SECRET, algorithm="HS256")
    return {"authorization": f"Bearer {token}"}


# The rows of tokens: what is sent, and what is answered.
TOKENS: dict[str, tuple[dict[str, str], int]] = {
    "E1": ({}, 401),
    "E3": ({"authorization": "Bearer   "}, 401),
    "E7": ({"authorization": "Token x"}, 401),
    "E9": ({"cookie": bearer()["authorization"]}, 401),
    "E11": ({"authorization": "Bearer " + "a" * 8193}, 401),
    "E13": ({"authorization": "Bearer .."}, 401),
    "E17": ({"authorization": "Bearer a\0b"}, 401),
    "E57": (bearer(exp=int(NOW.timestamp()) - 60), 401),
    "E61": (bearer(exp=10**30), 401),
    "E65": (bearer(iat=int(NOW.timestamp()) + 3600), 401),
    "E67": (bearer(iat=None), 401),
    "E69": (bearer(aud=None), 401),
    "E71": (bearer(aud=["analytics", "other"]), 401),
    "E73": (bearer(iss="analytic"), 401),
    "E75": (bearer(sub=None), 401),
    "E79": (bearer(websites=None), 403),
    "E81": (bearer(websites=SITE), 403),
    "E87": (bearer(role="admin"), 403),
    "good": (bearer(), 200),
    "E5": ({"authorization": bearer()["authorization"].replace("Bearer", "bearer")}, 200),
    "own": (bearer(websites=[SITE]), 200),
}


@pytest.mark.rule("R63")
@pytest.mark.rule("G17")
async def test_tokens_open_what_they_name_and_nothing_else(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        for name, (headers, status) in TOKENS.items():
            reply = await api.get(DASHBOARD, headers=headers)
            assert reply.status == status, (name, reply.payload)
            assert (reply.headers.get("www-authenticate") == "Bearer") == (status == 401), name


@pytest.mark.rule("R63")
@pytest.mark.rule("G17")
@pytest.mark.rule("R69")
async def test_a_foreign_website_looks_like_one_that_is_not_there(database: str) -> None:
    store(database, [*vector(), Hit(at=at("10:00:00"), website_id="theirs")])
    mine = bearer(websites=[SITE])

    async with running(settings_for(database)) as api:
        foreign = await api.get("/api/v1/analytics/dashboard/theirs", headers=mine)
        unknown = await api.get("/api/v1/analytics/dashboard/nobody", headers=mine)
        others = [
            await api.get(f"/api/v1/analytics/{name}/dashboard", headers=bearer())
            for name in ("SITE-123", "..", "%2F", "x" * 5000, "a b", "\xff")
        ]

    assert (foreign.status, unknown.status) == (404, 404)
    assert {**foreign.body, "request_id": ""} == {**unknown.body, "request_id": ""}
    assert {reply.status for reply in others} == {404}
    assert foreign.body["code"] == "website_not_found"


@pytest.mark.rule("R68")
async def test_every_error_has_one_shape(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        replies = {
            404: await api.get("/nothing"),
            405: await call(api.app, DASHBOARD, "", {}, method="POST"),
            400: await api.get(DASHBOARD, "days=x"),
            401: await api.get(DASHBOARD, headers={}),
        }

    for status, reply in replies.items():
        assert reply.status == status
        assert set(reply.body) == {"error", "code", "details", "request_id"}
        assert isinstance(reply.body["error"], str)
    assert "GET" in replies[405].headers["allow"]


@pytest.mark.rule("R71")
async def test_an_unchanged_answer_is_not_sent_again(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        first = await api.get(DASHBOARD, "days=7")
        again = await api.get(DASHBOARD, "days=7", {**bearer(), "if-none-match": first.headers["etag"]})
        closed = await api.get(DASHBOARD, "from=2026-03-02&to=2026-03-03")
        store(database, [Hit(at=at("09:00:00", 8), session="new", visitor="new")])
        changed = await api.get(DASHBOARD, "days=7", {**bearer(), "if-none-match": first.headers["etag"]})

    assert (first.status, again.status, again.payload, changed.status) == (200, 304, b"", 200)
    assert first.headers["cache-control"] == "private, max-age=5"
    assert closed.headers["cache-control"] == "private, max-age=300"


@pytest.mark.rule("R70")
async def test_times_are_utc_and_numbers_are_numbers(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        body = await api.read(f"dashboard/{SITE}", "from=2026-03-02&to=2026-03-02&timezone=Europe/Berlin")

    assert body["meta"]["generated_at"] == "2026-03-10T12:00:00Z"
    assert body["range"]["from"] == "2026-03-02T00:00:00+01:00"
    assert all(isinstance(value, int | float) for value in body["metrics"].values())
    assert isinstance(body["metrics"]["page_views"], int)


@pytest.mark.rule("R44")
@pytest.mark.rule("R43")
async def test_realtime_counts_rolling_windows(database: str) -> None:
    google = {"source": "Google", "channel": "Organic Search", "country": "DE"}
    ages = {"now": 10, "five": 299, "six": 301, "thirty": 1799, "forty": 2400, "hour": 3700}
    hits = [
        Hit(at=NOW - timedelta(seconds=age), visitor=name, session=name, attributes=google)
        for name, age in ages.items()
    ]
    hits.append(Hit(at=NOW - timedelta(seconds=5), visitor="reader", session="reader", event_type="engagement"))
    store(database, hits)

    async with running(settings_for(database)) as api:
        body = await api.read(f"{SITE}/realtime")

    counted = ("current_visitors", "active_users", "page_views_last_5m", "page_views_last_1h")
    assert [body[name] for name in counted] == [3, 5, 2, 5]
    assert body["top_pages_realtime"] == [{"page": "/a", "views": 4, "unique": 4}]
    assert body["sources"] == [{"source": "Google", "visitors": 4, "page_views": 4}]
    assert body["countries"] == [{"country": "DE", "visitors": 4, "page_views": 4, "name": "Germany"}]
    assert len(body["series_30m"]) == 30
    assert sum(item["page_views"] for item in body["series_30m"]) == 3


@pytest.mark.rule("R56")
async def test_the_ingest_report_balances(database: str) -> None:
    store(database, vector())
    counts = {"stored": 10, "bot": 3, "duplicate": 2, "no_session": 1, "dead_lettered": 4}
    with psycopg.connect(database) as connection:
        for partition in (0, 1):
            for outcome, events in counts.items():
                connection.execute(
                    "INSERT INTO ingest_counts (website_id, hour, partition, outcome, events)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    (SITE, at("10:00:00"), partition, outcome, events),
                )

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/websites/{SITE}/ingest-report", "from=2026-03-02&to=2026-03-02")

    totals = {
        "accepted": 34, "stored": 20, "duplicates": 4, "dead_lettered": 8, "dropped": 2,
        "dropped_reasons": {"no_session": 2}, "dropped_by_gateway": {}, "flags": {"bot": 6},
    }  # fmt: skip
    assert reply.body["totals"] == totals
    assert reply.body["data"] == [{"hour": "2026-03-02T10:00:00+00:00", **totals}]


async def test_health_is_alive_ready_and_detailed(database: str) -> None:
    async with running(settings_for(database)) as api:
        alive, ready = await api.get("/health", headers={}), await api.get("/ready", headers={})
        brief = await api.get("/api/v1/analytics/health", headers={})
        full = await api.get("/api/v1/analytics/health")
        closed, metrics = await api.get("/metrics", headers={}), await api.get("/metrics")

    assert (alive.status, ready.status, ready.body["status"]) == (200, 200, "ready")
    assert brief.body["checks"]["database"] == {"status": "healthy"}
    assert brief.body["status"] == "degraded"
    assert "latency_ms" in full.body["checks"]["database"]
    assert (closed.status, metrics.status) == (401, 200)
    assert b'http_requests_total{endpoint="/health"' in metrics.payload


@pytest.mark.rule("A15")
@pytest.mark.parametrize("is_dirty", [False, True])
async def test_health_says_how_far_behind_the_rollups_are(database: str, is_dirty: bool) -> None:
    store(database, vector() if is_dirty else [])
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO last_refresh (done_at) VALUES (now() - INTERVAL '100 seconds')")

    async with running(settings_for(database)) as api:
        found = (await api.get("/api/v1/analytics/health")).body["checks"]["aggregates"]

    assert (found["dirty_buckets"] > 0, found["lag_s"] >= 100) == (is_dirty, is_dirty)
    assert found["last_refresh"].endswith("Z")


NOWHERE = "postgresql://postgres@127.0.0.1:1/none"


@pytest.mark.rule("R68")
async def test_without_a_database_everything_answers_503(postgres_url: str) -> None:
    async with running(settings_for(NOWHERE, DB_CONNECTION_TIMEOUT="200ms")) as api:
        report, ready = await api.get(DASHBOARD), await api.get("/ready")
        health, detailed = await api.get("/health"), await api.get("/api/v1/analytics/health")
        # Whether a report is public cannot be told; what never is needs no database to refuse.
        no_token = await api.get("/api/v1/websites", headers={})

    assert (report.status, ready.status, health.status, detailed.status, no_token.status) == (503, 503, 200, 503, 401)
    assert report.headers["retry-after"] == "5"
    assert ready.body == {"status": "not ready", "error": "database connection failed"}
    assert detailed.body["status"] == "unhealthy"


async def test_a_report_that_takes_too_long_is_503(database: str) -> None:
    store(database, vector())
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        async with running(settings_for(database, STATEMENT_TIMEOUT="300ms")) as api:
            reply = await api.get(DASHBOARD)

    assert (reply.status, reply.body["code"]) == (503, "query_timeout")


async def test_the_registry_reaches_redis_and_reads_need_none(database: str, redis_url: str) -> None:
    store(database, vector(), timezone="Europe/Berlin")

    async with running(settings_for(database, redis_url)):
        with redis.Redis.from_url(redis_url) as client:
            async with asyncio.timeout(5):
                while (payload := client.get(REGISTRY_KEY)) is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
    async with running(settings_for(database, "redis://127.0.0.1:1/0")) as api:
        reply = await api.get(DASHBOARD)

    assert isinstance(payload, bytes)
    assert [(site.website_id, site.timezone) for site in decode_registry(payload).websites] == [(SITE, "Europe/Berlin")]
    assert reply.status == 200


@pytest.mark.rule("R63")
async def test_a_token_of_another_secret_is_refused(database: str) -> None:
    settings = settings_for(database, JWT_SECRET="another-secret-of-more-than-32-bytes")
    forged = make_token(settings, lambda: NOW, role="owner", websites=None)

    async with running(settings_for(database)) as api:
        reply = await Api(api.app, forged, api.settings).get(DASHBOARD)

    assert reply.status == 401
