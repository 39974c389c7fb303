"""Journeys and retention are the model's, counted session by session and visitor by visitor."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.arithmetic import percent
from tests.model.asking import Asker
from tests.model.calendar import buckets
from tests.model.events import PAGES
from tests.model.model import Session
from tests.model.questions import Case, cases, examples

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
_TICK = timedelta(microseconds=1)


@pytest.mark.rule("N4")
@examples
@given(
    case=cases(), steps=st.integers(2, 4), through=st.sampled_from(("", "start", "end")), page=st.sampled_from(PAGES)
)
def test_journeys_equal_the_model(asker: Asker, case: Case, steps: int, through: str, page: str) -> None:
    ways = Counter(way for visit in case.population(case.question).visits if (way := _way(visit, steps, through, page)))

    answer = case.site(asker).ask(
        "{}/journeys",
        case.asked | {"steps": str(steps), "limit": "1000"} | ({through: page} if through else {}),
        case.now,
    )

    assert [(tuple(item["pages"]), item["sessions"], item["percentage"]) for item in answer["data"]] == [
        (way, count, percent(count, ways.total()))
        for way, count in sorted(ways.items(), key=lambda one: (-one[1], one[0]))
    ]
    assert (answer["total"], answer["sessions"]) == (len(ways), ways.total())


@pytest.mark.rule("N4")
@examples
@given(case=cases(), interval=st.sampled_from(("day", "week", "month")))
def test_retention_equals_the_model(asker: Asker, case: Case, interval: str) -> None:
    question = case.question
    until = min(question.until, max(case.now, question.since) + _TICK)
    periods = buckets(question.since, until, interval, case.zone)
    seen: dict[str, set[int]] = {}
    for event in case.population(question).events:
        if event.is_hit:
            # What carries a later time than the present counts into the last.
            place = max(index for index, period in enumerate(periods) if period.since <= event.timestamp)
            seen.setdefault(event.visitor, set()).add(place)

    answer = case.site(asker).ask("{}/retention", case.asked | {"interval": interval}, case.now)

    expected = [
        [
            sum(min(places) == cohort and place in places for places in seen.values())
            for place in range(cohort, len(periods))
        ]
        for cohort in range(len(periods))
    ]
    assert [[cell["visitors"] for cell in row["periods"]] for row in answer["data"]] == expected
    assert [row["visitors"] for row in answer["data"]] == [row[0] for row in expected]
    assert sum(row["visitors"] for row in answer["data"]) == Decimal(len(seen))


def _way(visit: Session, steps: int, through: str, page: str) -> tuple[str, ...]:
    pages = [name for name, _ in groupby(view.page for view in visit.views)]
    if through and page not in pages:
        return ()
    if through == "start":
        pages = pages[pages.index(page) :]
    if through == "end":
        pages = pages[: pages.index(page) + 1][-steps:]
    return tuple(pages[:steps])
