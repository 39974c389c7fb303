"""Websites over HTTP: registered, listed, replaced, deleted, and whom they are kept from."""

import json

import pytest
import redis

from shared.registry import REGISTRY_KEY, RESERVED_WEBSITE_IDS, Website, decode_registry
from tests.queryapi.funnel_client import A_TO_B, FUNNELS, bearer, register, serving
from tests.queryapi.rig import Hit, at, store

WEBSITES = "/api/v1/websites"
SHOP = {
    "id": "shop",
    "name": "The shop",
    "timezone": "Europe/Vienna",
    "domains": ["Shop.example"],
    "gpc": "drop",
    "retention_days": 30,
    "identity": "persistent",
    "is_public": True,
    "excluded_networks": ["203.0.113.0/24", "2001:db8::/32"],
    "engaged_threshold_s": 30,
    "split_on_campaign": True,
}
JSON = {"content-type": "application/json"}

# What is sent in place of SHOP, or beside it; the status, code and field of the answer.
REFUSED: dict[str, tuple[dict[str, object], str, str]] = {
    "no id": ({"id": None}, "missing_field", "id"),
    "id of another type": ({"id": 7}, "invalid_type", "id"),
    "id empty": ({"id": ""}, "invalid_value", "id"),
    "id with a slash": ({"id": "a/b"}, "invalid_value", "id"),
    "id with a letter of another script": ({"id": "s\u00edte"}, "invalid_value", "id"),
    "id with a line end": ({"id": "site\n"}, "invalid_value", "id"),
    "id too long": ({"id": "a" * 129}, "too_long", "id"),
    "name blank": ({"name": " \u200b"}, "invalid_value", "name"),
    "name too long": ({"name": "n" * 201}, "too_long", "name"),
    "zone unknown": ({"timezone": "Mars/Olympus"}, "invalid_timezone", "timezone"),
    "zone empty": ({"timezone": ""}, "invalid_timezone", "timezone"),
    "zone climbs": ({"timezone": "../../etc/passwd"}, "invalid_timezone", "timezone"),
    "domains as text": ({"domains": "example.com"}, "invalid_type", "domains"),
    "domain of another type": ({"domains": [1]}, "invalid_type", "domains[0]"),
    "domain as a URL": ({"domains": ["example.com", "https://example.com"]}, "invalid_value", "domains[1]"),
    "domain empty": ({"domains": [""]}, "invalid_value", "domains[0]"),
    "domain in another script": ({"domains": ["b\u00fccher.example"]}, "invalid_value", "domains[0]"),
    "too many domains": ({"domains": ["example.com"] * 101}, "invalid_value", "domains"),
    "gpc unknown": ({"gpc": "honour"}, "invalid_value", "gpc"),
    "retention too short": ({"retention_days": 7}, "invalid_value", "retention_days"),
    "retention beyond the installation's": ({"retention_days": 91}, "invalid_value", "retention_days"),
    "retention as text": ({"retention_days": "30"}, "invalid_type", "retention_days"),
    "identity unknown": ({"identity": "cookie"}, "invalid_value", "identity"),
    "public as text": ({"is_public": "yes"}, "invalid_type", "is_public"),
    "networks as text": ({"excluded_networks": "10.0.0.0/8"}, "invalid_type", "excluded_networks"),
    "network of another type": ({"excluded_networks": [10]}, "invalid_type", "excluded_networks[0]"),
    "network with bits of a host": ({"excluded_networks": ["10.0.0.1/8"]}, "invalid_value", "excluded_networks[0]"),
    "network as IPv4 in IPv6": ({"excluded_networks": ["::ffff:10.0.0.1"]}, "invalid_value", "excluded_networks[0]"),
    "network of a zone": ({"excluded_networks": ["fe80::1%eth0"]}, "invalid_value", "excluded_networks[0]"),
    "network too long": ({"excluded_networks": ["1" * 5000]}, "invalid_value", "excluded_networks[0]"),
    "too many networks": ({"excluded_networks": ["10.0.0.1"] * 101}, "invalid_value", "excluded_networks"),
    "threshold of no time": ({"engaged_threshold_s": 0}, "invalid_value", "engaged_threshold_s"),
    "threshold of more than a session": ({"engaged_threshold_s": 86_401}, "invalid_value", "engaged_threshold_s"),
    "threshold of a part": ({"engaged_threshold_s": 1.5}, "invalid_type", "engaged_threshold_s"),
    "split as text": ({"split_on_campaign": "yes"}, "invalid_type", "split_on_campaign"),
    "unknown field": ({"time_zone": "UTC"}, "unknown_field", "time_zone"),
    **{f"reserved {name}": ({"id": name}, "reserved_id", "id") for name in sorted(RESERVED_WEBSITE_IDS)},
}


@pytest.mark.rule("N1")
async def test_website_is_registered_shown_and_can_be_put_back(database: str) -> None:
    async with serving(database) as client:
        made = await client.post(WEBSITES, json=SHOP)
        shown = await client.get(made.headers["location"])
        put_back = await client.put(made.headers["location"], json=made.json())
        report = await client.get("/api/v1/analytics/dashboard/shop")

    assert made.status_code == 201
    assert {**made.json(), "created_at": None} == {**SHOP, "domains": ["shop.example"], "created_at": None}
    assert (shown.json(), put_back.json(), put_back.status_code) == (made.json(), made.json(), 200)
    assert (report.status_code, report.json()["range"]["timezone"]) == (200, "Europe/Vienna")


@pytest.mark.rule("N1")
async def test_what_is_not_sent_has_its_default(database: str) -> None:
    plain: dict[str, object] = {
        "id": "shop",
        "name": "shop",
        "timezone": "UTC",
        "domains": [],
        "gpc": "derive",
        "retention_days": None,
        "identity": "given",
        "is_public": False,
        "excluded_networks": [],
        "engaged_threshold_s": None,
        "split_on_campaign": False,
    }

    async with serving(database) as client:
        made = (await client.post(WEBSITES, json={"id": "shop"})).json()
        await client.put(f"{WEBSITES}/shop", json=SHOP)
        replaced = (await client.put(f"{WEBSITES}/shop", json={})).json()

    assert made == {**plain, "created_at": made["created_at"]} == replaced


@pytest.mark.rule("N1")
@pytest.mark.rule("C12")
async def test_what_is_no_website_is_refused_by_its_field(database: str) -> None:
    async with serving(database) as client:
        for name, (changed, code, field) in REFUSED.items():
            answer = await client.post(WEBSITES, json={**SHOP, **changed})
            body = answer.json()
            assert (answer.status_code, body["code"], body["details"]["field"]) == (422, code, field), name
        assert (await client.get(WEBSITES)).json()["total"] == 0


@pytest.mark.rule("N1")
@pytest.mark.rule("R68")
async def test_errors_have_their_status(database: str) -> None:
    register(database, "shop")

    async with serving(database) as client:
        answers = {
            "taken": (await client.post(WEBSITES, json=SHOP), 409, "website_exists"),
            "another id": (await client.put(f"{WEBSITES}/shop", json={**SHOP, "id": "Shop"}), 409, "immutable_field"),
            "no JSON": (await client.post(WEBSITES, content=b"{", headers=JSON), 400, "invalid_json"),
            "an array": (await client.post(WEBSITES, json=[]), 422, "invalid_type"),
            "a form": (await client.post(WEBSITES, content=json.dumps(SHOP)), 415, "unsupported_media_type"),
            "too large": (await client.post(WEBSITES, json={"id": "a" * 70_000}), 413, "body_too_large"),
            "a parameter": (await client.get(WEBSITES, params={"page": "2"}), 400, "unknown_parameter"),
            "a limit": (await client.get(WEBSITES, params={"limit": "0"}), 400, "invalid_parameter"),
            "unknown": (await client.get(f"{WEBSITES}/nobody"), 404, "website_not_found"),
            "case": (await client.get(f"{WEBSITES}/Shop"), 404, "website_not_found"),
            "nul": (await client.get(f"{WEBSITES}/a%00b"), 404, "website_not_found"),
            "put unknown": (await client.put(f"{WEBSITES}/nobody", json={}), 404, "website_not_found"),
            "delete unknown": (await client.delete(f"{WEBSITES}/nobody"), 404, "website_not_found"),
            "method": (await client.patch(f"{WEBSITES}/shop", json={}), 405, "method_not_allowed"),
        }

    assert {name: (answer.status_code, answer.json()["code"]) for name, (answer, _, _) in answers.items()} == {
        name: (status, code) for name, (_, status, code) in answers.items()
    }


@pytest.mark.rule("N1")
@pytest.mark.rule("R63")
async def test_only_who_may_see_a_website_sees_it_and_only_who_manages_it_changes_it(database: str) -> None:
    for website_id in ("a", "b", "c"):
        register(database, website_id)
    viewer, owner = bearer(database, "viewer", ("a", "c", "z")), bearer(database, "owner", ("a", "new"))

    async with serving(database) as client:
        seen = (await client.get(WEBSITES, headers=viewer, params={"limit": "1", "offset": "1"})).json()
        nothing = (await client.get(WEBSITES, headers=bearer(database, "viewer", ()))).json()
        foreign = [await client.request(method, f"{WEBSITES}/b", headers=owner) for method in ("GET", "DELETE")]
        foreign.append(await client.put(f"{WEBSITES}/b", headers=owner, json={}))
        refused = [
            await client.post(WEBSITES, headers=viewer, json={"id": "z"}),
            await client.put(f"{WEBSITES}/a", headers=viewer, json={}),
            await client.delete(f"{WEBSITES}/a", headers=viewer),
            # Taken or free, it is not theirs to know.
            await client.post(WEBSITES, headers=owner, json={"id": "b"}),
            await client.post(WEBSITES, headers=owner, json={"id": "free"}),
        ]
        made = await client.post(WEBSITES, headers=owner, json={"id": "new"})
        nobody = await client.get(WEBSITES, headers={"authorization": ""})

    assert ([row["id"] for row in seen["data"]], seen["total"], seen["limit"], seen["offset"]) == (["c"], 2, 1, 1)
    assert (nothing["data"], nothing["total"]) == ([], 0)
    assert [answer.status_code for answer in foreign] == [404, 404, 404]
    assert [answer.status_code for answer in refused] == [403, 403, 403, 403, 403]
    assert made.status_code == 201
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.rule("N1")
@pytest.mark.rule("R63")
async def test_reports_of_a_public_website_need_no_token_and_nothing_else_goes_without(database: str) -> None:
    report, day = "/api/v1/analytics/dashboard", {"from": "2026-03-02", "to": "2026-03-02"}
    store(database, [Hit(at=at("10:00:00"), website_id="open"), Hit(at=at("10:00:00"), website_id="closed")])
    nobody, stranger = {"authorization": ""}, bearer(database, "viewer", ("other",))

    async with serving(database) as client:
        await client.put(f"{WEBSITES}/open", json={"is_public": True})
        read = await client.get(f"{report}/open", params=day, headers=nobody)
        by_stranger = await client.get(f"{report}/open", params=day, headers=stranger)
        refused = {
            "closed": (await client.get(f"{report}/closed", headers=nobody), 401),
            "unknown": (await client.get(f"{report}/unknown", headers=nobody), 401),
            "closed, stranger": (await client.get(f"{report}/closed", headers=stranger), 404),
            "wrong token": (await client.get(f"{report}/open", headers={"authorization": "Bearer x"}), 401),
            "single events": (await client.get("/api/v1/events/open/recent", headers=nobody), 401),
            "settings": (await client.get(f"{WEBSITES}/open", headers=nobody), 401),
            "list": (await client.get(WEBSITES, headers=nobody), 401),
            "change": (await client.put(f"{WEBSITES}/open", json={}, headers=nobody), 401),
        }

    assert (read.status_code, read.json()["metrics"]["page_views"]) == (200, 1)
    assert by_stranger.json()["metrics"] == read.json()["metrics"]
    assert {name: answer.status_code for name, (answer, _) in refused.items()} == {
        name: status for name, (_, status) in refused.items()
    }
    assert refused["closed"][0].json()["code"] == refused["unknown"][0].json()["code"] == "unauthorized"


@pytest.mark.rule("N1")
async def test_deleting_forgets_the_registration_and_keeps_the_events(database: str) -> None:
    store(database, [Hit(at=at("10:00:00"), website_id="shop")])
    path, report = f"{WEBSITES}/shop", "/api/v1/analytics/dashboard/shop?from=2026-03-02&to=2026-03-02"

    async with serving(database) as client:
        await client.post(FUNNELS, json={**A_TO_B, "website_id": "shop"})
        deleted = await client.delete(path)
        gone = [await client.delete(path), await client.get(path), await client.get(report)]
        await client.post(WEBSITES, json={"id": "shop"})
        again = (await client.get(report)).json()
        funnels = (await client.get(f"{FUNNELS}/shop")).json()

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "events stay" in deleted.headers["x-analytics-notice"]
    assert [answer.status_code for answer in gone] == [404, 404, 404]
    assert (again["metrics"]["page_views"], funnels["total"]) == (1, 0)


@pytest.mark.rule("N1")
@pytest.mark.rule("R62")
async def test_the_gateway_is_told_of_a_change_at_once(database: str, redis_url: str) -> None:
    def published() -> tuple[Website, ...]:
        with redis.Redis.from_url(redis_url) as client:
            payload = client.get(REGISTRY_KEY)
        assert isinstance(payload, bytes)
        return decode_registry(payload).websites

    async with serving(database, REDIS_URL=redis_url) as client:
        await client.post(WEBSITES, json=SHOP)
        made = published()
        await client.put(f"{WEBSITES}/shop", json={"gpc": "ignore"})
        replaced = published()
        await client.delete(f"{WEBSITES}/shop")
        deleted = published()

    assert made == (
        Website(
            website_id="shop",
            timezone="Europe/Vienna",
            domains=("shop.example",),
            gpc="drop",
            retention_days=30,
            identity="persistent",
            is_public=True,
            excluded_networks=("203.0.113.0/24", "2001:db8::/32"),
            engaged_threshold_s=30,
            split_on_campaign=True,
        ),
    )
    assert replaced == (Website(website_id="shop", gpc="ignore"),)
    assert deleted == ()


@pytest.mark.rule("N1")
async def test_a_dead_redis_undoes_no_change(database: str) -> None:
    async with serving(database, REDIS_URL="redis://127.0.0.1:1") as client:
        made = await client.post(WEBSITES, json=SHOP)

    assert made.status_code == 201
