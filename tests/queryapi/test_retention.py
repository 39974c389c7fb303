"""Retention: a visitor belongs to the period in which the range first saw it."""

import pytest

from tests.queryapi.rig import SITE, Hit, at, refresh, running, settings_for, store

PATH = f"{SITE}/retention"


def visits() -> list[Hit]:
    """2026-03-02 is a Monday. Anna comes on three days of two weeks, Bert on two days of the first, Carl once."""
    days = {"anna": (0, 1, 8), "bert": (1, 3), "carl": (8,), "dora": (-3,)}
    return [
        Hit(at=at("10:00:00", day), visitor=visitor, session=f"{visitor}{day}", is_persistent=True)
        for visitor, seen in days.items()
        for day in seen
    ] + [Hit(at=at("10:01:00", 2), visitor="anna", session="anna2", event_type="engagement", engaged_ms=5)]


@pytest.mark.rule("N4")
@pytest.mark.parametrize("is_refreshed", [False, True])
async def test_visitors_are_followed_from_where_they_were_first_seen(database: str, is_refreshed: bool) -> None:
    store(database, visits())
    if is_refreshed:
        refresh(database)

    async with running(settings_for(database)) as api:
        days = await api.read(PATH, "from=2026-03-02&to=2026-03-05&interval=day")
        weeks = await api.read(PATH, "from=2026-03-02&to=2026-03-15")

    assert [(row["date"], [one["visitors"] for one in row["periods"]]) for row in days["data"]] == [
        ("2026-03-02", [1, 1, 0, 0]),
        ("2026-03-03", [1, 0, 1]),
        ("2026-03-04", [0, 0]),
        ("2026-03-05", [0]),
    ]
    assert [(row["date"], row["visitors"]) for row in weeks["data"]] == [("2026-03-02", 2), ("2026-03-09", 1)]
    assert weeks["data"][0]["periods"] == [
        {"period": 0, "visitors": 2, "percentage": 100.0},
        {"period": 1, "visitors": 1, "percentage": 50.0},
    ]
    assert [row.get("partial", False) for row in weeks["data"]] == [False, True]
    assert weeks["meta"]["visitors"] == "exact"


@pytest.mark.rule("R36")
async def test_a_range_of_moments_begins_with_its_first_and_ends_before_its_last(database: str) -> None:
    moments = {"before": "09:59:59", "first": "10:01:00", "last": "10:20:59", "after": "10:21:00"}
    store(database, [Hit(at=at(clock), visitor=name, session=name) for name, clock in moments.items()])

    async with running(settings_for(database)) as api:
        body = await api.read(PATH, "from=2026-03-02T10:01:00Z&to=2026-03-02T10:21:00Z&interval=day")

    assert [row["visitors"] for row in body["data"]] == [2]


@pytest.mark.rule("N4")
@pytest.mark.rule("R34")
async def test_filters_on_events_choose_who_is_followed(database: str) -> None:
    signup = Hit(at=at("10:05:00", 8), visitor="anna", session="anna8", event_type="signup", is_persistent=True)
    store(database, [*visits(), signup])

    async with running(settings_for(database)) as api:
        body = await api.read(PATH, "from=2026-03-02&to=2026-03-15&event_type=signup")

    assert [row["visitors"] for row in body["data"]] == [0, 1]


@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("days=101&interval=day", "too_many_buckets"),
        ("interval=hour", "invalid_parameter"),
        ("limit=5", "unknown_parameter"),
    ],
)
async def test_more_than_a_table_can_hold_is_refused(database: str, asked: str, code: str) -> None:
    store(database, [])

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/analytics/{PATH}", asked)
        most = await api.read(PATH, "days=100&interval=day")

    assert (reply.status, reply.body["code"]) == (400, code)
    assert len(most["data"]) == 100
