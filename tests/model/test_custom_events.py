"""Custom events, their properties and their values are the model's, money to the last digit."""

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.asking import Asker, Body
from tests.model.custom_events import Row, by_custom_event
from tests.model.events import CUSTOM
from tests.model.filter_tree import conjuncts, leaves
from tests.model.questions import Case, cases, examples

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
PATH = "/api/v1/events/{}/custom-events"


def without_event_type(case: Case) -> Case:
    """Here `event_type` asks for one event's properties, and is no filter."""
    rest = {name: values for name, values in case.event_filters.items() if name != "event_type"}
    tree = tuple(part for part in conjuncts(case.tree) if all(name != "event_type" for _, name, _ in leaves(part)))
    return replace(case, event_filters=rest, tree=tree)


@pytest.mark.rule("B13")
@pytest.mark.rule("R33")
@examples
@given(case=cases().map(without_event_type))
def test_custom_events_equal_the_model(asker: Asker, case: Case) -> None:
    whole = case.population(case.question)

    answer = case.site(asker).ask(PATH, case.asked, case.now)

    expected = by_custom_event(whole, lambda event: event.event_type, lambda _: True)
    assert {item["event_type"]: _row(item) for item in answer["data"]} == expected
    assert answer["total"] == len(expected)
    assert sum(item["events"] for item in answer["data"]) == whole.metrics()["events"]
    _assert_ordered(answer["data"], "event_type")


@pytest.mark.rule("B13")
@examples
@given(case=cases().map(without_event_type), event_type=st.sampled_from(CUSTOM))
def test_properties_and_values_equal_the_model(asker: Asker, case: Case, event_type: str) -> None:
    whole, site = case.population(case.question), case.site(asker)
    drilled = case.asked | {"event_type": event_type}

    properties = site.ask(PATH, drilled, case.now)
    values = site.ask(PATH, drilled | {"prop": "plan"}, case.now)

    plans = [
        event.properties["plan"]
        for event in whole.events
        if event.event_type == event_type and "plan" in event.properties
    ]
    found = [{"key": "plan", "events": len(plans), "values": len(set(plans))}] if plans else []
    assert properties["properties"] == found

    def plan(event_plan: str | None) -> Hashable:
        return "(none)" if event_plan is None else event_plan

    expected = by_custom_event(
        whole, lambda event: plan(event.properties.get("plan")), lambda event: event.event_type == event_type
    )
    assert {item["value"]: _row(item) for item in values["data"]} == expected
    assert values["total"] == len(expected)
    _assert_ordered(values["data"], "value")


def _row(item: Body) -> Row:
    row: Row = {name: value for name, value in item.items() if isinstance(value, Decimal)}
    for name in ("first_seen", "last_seen"):
        row[name] = datetime.fromisoformat(item[name])
    if "revenue" in item:
        assert all(len(amount.partition(".")[2]) >= 2 for amount in item["revenue"].values())
        row["revenue"] = {currency: Decimal(amount) for currency, amount in item["revenue"].items()}
    return row


def _assert_ordered(data: list[Body], name: str) -> None:
    keys = [(-item["unique_visitors"], item[name] == "(none)", item[name]) for item in data]
    assert keys == sorted(keys)
