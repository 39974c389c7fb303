"""Lists: rows, order, pages, and sums that hold."""

import pytest

from tests.queryapi.rig import SITE, Hit, at, running, settings_for, store, vector

DAY_1 = "from=2026-03-02&to=2026-03-02"
BERLIN = {"country": "DE", "region": "DE-BE", "city": "Berlin", "city_geoname_id": 2950159, "continent": "EU"}
PEOPLE = (
    {
        **BERLIN,
        "browser": "Chrome",
        "browser_version": "141",
        "os": "Linux",
        "source": "Google",
        "channel": "Organic Search",
    },
    {
        **BERLIN,
        "browser": "Chrome",
        "browser_version": "140",
        "os": "Windows",
        "source": "Google",
        "channel": "Paid Search",
    },
    {
        **BERLIN,
        "city": "Potsdam",
        "city_geoname_id": 2852458,
        "browser": "Firefox",
        "source": "Google",
        "channel": "Organic Search",
    },
    {"country": "FR", "continent": "EU", "browser": "Firefox", "os": "Windows", "device": "mobile"},
    {
        "source": "Hacker News",
        "channel": "Referral",
        "referrer": "https://news.ycombinator.com/item",
        "hostname": "example.org",
    },
    {"referrer": "https://example.org/self", "hostname": "example.org"},
)


def people() -> list[Hit]:
    hits: list[Hit] = []
    for index, attributes in enumerate(PEOPLE):
        name = f"p{index}"
        hits += [Hit(at=at(f"1{index}:00:00"), visitor=name, session=name, attributes=attributes)] * (index % 2 + 1)
    return hits


PARTITIONS = (
    "geo/{}/countries", "geo/{}/cities", "geo/{}/regions", "geo/{}/continents", "dashboard/{}/sources",
    "{}/top-browsers", "{}/top-os", "{}/top-devices",
)  # fmt: skip


@pytest.mark.rule("R34")
@pytest.mark.rule("R24")
@pytest.mark.parametrize("path", PARTITIONS)
async def test_rows_of_a_partition_add_up_to_the_total(database: str, path: str) -> None:
    store(database, people())

    async with running(settings_for(database)) as api:
        total = (await api.read(f"dashboard/{SITE}", DAY_1))["metrics"]
        body = await api.read(path.format(SITE), DAY_1)

    for metric in ("sessions", "page_views", "unique_visitors"):
        assert sum(row[metric] for row in body["data"]) == total[metric]
    assert abs(sum(row["percentage"] for row in body["data"]) - 100) < 0.05
    assert body["total"] == len(body["data"])


@pytest.mark.rule("R32")
async def test_countries_have_names_and_the_unknown_is_one_row(database: str) -> None:
    store(database, people())

    async with running(settings_for(database)) as api:
        rows = (await api.read(f"geo/{SITE}/countries", DAY_1))["data"]
        cities = (await api.read(f"geo/{SITE}/cities", DAY_1))["data"]
        regions = (await api.read(f"geo/{SITE}/regions", DAY_1))["data"]

    assert [(row["country"], row["name"], row["sessions"], row["percentage"]) for row in rows] == [
        ("DE", "Germany", 3, 50.0),
        (None, "(not set)", 2, 33.33),
        ("FR", "France", 1, 16.67),
    ]
    assert [(row["city"], row["city_geoname_id"], row["country"]) for row in cities] == [
        ("(not set)", None, None),
        ("Berlin", 2950159, "DE"),
        ("Potsdam", 2852458, "DE"),
    ]
    assert [(row["region"], row["country"]) for row in regions] == [("DE-BE", "DE"), (None, None)]


async def test_sources_carry_their_most_frequent_channel(database: str) -> None:
    store(database, people())

    async with running(settings_for(database)) as api:
        rows = (await api.read(f"dashboard/{SITE}/sources", DAY_1))["data"]
        channels = (await api.read(f"dashboard/{SITE}/sources", f"{DAY_1}&group=channel"))["data"]
        drilled = (await api.read(f"dashboard/{SITE}/sources", f"{DAY_1}&drill=Hacker+News"))["data"]
        direct = (await api.read(f"dashboard/{SITE}", f"{DAY_1}&source=Direct+/+None&compare=none"))["metrics"]

    assert [(row["source"], row["channel"], row.get("channels")) for row in rows] == [
        ("Google", "Organic Search", ["Organic Search", "Paid Search"]),
        ("Direct / None", "Direct", None),
        ("Hacker News", "Referral", None),
    ]
    assert {row["channel"]: row["sessions"] for row in channels} == {
        "Organic Search": 2, "Direct": 2, "Paid Search": 1, "Referral": 1,
    }  # fmt: skip
    assert [row["referrer"] for row in drilled] == ["news.ycombinator.com/item"]
    assert direct["sessions"] == 2


async def test_referrers_leave_out_direct_visits_and_the_website_itself(database: str) -> None:
    store(database, people())

    async with running(settings_for(database)) as api:
        hosts = (await api.read(f"{SITE}/top-referrers", DAY_1))["data"]
        urls = (await api.read(f"{SITE}/top-referrers", f"{DAY_1}&group=url"))["data"]

    assert [(row["referrer"], row["source"], row["channel"]) for row in hosts] == [
        ("news.ycombinator.com", "Hacker News", "Referral")
    ]
    assert [row["referrer"] for row in urls] == ["news.ycombinator.com/item"]


async def test_devices_are_four_groups_each_with_its_total(database: str) -> None:
    store(database, people())

    async with running(settings_for(database)) as api:
        body = await api.read(f"dashboard/{SITE}/devices", f"{DAY_1}&limit=1")
        versions = (await api.read(f"{SITE}/top-browsers", f"{DAY_1}&drill=Chrome"))["data"]

    assert [row["device"] for row in body["devices"]] == ["desktop"]
    assert body["totals"] == {"devices": 2, "browsers": 3, "operating_systems": 3, "screens": 1}
    assert [(row["browser"], row["version"]) for row in versions] == [("Chrome", "140"), ("Chrome", "141")]


@pytest.mark.rule("R65")
@pytest.mark.rule("R66")
async def test_pages_of_a_list_are_stable_and_know_the_total(database: str) -> None:
    store(database, people())

    async with running(settings_for(database)) as api:
        first, second, beyond = [
            await api.read(f"{SITE}/top-browsers", f"{DAY_1}&limit=2&offset={offset}") for offset in (0, 2, 9)
        ]
        searched = await api.read(f"{SITE}/top-browsers", f"{DAY_1}&search=FIRE")
        underscores = await api.read(f"{SITE}/top-browsers", f"{DAY_1}&search=_")

    assert [row["browser"] for row in first["data"] + second["data"]] == ["Chrome", "Firefox", "(not set)"]
    assert (beyond["data"], beyond["total"], beyond["limit"], beyond["offset"]) == ([], 3, 2, 9)
    assert ([row["browser"] for row in searched["data"]], searched["total"]) == (["Firefox"], 1)
    assert underscores["data"] == []
    assert set(first) == {"website_id", "date_range", "range", "data", "total", "limit", "offset", "meta"}


@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("query", "sessions"),
    [
        ("country=DE", 3),
        ("country=DE&country=FR", 4),
        ("country=DE&browser=Chrome", 2),
        ("country=%28not+set%29", 2),
        ("referrer=news.ycombinator.com", 1),
        ("city=Berlin&channel=Paid+Search", 1),
        ("country=de", 3),
        ("browser=chrome", 0),
        ("country=%F0%9F%8E%89", 0),
        ("page=/a&country=FR", 1),
    ],
)
async def test_filters_of_one_name_are_or_of_two_are_and(database: str, query: str, sessions: int) -> None:
    store(database, people())

    async with running(settings_for(database)) as api:
        found = (await api.read(f"dashboard/{SITE}", f"{DAY_1}&{query}"))["metrics"]

    assert found["sessions"] == sessions


@pytest.mark.rule("R64")
async def test_properties_filter_events(database: str) -> None:
    signup = Hit(at=at("12:00:00"), visitor="x", session="x", event_type="signup", page="", properties={"plan": "pro"})
    store(database, [*vector(), signup])

    async with running(settings_for(database)) as api:
        pro = (await api.read(f"dashboard/{SITE}", f"{DAY_1}&prop:plan=pro"))["metrics"]
        none = (await api.read(f"dashboard/{SITE}", f"{DAY_1}&prop:plan=free"))["metrics"]

    assert (pro["sessions"], pro["events"], none["sessions"]) == (1, 1, 0)


ALIASES = (
    ("dashboard/{}", "{}/dashboard"), ("dashboard/{}/pages", "{}/top-pages"), ("geo/{}/countries", "{}/top-countries"),
    ("timeseries/{}/daily", "{}/daily-stats"), ("timeseries/{}/hourly", "{}/hourly-stats"),
)  # fmt: skip


@pytest.mark.rule("G18")
@pytest.mark.parametrize(("family_a", "family_b"), ALIASES)
async def test_aliases_answer_alike(database: str, family_a: str, family_b: str) -> None:
    store(database, [*people(), *vector()])

    async with running(settings_for(database)) as api:
        one = await api.read(family_a.format(SITE), DAY_1)
        other = await api.read(family_b.format(SITE), DAY_1)

    assert one == other


REPORTS = (
    *PARTITIONS, *(path for pair in ALIASES for path in pair), "timeseries/{}", "dashboard/{}/devices",
    "{}/top-referrers", "{}/realtime",
)  # fmt: skip


@pytest.mark.rule("R69")
@pytest.mark.parametrize("path", sorted(set(REPORTS)))
async def test_a_website_without_data_is_200_and_empty(database: str, path: str) -> None:
    store(database, [Hit(at=at("10:00:00"), website_id="another")])

    async with running(settings_for(database)) as api:
        body = await api.read(path.format(SITE))

    assert body["website_id"] == SITE
