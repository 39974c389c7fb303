"""What may be said of a funnel, and how everything else is refused."""

import json
import uuid

import pytest

from queryapi.funnel import Step
from queryapi.funnel_definition import Submitted, parse_definition
from shared.errors import AppError

CART = {"name": "Cart", "page": "/cart", "order": 1}
PAID = {"name": "Paid", "event_type": "purchase", "order": 2, "properties": {"plan": "pro"}}
CHECKOUT = {"website_id": "shop", "name": "Checkout", "steps": [CART, PAID]}


def parse(document: object, *, keep_ids: bool = False) -> Submitted:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_definition(body, keep_ids=keep_ids)


def with_step(**fields: object) -> dict[str, object]:
    """A funnel whose second step has these fields in place of its own."""
    return {**CHECKOUT, "steps": [CART, {**PAID, **fields}]}


def second_step(**fields: object) -> Step:
    return parse(with_step(**fields)).definition.steps[1]


@pytest.mark.rule("R72")
def test_defaults_are_filled_in() -> None:
    submitted = parse(
        {"website_id": "shop", "name": " Checkout ", "steps": [{"page": "/cart"}, {"event_type": "paid"}]}
    )
    definition = submitted.definition

    assert submitted.website_id == "shop"
    assert (definition.name, definition.scope, definition.order) == ("Checkout", "visitor", "ordered")
    assert definition.window_seconds == 86_400
    assert [(step.name, step.page, step.event_type) for step in definition.steps] == [
        ("/cart", "/cart", "pageview"),
        ("paid", "", "paid"),
    ]


@pytest.mark.rule("R72")
def test_steps_stand_in_the_order_they_name() -> None:
    steps = [{"page": "/c", "order": 7}, {"page": "/a", "order": 1}, {"page": "/b", "order": 3}]

    definition = parse({**CHECKOUT, "steps": steps}).definition

    assert [step.page for step in definition.steps] == ["/a", "/b", "/c"]


@pytest.mark.rule("R72")
def test_step_ids_are_kept_on_replacement_and_made_on_creation() -> None:
    sent = uuid.uuid4()

    kept = parse(with_step(id=str(sent).upper()), keep_ids=True).definition.steps
    made = parse(with_step(id=str(sent)), keep_ids=False).definition.steps

    assert kept[1].id == sent
    assert len({sent, kept[0].id, made[0].id, made[1].id}) == 4


ACCEPTED = [
    pytest.param({"page": "/p", "event_type": "paid"}, ("/p", "paid"), id="D29 page and event_type"),
    pytest.param({"page": "/", "event_type": None}, ("/", "pageview"), id="D31 the root"),
    pytest.param({"page": "*"}, ("*", "purchase"), id="D33 any page of a custom event"),
    pytest.param({"page": "/%"}, ("/%", "purchase"), id="D35 percent"),
    pytest.param({"page": "\\\\"}, ("\\\\", "purchase"), id="D37 backslashes"),
    pytest.param({"page": "' OR 1=1 --"}, ("' OR 1=1 --", "purchase"), id="D41 quote"),
    pytest.param({"page": "javascript:alert(1)"}, ("javascript:alert(1)", "purchase"), id="D43 scheme"),
    pytest.param({"page": "/cafe\u0301"}, ("/caf\u00e9", "purchase"), id="D45 decomposed"),
    pytest.param({"event_type": "never_seen"}, ("", "never_seen"), id="D47 unknown event type"),
    pytest.param({"page": ""}, ("", "purchase"), id="no page, as answers write it"),
]


@pytest.mark.parametrize(("fields", "expected"), ACCEPTED)
def test_step_is_taken_literally(fields: dict[str, object], expected: tuple[str, str]) -> None:
    step = second_step(**fields)

    assert (step.page, step.event_type) == expected


TAKEN = [
    pytest.param({"name": "a\ud800b"}, id="D11 lone surrogate"),
    pytest.param({"created_at": "2020-01-01T00:00:00Z", "id": "x"}, id="D17 fields that we give"),
    pytest.param({"steps": [CART, CART | {"order": 2}]}, id="D59 identical steps"),
    pytest.param({"steps": [{"page": f"/{step}"} for step in range(10)]}, id="ten steps"),
    pytest.param({"scope": "visitor"}, id="D69 visitor"),
    pytest.param({"scope": "session"}, id="D69 session"),
    pytest.param({"order": None, "strict": None}, id="D71 null is the default"),
    pytest.param({"window_seconds": 2_592_000}, id="longest window"),
]


@pytest.mark.parametrize("fields", TAKEN)
def test_funnel_is_taken(fields: dict[str, object]) -> None:
    assert "\ud800" not in parse({**CHECKOUT, **fields}).definition.name


NO_JSON = [
    pytest.param(b"", "invalid_json", id="D1 empty"),
    pytest.param(b"{", "invalid_json", id="cut"),
    pytest.param(b'{"name":"\xff"}', "invalid_json", id="not UTF-8"),
    pytest.param(b'{"steps":[{"order":NaN}]}', "invalid_json", id="D57 NaN"),
    pytest.param(b'{"steps":' + b"[" * 100 + b"]" * 100 + b"}", "too_deep", id="D27 100 deep"),
    pytest.param(b"[" * 60_000, "too_deep", id="60 000 deep"),
    pytest.param(b'{"window_seconds":' + b"9" * 60_000 + b"}", "invalid_json", id="a number of 60 000 digits"),
]


@pytest.mark.parametrize(("body", "code"), NO_JSON)
def test_what_is_no_json_is_400(body: bytes, code: str) -> None:
    with pytest.raises(AppError) as refused:
        parse(body)

    assert (refused.value.status, refused.value.code) == (400, code)


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in CHECKOUT.items() if key != name}


REFUSED = [
    pytest.param([], "invalid_type", "body", id="a list"),
    pytest.param(without("name"), "missing_field", "name", id="D3 no name"),
    pytest.param({**CHECKOUT, "name": " \u200b\u2003"}, "invalid_value", "name", id="D5 blank name"),
    pytest.param({**CHECKOUT, "name": "a\0"}, "invalid_value", "name", id="D7 NUL"),
    pytest.param({**CHECKOUT, "name": {"a": 1}}, "invalid_type", "name", id="D9 object"),
    pytest.param({**CHECKOUT, "name": "x" * 201}, "too_long", "name", id="long name"),
    pytest.param({**CHECKOUT, "website_id": 5}, "invalid_type", "website_id", id="website_id a number"),
    pytest.param(without("steps"), "missing_field", "steps", id="D19 no steps"),
    pytest.param({**CHECKOUT, "steps": []}, "too_few_steps", "steps", id="D21 empty"),
    pytest.param({**CHECKOUT, "steps": [CART]}, "too_few_steps", "steps", id="one step"),
    pytest.param({**CHECKOUT, "steps": [{"page": "/a"}] * 11}, "too_many_steps", "steps", id="D23 one too many"),
    pytest.param({**CHECKOUT, "steps": [None]}, "too_few_steps", "steps", id="D25 null"),
    pytest.param({**CHECKOUT, "steps": [CART, None]}, "invalid_type", "steps[1]", id="D25 null among steps"),
    pytest.param({**CHECKOUT, "steps": {}}, "invalid_type", "steps", id="steps an object"),
    pytest.param(
        with_step(page="*", event_type=None), "step_matches_everything", "steps[1].page", id="D33 every page view"
    ),
    pytest.param(with_step(page="/**", event_type="pageview"), "step_matches_everything", "steps[1].page", id="/**"),
    pytest.param(with_step(event_type="pageview"), "step_matches_everything", "steps[1].page", id="nothing asked"),
    pytest.param(with_step(page="/*" * 11), "invalid_value", "steps[1].page", id="too many wildcards"),
    pytest.param(with_step(page="/a\nb"), "invalid_value", "steps[1].page", id="line break"),
    pytest.param(with_step(match="contains"), "unknown_field", "steps[1].match", id="D39 match"),
    pytest.param(with_step(event_type=5), "invalid_type", "steps[1].event_type", id="D49 number"),
    pytest.param(with_step(event_type="engagement"), "invalid_value", "steps[1].event_type", id="reserved"),
    pytest.param(with_step(event_type="e" * 101), "too_long", "steps[1].event_type", id="long event type"),
    pytest.param(with_step(name="x" * 5000), "too_long", "steps[1].name", id="D51 long"),
    pytest.param(with_step(order=-1), "invalid_value", "steps[1].order", id="D53 negative"),
    pytest.param(with_step(order=1.5), "invalid_type", "steps[1].order", id="D53 fraction"),
    pytest.param(with_step(order="1"), "invalid_type", "steps[1].order", id="D53 text"),
    pytest.param(with_step(order=True), "invalid_type", "steps[1].order", id="D53 true"),
    pytest.param(with_step(order=2**31), "invalid_value", "steps[1].order", id="D53 too large"),
    pytest.param(with_step(order=1), "duplicate_order", "steps[1].order", id="same order"),
    pytest.param(with_step(filters={"planet": "Mars"}), "unknown_field", "steps[1].filters", id="D61 filters"),
    pytest.param(with_step(id="7"), "invalid_value", "steps[1].id", id="id no UUID"),
    pytest.param(with_step(properties={"a": []}), "invalid_type", "steps[1].properties.a", id="list property"),
    pytest.param(with_step(properties={"a": None}), "invalid_type", "steps[1].properties.a", id="null property"),
    pytest.param(with_step(properties={"a": 2**63}), "invalid_value", "steps[1].properties.a", id="large number"),
    pytest.param(with_step(properties={"a": "\0"}), "invalid_value", "steps[1].properties.a", id="NUL property"),
    pytest.param(with_step(properties={"": 1}), "invalid_value", "steps[1].properties", id="empty key"),
    pytest.param(
        with_step(properties={str(key): 1 for key in range(51)}), "invalid_value", "steps[1].properties", id="51 keys"
    ),
    pytest.param({**CHECKOUT, "window_seconds": 0}, "invalid_value", "window_seconds", id="D63 zero"),
    pytest.param({**CHECKOUT, "window_seconds": -1}, "invalid_value", "window_seconds", id="D63 negative"),
    pytest.param({**CHECKOUT, "window_seconds": 2_592_001}, "invalid_value", "window_seconds", id="31 days"),
    pytest.param({**CHECKOUT, "window_seconds": "7d"}, "invalid_type", "window_seconds", id="D65 text"),
    pytest.param({**CHECKOUT, "window": 604_800}, "unknown_field", "window", id="D65 the other name"),
    pytest.param({**CHECKOUT, "window_seconds": "P1Y"}, "invalid_type", "window_seconds", id="D67 ISO duration"),
    pytest.param({**CHECKOUT, "scope": "x"}, "invalid_value", "scope", id="D69 unknown scope"),
    pytest.param({**CHECKOUT, "order": "any"}, "invalid_value", "order", id="unknown order"),
]


@pytest.mark.rule("R72")
@pytest.mark.parametrize(("document", "code", "field"), REFUSED)
def test_what_is_no_funnel_is_422_and_says_where(document: object, code: str, field: str) -> None:
    with pytest.raises(AppError) as refused:
        parse(document)

    assert (refused.value.status, refused.value.code, refused.value.details["field"]) == (422, code, field)
    assert refused.value.message.startswith(f"{field}: ")


def test_two_steps_of_one_id_are_refused() -> None:
    step_id = str(uuid.uuid4())

    with pytest.raises(AppError) as refused:
        parse({**CHECKOUT, "steps": [CART | {"id": step_id}, PAID | {"id": step_id}]}, keep_ids=True)

    assert refused.value.code == "duplicate_id"
