"""Custom events: their counts, their money, their properties, and what may not be asked."""

from decimal import Decimal

import pytest

from queryapi.custom_events import amount_text
from tests.queryapi.rig import SITE, Api, Hit, Reply, at, call, running, settings_for, store, vector

PATH = f"/api/v1/events/{SITE}/custom-events"
DAY_1 = "from=2026-03-02&to=2026-03-02"


def bought(clock: str, visitor: str, amount: str, currency: str, **properties: object) -> Hit:
    return Hit(
        at=at(clock),
        visitor=visitor,
        session=visitor,
        event_type="purchase",
        properties=properties or None,
        own={"revenue_amount": Decimal(amount), "revenue_currency": currency},
        attributes={"country": "DE"},
    )


def shop() -> list[Hit]:
    """Four visitors of the day, two of whom buy; somebody's robot signs up."""
    return [
        *vector()[:6],
        bought("12:00:00", "b1", "100.00", "EUR", plan="pro", seats=3),
        bought("12:01:00", "b1", "99.90", "EUR", plan="pro"),
        bought("12:02:00", "b1", "0.0005", "USD", plan="free"),
        bought("13:00:00", "b2", "1000", "JPY"),
        Hit(at=at("14:00:00"), visitor="bot", session="bot", event_type="signup", is_bot=True),
        Hit(at=at("15:00:00"), visitor="b2", session="b2", event_type="performance"),
        Hit(at=at("15:01:00"), visitor="b2", session="b2", event_type="identify"),
    ]


async def ask(api: Api, query: str = "") -> Reply:
    return await api.get(PATH, f"{DAY_1}&{query}" if query else DAY_1)


@pytest.mark.rule("B13")
@pytest.mark.rule("R1")
@pytest.mark.rule("R33")
async def test_events_are_listed_with_their_visitors_and_their_money(database: str) -> None:
    store(database, shop())

    async with running(settings_for(database)) as api:
        body = (await ask(api)).body

    assert body["data"] == [
        {
            "event_type": "purchase", "events": 4, "unique_visitors": 2, "sessions": 2, "conversion_rate": 50.0,
            "revenue": {"EUR": "199.90", "JPY": "1000.00", "USD": "0.0005"},
            "first_seen": "2026-03-02T12:00:00Z", "last_seen": "2026-03-02T13:00:00Z",
        },
        {
            "event_type": "signup", "events": 1, "unique_visitors": 1, "sessions": 1, "conversion_rate": 25.0,
            "first_seen": "2026-03-02T11:05:00Z", "last_seen": "2026-03-02T11:05:00Z",
        },
    ]  # fmt: skip
    assert (body["total"], body["limit"], body["offset"], body["meta"]["source"]) == (2, 10, 0, "raw")


@pytest.mark.rule("B13")
async def test_an_event_is_drilled_to_its_properties_and_their_values(database: str) -> None:
    store(database, shop())

    async with running(settings_for(database)) as api:
        properties = (await ask(api, "event_type=purchase")).body
        values = (await ask(api, "event_type=purchase&prop=plan&sort=value")).body
        unknown = (await ask(api, "event_type=nothing")).body

    assert (properties["event_type"], properties["total"]) == ("purchase", 2)
    assert properties["properties"] == [
        {"key": "plan", "events": 3, "values": 2},
        {"key": "seats", "events": 1, "values": 1},
    ]
    rows = [
        (row["value"], row["events"], row["unique_visitors"], row["sessions"], row["conversion_rate"], row["revenue"])
        for row in values["data"]
    ]
    assert rows == [
        ("free", 1, 1, 1, 25.0, {"USD": "0.0005"}),
        ("pro", 2, 1, 1, 25.0, {"EUR": "199.90"}),
        ("(none)", 1, 1, 1, 25.0, {"JPY": "1000.00"}),
    ]
    assert (unknown["properties"], unknown["total"]) == ([], 0)


@pytest.mark.rule("R33")
@pytest.mark.rule("R34")
@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("country=DE", [("purchase", 100.0)]),
        ("include_bots=true", [("purchase", 40.0), ("signup", 40.0)]),
        ("prop:plan=pro", [("purchase", 100.0)]),
        ("page=/c", [("signup", 100.0)]),
        ("search=SIGN", [("signup", 25.0)]),
        ("limit=1&offset=1", [("signup", 25.0)]),
        ("sort=event_type&limit=1", [("purchase", 50.0)]),
        ("sort=conversion_rate&limit=1", [("signup", 25.0)]),
        ("sort=-last_seen&limit=1", [("purchase", 50.0)]),
        ("country=US", []),
    ],
)
async def test_filters_search_and_order_work_as_in_every_list(
    database: str, query: str, rows: list[tuple[str, float]]
) -> None:
    store(database, shop())

    async with running(settings_for(database)) as api:
        body = (await ask(api, query)).body

    assert [(row["event_type"], row["conversion_rate"]) for row in body["data"]] == rows


@pytest.mark.rule("R20")
async def test_a_row_counts_the_sessions_that_the_dashboard_counts(database: str) -> None:
    """A session that began the day before counts for that day, its visitor for both."""
    late = [
        Hit(at=at("23:50:00"), visitor="v", session="s"),
        Hit(at=at("00:05:00", 1), visitor="v", session="s", event_type="signup"),
    ]
    store(database, late)
    second = "from=2026-03-03&to=2026-03-03"

    async with running(settings_for(database)) as api:
        row = (await api.get(PATH, second)).body["data"][0]
        dashboard = (await api.read(f"dashboard/{SITE}", f"{second}&event_type=signup"))["metrics"]

    assert (row["events"], row["unique_visitors"], row["sessions"]) == (1, 1, 0)
    assert {name: row[name] for name in ("events", "unique_visitors", "sessions")} == {
        name: dashboard[name] for name in ("events", "unique_visitors", "sessions")
    }


@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("event_type=pageview", "invalid_parameter", "event_type"),
        ("event_type=a&event_type=b", "duplicate_parameter", "event_type"),
        ("prop=plan", "conflicting_parameters", "prop"),
        (f"event_type=a&prop={'k' * 129}", "invalid_parameter", "prop"),
        ("sort=value", "invalid_parameter", "sort"),
        ("event_type=a&sort=unique_visitors", "invalid_parameter", "sort"),
        ("event_type=a&prop=p&sort=event_type", "invalid_parameter", "sort"),
        ("sort=(select 1)", "invalid_parameter", "sort"),
        ("limit=0", "invalid_parameter", "limit"),
        ("evnt_type=a", "unknown_parameter", "evnt_type"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(database: str, query: str, code: str, parameter: str) -> None:
    store(database, shop())

    async with running(settings_for(database)) as api:
        reply = await ask(api, query)

    assert (reply.status, reply.body["code"], reply.body["details"]["parameter"]) == (400, code, parameter)


@pytest.mark.rule("R63")
@pytest.mark.rule("R69")
async def test_custom_events_need_a_token_and_no_data(database: str) -> None:
    store(database, [Hit(at=at("10:00:00"), website_id="another")])

    async with running(settings_for(database)) as api:
        empty = await ask(api)
        closed = await call(api.app, PATH, "", {})
        unknown = await api.get("/api/v1/events/nobody/custom-events")

    assert (empty.status, empty.body["data"], empty.body["total"]) == (200, [], 0)
    assert (closed.status, unknown.status) == (401, 404)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("199.9000", "199.90"), ("0.0005", "0.0005"), ("3", "3.00"), ("-1.5000", "-1.50"),
        ("123456789012345678901234567890.1200", "123456789012345678901234567890.12"),
    ],
)  # fmt: skip
def test_an_amount_keeps_every_digit(stored: str, shown: str) -> None:
    assert amount_text(stored) == shown
