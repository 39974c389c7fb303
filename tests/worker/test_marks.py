"""What a transaction of the worker says of what it changed."""

from datetime import timedelta

import pytest

from tests.worker.given import NOON, SITE, event, open_bench


@pytest.mark.rule("R43")
def test_a_transaction_marks_whose_rows_it_changed_and_what_it_added(database: str) -> None:
    with open_bench(database) as bench:
        bench.write(
            [
                event(NOON, visitor_id="a"),
                event(NOON + timedelta(seconds=1), visitor_id="a", event_type="buy"),
                event(NOON + timedelta(seconds=2), visitor_id="a", event_type="engagement", engaged_ms=1),
                event(NOON + timedelta(seconds=3), visitor_id="b", previous_visitor_id="of yesterday"),
                event(NOON + timedelta(minutes=16), visitor_id="a"),
            ],
            [event(NOON + timedelta(seconds=4), visitor_id="c", website_id="site-2")],
        )

        marks = bench.rows(
            "SELECT website_id, bucket, is_bot, pageviews, custom_events, events, persistent_events,"
            " (SELECT array_agg(DISTINCT e.visitor_id ORDER BY e.visitor_id) FROM events e"
            "  WHERE e.visitor_hash = ANY (visitors)), cardinality(visitors)"
            " FROM rollup_dirty ORDER BY website_id, bucket"
        )

    assert marks == [
        (SITE, NOON, False, 2, 1, 4, 3, ["a", "b"], 2),
        (SITE, NOON + timedelta(minutes=15), False, 1, 0, 1, 1, ["a"], 1),
        ("site-2", NOON, False, 1, 0, 1, 1, ["c"], 1),
    ]
