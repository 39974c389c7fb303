"""The numbers of a funnel against a model that tries every chain."""

from decimal import ROUND_HALF_UP, Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from queryapi.rows import whole
from tests.queryapi.funnel_fixture import ask, counts, in_sample, store
from tests.queryapi.funnel_model import Happening, PlainFunnel, PlainStep, walk

HOUR = 3600
PAGES = st.sampled_from(["/a", "/b", "/c"])
COUNTRIES = {"s0": "DE", "s1": "FR", "s2": None, "s3": "DE", "s4": "US"}


@st.composite
def happenings(draw: st.DrawFn) -> list[Happening]:
    """A few events at a few moments, so that ties, shared sessions and edges of the range are common."""
    size = draw(st.integers(0, 14))
    events: list[Happening] = []
    for arrival in draw(st.permutations(range(size))):
        session = draw(st.sampled_from(sorted(COUNTRIES)))
        # Mostly the session's own visitor: where all are one person there is little to get wrong.
        visitor = draw(st.sampled_from([f"v{session}"] * 5 + ["v0", "v1"]))
        event_type = draw(st.sampled_from(["pageview"] * 6 + ["paid", "engagement"]))
        properties = draw(st.sampled_from([(), (("plan", "pro"),)])) if event_type == "paid" else ()
        second = draw(st.integers(-2, 12)) * 600
        events.append(
            Happening(
                visitor, session, second, arrival, draw(PAGES), event_type, properties, country=COUNTRIES[session]
            )
        )
    return events


STEPS = st.lists(
    st.one_of(
        PAGES.map(PlainStep),
        st.sampled_from([PlainStep(event_type="paid"), PlainStep(event_type="paid", properties=(("plan", "pro"),))]),
    ),
    min_size=2,
    max_size=4,
).map(tuple)
FUNNELS = st.builds(
    PlainFunnel,
    steps=STEPS,
    length=st.sampled_from([600, 3000, HOUR]),
    window=st.sampled_from([1, 600, 1800, HOUR]),
    is_strict=st.booleans(),
    is_of_sessions=st.booleans(),
)


@pytest.mark.rule("R74")
@pytest.mark.rule("R75")
@pytest.mark.rule("R76")
@pytest.mark.rule("R77")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(funnel=FUNNELS, events=happenings(), one_in=st.sampled_from([1, 1, 2]))
@example(
    # One person, by the session that both visitors share, starts twice at one instant.
    funnel=PlainFunnel((PlainStep("/a"), PlainStep("/b")), HOUR, HOUR),
    events=[
        Happening("v0", "s3", 600, 0, "/a", country="DE"),
        Happening("v0", "s4", 1200, 1, "/c", country="US"),
        Happening("vs4", "s4", 600, 2, "/a", country="US"),
    ],
    one_in=1,
)
def test_answer_is_the_model_s(database: str, funnel: PlainFunnel, events: list[Happening], one_in: int) -> None:
    """Of a sample too, as if nobody else had been there."""
    website_id = uuid4().hex
    store(database, website_id, events)
    expected = walk(funnel, [event for event in events if in_sample(website_id, event.visitor, one_in)])

    total, rows = ask(database, website_id, funnel, split_by="country", one_in=one_in)

    assert total == expected.total
    assert counts(rows, len(funnel.steps)) == expected.counts
    assert list(expected.counts) == sorted(expected.counts, reverse=True)
    for row in rows:
        if row["place"] is None:
            step = whole(row["step"]) - 1
            assert (row["average_seconds"], row["median_seconds"]) == (
                _seconds(expected.averages[step]),
                _seconds(expected.medians[step]),
            )
    by_country = {
        country: tuple(count for count in found if count) for country, found in expected.counts_by_country.items()
    }
    grouped: dict[object, tuple[int, ...]] = {}
    for row in rows:
        if row["place"] is not None:
            grouped[row["value"]] = (*grouped.get(row["value"], ()), whole(row["people"]))
    assert grouped == by_country


def _seconds(value: float | None) -> int | None:
    return None if value is None else int(Decimal(str(value)).quantize(Decimal(1), ROUND_HALF_UP))
