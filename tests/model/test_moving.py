"""Events that were exported and imported again are the same rows, and make the same reports."""

import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from queryapi.routes import REPORTS
from tests.model.asking import Asker
from tests.model.questions import Case, cases, examples
from tests.model.stored import put_website
from tests.queryapi.moving import renamed, rows_of

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
_characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_texts = st.tuples(
    st.sampled_from(("", "=", "-", "@", "\t", "\r", "'", '"', "\n", ",")), st.text(_characters, max_size=8)
)
_hostile = _texts.map("".join)
_properties = st.dictionaries(
    _hostile, _hostile | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none(), max_size=3
)
# What an event has of its own, and no report tells sessions apart by.
_own = st.fixed_dictionaries(
    {
        "title": st.none() | _hostile,
        "user_agent": st.none() | _hostile,
        "bot_reasons": st.none() | st.lists(_hostile, max_size=2),
        "properties": st.none() | _properties.map(Jsonb),
        "is_new_user": st.none() | st.booleans(),
        "revenue": st.none()
        | st.decimals(Decimal(-999999999999999), Decimal(999999999999999), places=4, allow_nan=False),
    }
)
_SET = """
UPDATE events
SET title = %(title)s, user_agent = %(user_agent)s, bot_reasons = %(bot_reasons)s::text[],
    properties = coalesce(%(properties)s::jsonb, properties), is_new_user = %(is_new_user)s,
    revenue_amount = %(revenue)s, revenue_currency = CASE WHEN %(revenue)s::numeric IS NULL THEN NULL ELSE 'EUR' END
WHERE website_id = %(website_id)s AND arrival %% %(count)s = %(number)s
"""


# A report more costs two requests an example.
@settings(examples, max_examples=3)
@given(
    case=cases(),
    owns=st.lists(_own, min_size=1, max_size=5),
    form=st.sampled_from(("ndjson", "csv")),
    limit=st.integers(1, 40),
)
def test_rows_and_reports_are_those_of_where_they_came_from(
    asker: Asker, database: str, case: Case, owns: list[dict[str, Any]], form: str, limit: int
) -> None:
    website_id = case.site(asker).website_id
    target = f"{website_id}-moved"
    with psycopg.connect(database) as connection:
        for number, own in enumerate(owns):
            connection.execute(_SET, {**own, "website_id": website_id, "count": len(owns), "number": number})
        put_website(connection, target, case.traffic.zone_name, case.traffic.engaged_threshold_s)

    asker.move(website_id, target, form, limit, case.now)
    again = asker.move(website_id, target, "csv" if form == "ndjson" else "ndjson", 10_000, case.now)

    assert (again["added"], again["present"]) == (0, len(case.events))
    assert rows_of(database, target) == renamed(rows_of(database, website_id), target)
    for path, report in REPORTS:
        asked = {name: value for name, value in case.asked.items() if name in report.scalars | report.repeatable}
        told = [asker.reply(path.replace("{website_id}", name), asked, case.now) for name in (website_id, target)]

        assert _without_names(told[1].payload) == _without_names(told[0].payload), (path, asked)
        assert told[0].status == told[1].status


def _without_names(payload: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(payload, parse_float=Decimal)
    meta = {name: value for name, value in body.pop("meta", {}).items() if name not in {"source", "cached_at"}}
    return {**body, "meta": meta, "website_id": None, "request_id": None}
