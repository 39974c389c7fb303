"""Single events: who may see them, what is told of them, and how one turns their pages."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from shared.clock import Clock
from shared.tokens import make_token
from tests.queryapi.rig import NOW, SITE, Api, Hit, Reply, at, running, settings_for, store, vector

PATH = f"/api/v1/events/{SITE}/recent"
DAYS = "from=2026-03-02&to=2026-03-03"
AGENT = {"browser": "Chrome", "browser_version": "126", "os": "Windows", "country": "DE", "city": "Berlin"}


def numbered(hits: list[Hit]) -> list[Hit]:
    return [replace(hit, own={**hit.own, "id": UUID(int=number)}) for number, hit in enumerate(hits, 1)]


async def walk(api: Api, query: str, cursor: str | None = None) -> list[str]:
    """The ids of all pages, in order."""
    found: list[str] = []
    for _ in range(50):
        reply = await api.get(PATH, query if cursor is None else f"{query}&cursor={cursor}")
        assert reply.status == 200, reply.payload
        found += [item["id"] for item in reply.body["data"]]
        cursor = reply.body["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.rule("B12")
@pytest.mark.rule("C26")
async def test_an_event_is_told_without_its_user_agent_or_an_address(database: str) -> None:
    google = {"referrer": "https://google.com/", "source": "Google", "channel": "Organic Search"}
    hits = [
        Hit(
            at=at("10:00:00"), visitor="203.0.113.9", session="2001:db8::1", properties={"plan": "pro", "seats": 3},
            attributes={**google, **AGENT}, own={"user_agent": "Mozilla/5.0 (Windows NT 10.0)", "id": UUID(int=7)},
        ),
        Hit(at=at("09:00:00"), visitor="v2", session="s2", attributes={"browser": "Lynx", "os": None}),
        Hit(at=at("08:00:00"), visitor="v3", session="s3"),
    ]  # fmt: skip
    store(database, hits)

    async with running(settings_for(database)) as api:
        body = (await api.get(PATH, DAYS)).body
    async with running(settings_for(database, STORE_USER_AGENT="true")) as api:
        kept = (await api.get(PATH, DAYS)).body["data"][0]

    first, second, third = body["data"]
    pseudonyms = [first.pop("visitor_id"), first.pop("session_id")]
    assert first == {
        "id": str(UUID(int=7)), "website_id": SITE, "event_type": "pageview", "page": "/a",
        "referrer": "https://google.com/", "user_agent": "Chrome 126 / Windows", "timestamp": "2026-03-02T10:00:00Z",
        "properties": {"plan": "pro", "seats": 3}, "country": "DE", "city": "Berlin", "browser": "Chrome",
        "os": "Windows", "device": "desktop", "source": "Google", "channel": "Organic Search", "is_bot": False,
    }  # fmt: skip
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in pseudonyms)
    assert [kept["visitor_id"], kept["session_id"]] == pseudonyms
    assert kept["user_agent"] == "Mozilla/5.0 (Windows NT 10.0)"
    assert (second["visitor_id"], second["user_agent"], third["user_agent"]) == ("v2", "Lynx", None)
    assert not {"referrer", "properties"} & set(third)
    assert (third["source"], body["limit"], body["next_cursor"]) == ("Direct / None", 50, None)


@pytest.mark.rule("B12")
@pytest.mark.parametrize("limit", [1, 2, 3, 8, 9])
async def test_pages_are_the_newest_first_and_give_each_event_once(database: str, limit: int) -> None:
    """Also events of one instant, which their ids tell apart."""
    hits = numbered([*vector(), *[Hit(at=at("10:05:00"), visitor=f"t{n}", session=f"t{n}") for n in range(4)]])
    store(database, hits)

    async with running(settings_for(database)) as api:
        found = await walk(api, f"{DAYS}&limit={limit}")

    newest_first = sorted(hits, key=lambda hit: (hit.at, str(hit.own["id"])), reverse=True)
    assert found == [str(hit.own["id"]) for hit in newest_first]


@pytest.mark.rule("B12")
async def test_what_arrives_between_two_pages_neither_repeats_nor_hides_an_event(database: str) -> None:
    before = numbered([Hit(at=at(f"10:{n:02}:00"), visitor=f"v{n}", session=f"s{n}") for n in range(10)])
    newer = Hit(at=at("12:00:00"), visitor="new", session="new", own={"id": UUID(int=100)})
    late = Hit(at=at("09:00:00"), visitor="late", session="late", own={"id": UUID(int=101)})
    store(database, before)

    async with running(settings_for(database)) as api:
        first = (await api.get(PATH, f"{DAYS}&limit=4")).body
        store(database, [newer, late])
        rest = await walk(api, f"{DAYS}&limit=4", first["next_cursor"])

    seen = [item["id"] for item in first["data"]] + rest
    assert seen == [str(hit.own["id"]) for hit in reversed(before)] + [str(UUID(int=101))]


@pytest.mark.rule("R35")
async def test_the_days_of_a_list_stand_still_while_its_pages_are_turned(database: str) -> None:
    midnight = NOW.replace(hour=0)
    hits = numbered([Hit(at=midnight + timedelta(hours=n), visitor=f"v{n}", session=f"s{n}") for n in range(-3, 3)])
    store(database, hits)
    now = NOW
    clock: Clock = lambda: now  # noqa: E731

    async with running(settings_for(database), clock) as api:
        first = (await api.get(PATH, "days=1&limit=1")).body
        now = NOW + timedelta(days=1)
        token = make_token(api.settings, clock, role="owner", websites=None)
        later = replace(api, token=token)
        second = (await later.get(PATH, f"days=1&limit=1&cursor={first['next_cursor']}")).body
        anew = (await later.get(PATH, "days=1")).body

    assert [item["id"] for item in first["data"] + second["data"]] == [str(UUID(int=6)), str(UUID(int=5))]
    assert (second["range"], anew["data"]) == (first["range"], [])


@pytest.mark.rule("B12")
@pytest.mark.rule("R9")
@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [6, 5, 3, 2, 1]),
        ("&include_bots=true", [6, 5, 4, 3, 2, 1]),
        ("&event_type=signup", [2]),
        ("&event_type=signup&event_type=engagement", [3, 2]),
        ("&page=/b", [5]),
        ("&country=DE", [6]),
        ("&prop:plan=pro", [2]),
        ("&country=FR", []),
    ],
)
async def test_filters_pick_events(database: str, query: str, ids: list[int]) -> None:
    hits = [
        Hit(at=at("10:00:00")),
        Hit(at=at("10:01:00"), event_type="signup", properties={"plan": "pro"}),
        Hit(at=at("10:02:00"), event_type="engagement", engaged_ms=5),
        Hit(at=at("10:03:00"), visitor="bot", session="bot", is_bot=True),
        Hit(at=at("10:04:00"), page="/b"),
        Hit(at=at("10:05:00"), visitor="v2", session="s2", attributes={"country": "DE"}),
    ]
    store(database, numbered(hits))

    async with running(settings_for(database)) as api:
        found = await walk(api, f"{DAYS}{query}&limit=2")

    assert found == [str(UUID(int=number)) for number in ids]


@pytest.mark.rule("B12")
@pytest.mark.rule("C33")
@pytest.mark.rule("C35")
async def test_a_cursor_fits_the_question_it_was_made_for_alone(database: str) -> None:
    theirs = [Hit(at=at("10:00:00"), website_id="another", session=f"s{n}") for n in range(5)]
    store(database, [*vector(), *theirs])
    other = "/api/v1/events/another/recent"

    async with running(settings_for(database)) as api:
        cursor = (await api.get(PATH, f"{DAYS}&limit=2")).body["next_cursor"]
        replies: dict[str, Reply] = {
            "another website": await api.get(other, f"{DAYS}&limit=2&cursor={cursor}"),
            "another filter": await api.get(PATH, f"{DAYS}&country=DE&cursor={cursor}"),
            "another range": await api.get(PATH, f"days=7&cursor={cursor}"),
            "another zone": await api.get(PATH, f"{DAYS}&timezone=Asia/Kolkata&cursor={cursor}"),
            "with bots": await api.get(PATH, f"{DAYS}&include_bots=true&cursor={cursor}"),
            "cut": await api.get(PATH, f"{DAYS}&cursor={cursor[:-1]}"),
            "longer": await api.get(PATH, f"{DAYS}&cursor={cursor}A"),
            "padded": await api.get(PATH, f"{DAYS}&cursor={cursor}%3D%3D"),
            "no base64": await api.get(PATH, f"{DAYS}&cursor=%21%21"),
            "an emoji": await api.get(PATH, f"{DAYS}&cursor=%F0%9F%8E%89"),
            "one letter": await api.get(PATH, f"{DAYS}&cursor=A"),
        }
        for index in range(len(cursor)):
            letter = "A" if cursor[index] != "A" else "B"
            forged = cursor[:index] + letter + cursor[index + 1 :]
            replies[f"letter {index}"] = await api.get(PATH, f"{DAYS}&cursor={forged}")
        huge = await api.get(PATH, f"{DAYS}&cursor={'A' * 10_240}")
        wider = await api.get(PATH, f"{DAYS}&limit=500&cursor={cursor}")
    async with running(settings_for(database)) as api:
        restarted = await api.get(PATH, f"{DAYS}&limit=500&cursor={cursor}")

    assert {name: (reply.status, reply.body["code"]) for name, reply in replies.items()} == dict.fromkeys(
        replies, (400, "invalid_cursor")
    )
    assert (huge.status, len(wider.body["data"])) == (400, len(vector()) - 2)
    assert restarted.body["data"] == wider.body["data"]


@pytest.mark.rule("C41")
@pytest.mark.rule("R63")
@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 200), ("owner", 200)])
async def test_single_events_need_their_own_scope(database: str, role: str, status: int) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        reader = replace(api, token=make_token(api.settings, lambda: NOW, role=role, websites=(SITE,)))
        own = await reader.get(PATH, DAYS)
        unknown = await reader.get("/api/v1/events/nobody/recent", DAYS)
        closed = await reader.get(PATH, DAYS, headers={})

    assert (own.status, unknown.status, closed.status) == (status, 404 if status == 200 else 403, 401)


@pytest.mark.rule("R64")
@pytest.mark.parametrize("query", ["limit=0", "limit=501", "offset=1", "sort=page", "cursor=a&cursor=b", "cursor="])
async def test_what_cannot_be_asked_of_events_is_refused(database: str, query: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        reply = await api.get(PATH, query)

    assert reply.status == 400
