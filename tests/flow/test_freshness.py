"""An accepted event is in every report within seconds (SPEC R43)."""

import pytest

from tests.flow.pipeline import Pipeline, wait_until


@pytest.mark.rule("R43")
def test_an_accepted_event_shows_in_every_report(pipeline: Pipeline) -> None:
    pipeline.send({"website_id": "fresh", "page": "/new", "referrer": "https://news.ycombinator.com/"}, path="event")

    def pages(path: str) -> int:
        answer = pipeline.read(f"analytics/{path}")
        return 0 if answer.status == 404 else 1 if "/new" in str(answer.body) else 0

    wait_until(lambda: pages("dashboard/fresh/pages") == 1, "the page in the pages report", seconds=10)
    assert pipeline.read("analytics/dashboard/fresh").body["metrics"]["page_views"] == 1
    assert pages("fresh/realtime") == 1
    sources = pipeline.read("analytics/dashboard/fresh/sources").body["data"]
    assert [row["source"] for row in sources] == ["Hacker News"]
