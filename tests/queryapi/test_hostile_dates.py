"""Rows of the table of hostile dates and zones: nights on which clocks change, and ends of ranges and buckets."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from tests.queryapi.rig import SITE, Hit, running, settings_for, store

SERIES, HOURS = f"timeseries/{SITE}", f"timeseries/{SITE}/hourly"
MICROSECOND = timedelta(microseconds=1)


class Case(NamedTuple):
    """When page views were, what is asked, and the label and views of each bucket that is told."""

    views: tuple[str, ...]
    path: str
    query: str
    told: tuple[tuple[str, int], ...]


def hours(day: str, *parts: tuple[int, int, str], views: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """The labels of a day's hours, each part (first, after the last, offset), and where anything happened."""
    counted = dict(views)
    labels = [f"{day}T{hour:02}:00:00{offset}" for first, last, offset in parts for hour in range(first, last)]
    return tuple((label, counted.get(label, 0)) for label in labels)


CASES = {
    "F77 day of 25 hours": Case(
        ("2025-10-25T21:59:59Z", "2025-10-25T22:00:00Z", "2025-10-26T00:30:00Z", "2025-10-26T22:59:59Z",
         "2025-10-26T23:00:00Z"),
        SERIES, "interval=day&from=2025-10-25&to=2025-10-27&timezone=Europe/Berlin",
        (("2025-10-25T00:00:00+02:00", 1), ("2025-10-26T00:00:00+02:00", 3), ("2025-10-27T00:00:00+01:00", 1)),
    ),
    "F77 its hours": Case(
        ("2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"),
        HOURS, "from=2025-10-26&to=2025-10-26&timezone=Europe/Berlin",
        hours("2025-10-26", (0, 3, "+02:00"), (2, 24, "+01:00"),
              views=(("2025-10-26T02:00:00+02:00", 1), ("2025-10-26T02:00:00+01:00", 1))),
    ),
    "F79 hour that is missing": Case(
        ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
        HOURS, "from=2026-03-29&to=2026-03-29&timezone=Europe/Berlin",
        hours("2026-03-29", (0, 2, "+01:00"), (3, 24, "+02:00"),
              views=(("2026-03-29T01:00:00+01:00", 1), ("2026-03-29T03:00:00+02:00", 1))),
    ),
    "F81 midnight that is missing": Case(
        ("2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z", "2018-11-05T01:59:59Z", "2018-11-05T02:00:00Z"),
        SERIES, "interval=day&from=2018-11-03&to=2018-11-05&timezone=America/Sao_Paulo",
        (("2018-11-03T00:00:00-03:00", 1), ("2018-11-04T01:00:00-02:00", 2), ("2018-11-05T00:00:00-02:00", 1)),
    ),
    "F83 summer as the standard": Case(
        ("2026-10-24T22:59:59Z", "2026-10-24T23:00:00Z", "2026-10-25T23:59:59Z", "2026-10-26T00:00:00Z"),
        SERIES, "interval=day&from=2026-10-24&to=2026-10-26&timezone=Europe/Dublin",
        (("2026-10-24T00:00:00+01:00", 1), ("2026-10-25T00:00:00+01:00", 2), ("2026-10-26T00:00:00+00:00", 1)),
    ),
    "F85 week 53": Case(
        ("2020-12-31T12:00:00Z", "2021-01-03T23:59:59Z", "2021-01-04T00:00:00Z"),
        SERIES, "interval=week&from=2020-12-28&to=2021-01-10",
        (("2020-12-28T00:00:00+00:00", 2), ("2021-01-04T00:00:00+00:00", 1)),
    ),
    "F87 months from the 31st": Case(
        ("2026-01-30T23:59:59Z", "2026-01-31T00:00:00Z", "2026-02-28T23:59:59Z", "2026-03-31T23:59:59Z"),
        SERIES, "interval=month&from=2026-01-31&to=2026-03-31",
        (("2026-01-01T00:00:00+00:00", 1), ("2026-02-01T00:00:00+00:00", 1), ("2026-03-01T00:00:00+00:00", 1)),
    ),
    "F91 at from and at to": Case(
        ("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z"),
        SERIES, "interval=hour&from=2026-03-02T10:00:00Z&to=2026-03-02T11:00:00Z",
        (("2026-03-02T10:00:00+00:00", 1),),
    ),
    "F91 between quarters": Case(
        ("2026-03-02T10:07:03Z", "2026-03-02T10:07:04Z"),
        SERIES, "interval=15m&from=2026-03-02T10:07:03Z&to=2026-03-02T10:07:04Z",
        (("2026-03-02T10:00:00+00:00", 1),),
    ),
    "F93 last and first microsecond of a day": Case(
        ("2026-03-02T23:59:59.999999Z", "2026-03-03T00:00:00Z"),
        SERIES, "interval=day&from=2026-03-02&to=2026-03-03",
        (("2026-03-02T00:00:00+00:00", 1), ("2026-03-03T00:00:00+00:00", 1)),
    ),
    "F95 label of an hour": Case(
        ("2026-03-02T10:20:00Z",),
        SERIES, "interval=hour&from=2026-03-02T10:15:00Z&to=2026-03-02T11:15:00Z&timezone=Asia/Kathmandu",
        (("2026-03-02T16:00:00+05:45", 1),),
    ),
}  # fmt: skip


@pytest.mark.rule("R38")
@pytest.mark.rule("R39")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_every_view_is_in_the_bucket_of_its_local_time(database: str, case: Case) -> None:
    moments = [datetime.fromisoformat(view) for view in case.views]
    store(database, [Hit(at=moment, visitor=f"v{n}", session=f"s{n}") for n, moment in enumerate(moments)])

    async with running(settings_for(database), lambda: datetime(2027, 1, 1, tzinfo=UTC)) as api:
        body = await api.read(case.path, f"{case.query}&compare=none")

    assert [(item.get("time") or item["hour"], item["page_views"]) for item in body["data"]] == list(case.told)
    counted = sum(item["page_views"] for item in body["data"])
    assert counted == sum(item["sessions"] for item in body["data"])


async def test_f89_before_the_first_event_there_are_zeros(database: str) -> None:
    """A comparison with days on which the website was not there yet is one with nothing; only what retention has
    dropped cannot be told (SPEC R42)."""
    store(database, [Hit(at=datetime(2026, 3, 2, 10, tzinfo=UTC))])

    async with running(settings_for(database), lambda: datetime(2026, 3, 10, tzinfo=UTC)) as api:
        body = await api.read(f"dashboard/{SITE}", "from=2026-03-02&to=2026-03-03&compare=previous")

    assert set(body["comparison"]["metrics"].values()) == {0}
    assert body["comparison"]["new"]["page_views"] is True
    assert body["meta"]["warnings"] == []
