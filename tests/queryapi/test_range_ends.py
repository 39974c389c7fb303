"""The first instant of a range is in it and its end is not, in whatever is told of it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from queryapi.envelope import max_age_seconds
from queryapi.query import Range
from tests.queryapi.edges import Body, Case, expected, told
from tests.queryapi.rig import DAY, NOW, Hit, at

DAY_1 = "from=2026-03-02&to=2026-03-02&compare=none"
TWO_DAYS = "from=2026-03-02&to=2026-03-03&compare=none"
DASHBOARD, SERIES, CUSTOM = "analytics/dashboard/{}", "analytics/timeseries/{}", "events/{}/custom-events"
ONE_VIEW = [Hit(at=at("10:00:00"))]
MIDNIGHT = DAY + timedelta(days=1)
# As the day begins, and as it is over.
SIGNUPS = [
    Hit(at=DAY, event_type="signup", properties={"first": "yes"}),
    Hit(at=MIDNIGHT, visitor="v2", session="s2", event_type="signup", properties={"later": "yes", "first": "no"}),
]


def partial(body: Body) -> object:
    return [item.get("partial") for item in body["data"]]


def told_of_visitors(body: Body) -> object:
    return body["meta"]["visitors"]


CASES: dict[str, Case] = {
    "days that are over are no parts": Case(ONE_VIEW, SERIES, f"{TWO_DAYS}&interval=day", partial, [None, None]),
    "a range that begins and ends in an hour has parts of it": Case(
        ONE_VIEW,
        SERIES,
        "from=2026-03-02T10:30:00Z&to=2026-03-02T12:30:00Z&interval=hour&compare=none",
        partial,
        [True, None, True],
    ),
    "an hour that ends now is over": Case(
        ONE_VIEW,
        SERIES,
        "from=2026-03-10T10:00:00Z&to=2026-03-10T12:00:00Z&interval=hour&compare=none",
        partial,
        [None, None],
    ),
    "a day that has begun is a part": Case(ONE_VIEW, SERIES, "days=2&interval=day&compare=none", partial, [None, True]),
    "a week that the range begins in is a part": Case(
        [Hit(at=at("10:00:00", 2))],
        SERIES,
        "from=2026-02-25&to=2026-03-08&interval=week&compare=none",
        partial,
        [True, None],
    ),
    "properties of the first instant, and none of the end": Case(
        SIGNUPS,
        CUSTOM,
        f"{DAY_1}&event_type=signup",
        lambda body: [row["key"] for row in body["properties"]],
        ["first"],
    ),
    "values of the first instant, and none of the end": Case(
        SIGNUPS,
        CUSTOM,
        f"{DAY_1}&event_type=signup&prop=first",
        lambda body: [(row["value"], row["events"], row["sessions"]) for row in body["data"]],
        [("yes", 1, 1)],
    ),
    "events of the first instant, and none of the end": Case(
        SIGNUPS, CUSTOM, DAY_1, lambda body: [(row["events"], row["sessions"]) for row in body["data"]], [(1, 1)]
    ),
    "who comes back by name after the range makes no visitor of it exact": Case(
        [Hit(at=at("10:00:00")), Hit(at=at("10:15:00"), visitor="me", session="s2", is_persistent=True)],
        DASHBOARD,
        "from=2026-03-02T10:00:00Z&to=2026-03-02T10:15:00Z&compare=none",
        told_of_visitors,
        "visitor_days",
    ),
    "who comes back by name within the range does": Case(
        [Hit(at=at("10:00:00")), Hit(at=at("10:15:00"), visitor="me", session="s2", is_persistent=True)],
        DASHBOARD,
        "from=2026-03-02T10:00:00Z&to=2026-03-02T10:16:00Z&compare=none",
        told_of_visitors,
        "exact",
    ),
    "a robot that comes back by name does not": Case(
        [Hit(at=at("10:00:00")), Hit(at=at("10:05:00"), visitor="r", session="r", is_persistent=True, is_bot=True)],
        DASHBOARD,
        DAY_1,
        told_of_visitors,
        "visitor_days",
    ),
    "what filters on sessions pick is read from the rollups": Case(
        [Hit(at=at("10:00:00"))], DASHBOARD, f"{DAY_1}&country=DE", lambda body: body["meta"]["source"], "aggregate"
    ),
    "what filters on events pick is read from the events": Case(
        [Hit(at=at("10:00:00"))], DASHBOARD, f"{DAY_1}&page=/a", lambda body: body["meta"]["source"], "raw"
    ),
}


@pytest.mark.rule("B13")
@pytest.mark.rule("R39")
@pytest.mark.rule("R67")
@pytest.mark.parametrize("is_rolled_up", [True, False], ids=["rolled up", "dirty"])
async def test_a_range_has_its_first_instant_and_not_its_end(database: str, *, is_rolled_up: bool) -> None:
    assert await told(database, CASES, is_rolled_up=is_rolled_up) == expected(CASES)


@pytest.mark.rule("R71")
@pytest.mark.parametrize(
    ("over_for", "seconds"),
    [
        (timedelta(minutes=-1), 5),
        (timedelta(0), 5),
        (timedelta(minutes=10) - timedelta(microseconds=1), 5),
        (timedelta(minutes=10), 300),
    ],
)
def test_what_is_over_for_ten_minutes_may_be_kept_for_longer(over_for: timedelta, seconds: int) -> None:
    until = NOW - over_for
    asked = Range(since=until - timedelta(hours=1), until=until, zone=ZoneInfo("UTC"), label="")

    assert max_age_seconds(asked, NOW) == seconds
