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


@pytest.mark.rule("R43")
@pytest.mark.rule("R71")
def test_a_kept_answer_ends_with_the_commit_of_an_event(shared_pipeline: Pipeline) -> None:
    def page_views() -> tuple[int, str]:
        body = shared_pipeline.read("analytics/dashboard/kept", query="days=7&compare=none").body
        return body["metrics"]["page_views"], body["meta"]["source"]

    sources: list[str] = []
    for sent in range(1, 4):
        shared_pipeline.send({"website_id": "kept", "page": f"/{sent}"}, path="event")
        shared_pipeline.wait_consumed()

        views, source = page_views()
        again, kept = page_views()

        assert (views, again) == (sent, sent)
        assert source != "cache"
        sources.append(kept)
    assert sources == ["cache"] * 3
