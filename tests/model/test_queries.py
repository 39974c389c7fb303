"""A free query is the model's, however it is split, and where a report asks the same the numbers are the same."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.asking import Asker, Body
from tests.model.calendar import buckets
from tests.model.queries import by_dimensions
from tests.model.questions import Case, body_of, cases, examples

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
METRICS = (
    "page_views", "events", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session",
    "avg_engaged_time", "engagement_rate", "percentage",
)  # fmt: skip
SPLITS = (
    ("country",),
    ("source", "browser"),
    ("entry_page",),
    ("exit_page", "device"),
    ("page",),
    ("event_type", "page"),
    ("prop:plan",),
    ("time:day", "country"),
    ("time:hour", "page"),
    ("page", "entry_page", "time:week", "channel"),
)


@pytest.mark.rule("N3")
@pytest.mark.rule("R34")
@examples
@given(case=cases(), split=st.sampled_from(SPLITS))
def test_rows_of_any_split_equal_the_model(asker: Asker, case: Case, split: tuple[str, ...]) -> None:
    site, whole, question = case.site(asker), case.population(case.question), case.question
    until = min(question.until, max(case.now, question.since) + timedelta(microseconds=1))
    interval = next((name.partition(":")[2] for name in split if name.startswith("time")), "day")

    answer = site.query(body_of(case) | {"metrics": METRICS, "dimensions": split}, case.now)

    expected = by_dimensions(whole, split, buckets(question.since, until, interval, case.zone))
    rows = {tuple(item["dimensions"][name] for name in split): item["metrics"] for item in answer["data"]}
    assert rows == {key: {name: row[name] for name in METRICS} for key, row in expected.items()}
    assert answer["total"] == len(expected)
    views = [item["metrics"]["page_views"] for item in answer["data"]]
    assert views == sorted(views, reverse=True)
    _assert_parts_add_up(answer["data"], split, whole.metrics())


def _assert_parts_add_up(data: list[Body], split: Sequence[str], totals: Body) -> None:
    """Every page view is in one row; a session is, unless the rows are split by what it has many of."""
    assert sum(item["metrics"]["page_views"] for item in data) == totals["page_views"]
    if not any(name in {"page", "event_type"} or name.startswith("prop:") for name in split):
        assert sum(item["metrics"]["sessions"] for item in data) == totals["sessions"]


@pytest.mark.rule("N3")
@examples
@given(case=cases(), limit=st.integers(1, 3), offset=st.integers(0, 3), split=st.sampled_from(SPLITS))
def test_a_page_of_a_query_is_a_slice_of_all(
    asker: Asker, case: Case, limit: int, offset: int, split: tuple[str, ...]
) -> None:
    site = case.site(asker)
    asked = body_of(case) | {"metrics": ["sessions", "events"], "dimensions": split}
    asked["order_by"] = [["events", "asc"], [split[-1], "desc"]]

    everything = site.query(asked, case.now)
    page = site.query(asked | {"pagination": {"limit": limit, "offset": offset}}, case.now)

    assert page["data"] == everything["data"][offset : offset + limit]
    keys = [(item["metrics"]["events"]) for item in everything["data"]]
    assert keys == sorted(keys)
