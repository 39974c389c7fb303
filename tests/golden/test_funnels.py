"""The golden vectors of funnels, from an HTTP request to an HTTP answer on real servers."""

from uuid import uuid4

import pytest

from tests.golden.site import Site
from tests.golden.vectors import DAY, event

DAY_1 = f"from={DAY}&to={DAY}&compare=none"


def funnel(site: Site, query: str, *pages: str, **options: object) -> list[int]:
    """Visitors at each step of a funnel over `pages`."""
    steps = [{"name": page, "page": page, "order": number} for number, page in enumerate(pages, 1)]
    definition = {"website_id": site.website_id, "name": uuid4().hex, "steps": steps, **options}
    made = site.pipeline.call("POST", "funnels", definition)
    assert made.status == 201, made.body
    answer = site.pipeline.read(f"funnels/{made.body['id']}/performance", query=query)
    assert answer.status == 200, answer.body
    return [step["visitors"] for step in answer.body["steps"]]


@pytest.mark.rule("G5")
def test_a_funnel_counts_conversions_after_the_range(golden: Site) -> None:
    assert funnel(golden, DAY_1, "/a", "/b", scope="session", window_seconds=86_400) == [3, 2]


@pytest.mark.rule("G6")
def test_a_funnel_measures_its_window_from_every_first_step(site: Site) -> None:
    site.take_in([event("v1", "09:00:00", "/a"), event("v1", "12:00:00", "/a"), event("v1", "12:30:00", "/b")])

    assert funnel(site, DAY_1, "/a", "/b", window_seconds=3600) == [1, 1]


@pytest.mark.rule("G7")
def test_one_event_satisfies_one_step_of_a_funnel(site: Site) -> None:
    site.take_in([event("v1", "10:00:00", "/a")])
    once = funnel(site, DAY_1, "/a", "/a")
    site.take_in([event("v1", "10:01:00", "/a")])

    assert (once, funnel(site, DAY_1, "/a", "/a")) == ([1, 0], [1, 1])


@pytest.mark.rule("G8")
def test_steps_out_of_order_complete_no_funnel(site: Site) -> None:
    site.take_in([event("v1", "10:00:00", "/b"), event("v1", "10:01:00", "/a")])

    assert funnel(site, DAY_1, "/a", "/b") == [1, 0]
