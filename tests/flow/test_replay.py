"""A body that is sent again and again is one set of rows (row A115 of the hostile inputs)."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.flow.pipeline import Pipeline

SENDINGS = 1000


@pytest.mark.rule("R57")
def test_a115_a_body_replayed_a_thousand_times_is_stored_once(shared_pipeline: Pipeline) -> None:
    body = [{"website_id": "replayed", "page": f"/{n}", "id": f"replayed-{n}", "visitor_id": f"v{n}"} for n in range(3)]

    with ThreadPoolExecutor(4) as senders:
        statuses = {answer.status for answer in senders.map(shared_pipeline.send, [body] * SENDINGS)}
    shared_pipeline.wait_consumed()

    with psycopg.connect(shared_pipeline.database_url) as connection:
        stored = connection.execute("SELECT page, count(*) FROM events WHERE website_id = 'replayed' GROUP BY page")
        rows = dict(stored.fetchall())
    views = shared_pipeline.read("analytics/dashboard/replayed").body["metrics"]["page_views"]
    assert statuses == {202}
    assert (rows, views) == ({"/0": 1, "/1": 1, "/2": 1}, 3)
