"""What a tree of filters means (SPEC R34, N3), read from the very JSON that is sent; and random trees."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.model.model import Question, Session, StoredEvent

Tree = Sequence[Any]
# Written in capital letters wherever they come from.
CODES = ("country", "region", "continent")
SILENT = ("engagement", "performance", "identify")


def conjuncts(filters: Sequence[Tree]) -> Iterator[Tree]:
    """The conditions that must all be met."""
    for tree in filters:
        if tree[0] == "and":
            yield from conjuncts(tree[1])
        else:
            yield tree


def is_about_event(tree: Tree) -> bool:
    return any(name in {"page", "event_type"} or name.startswith("prop:") for _, name, _ in leaves(tree))


def wants_silent(tree: Tree) -> bool:
    """True when it asks for engagement, performance or identify by name."""
    return any(
        operator == "is" and name == "event_type" and any(value in SILENT for value in values)
        for operator, name, values in leaves(tree)
    )


def leaves(tree: Tree) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Operator, dimension and values, the operator as it is once every `not` around it is resolved."""
    if tree[0] in {"and", "or"}:
        for part in tree[1]:
            yield from leaves(part)
    elif tree[0] == "not":
        for operator, name, values in leaves(tree[1]):
            yield (operator.removesuffix("_not") if operator.endswith("_not") else f"{operator}_not"), name, values
    elif not tree[0].startswith("has_"):
        yield tree[0], tree[1], tree[2]


def meets(tree: Tree, question: "Question", session: "Session", event: "StoredEvent | None") -> bool:
    """Whether one event of a session, or the session where `event` is None, meets a condition."""
    match tree[0]:
        case "and":
            return all(meets(part, question, session, event) for part in tree[1])
        case "or":
            return any(meets(part, question, session, event) for part in tree[1])
        case "not":
            return not meets(tree[1], question, session, event)
        case "has_done":
            is_silent_wanted = wants_silent(tree[1])
            return any(
                question.covers(row.timestamp)
                and (row.is_hit or is_silent_wanted)
                and meets(tree[1], question, session, row)
                for row in session.rows
            )
        case "has_not_done":
            return not meets(["has_done", tree[1]], question, session, event)
        case _:
            return _meets_leaf(tree, session, event)


def _meets_leaf(tree: Tree, session: "Session", event: "StoredEvent | None") -> bool:
    operator, name, values = tree[0], tree[1], tree[2]
    folded = len(tree) == 4 and not tree[3]["case_sensitive"]
    kind = operator.removesuffix("_not")
    if name in CODES and kind == "is":
        values = [*values, *(value.upper() for value in values)]
    found = _values(name, kind, session, event)
    is_met = any(_compare(kind, value, named, folded) for value in found for named in values)
    if kind == "is" and not is_met:
        is_met = _value(name, session, event) is None and _unset(name) in values
    return is_met != operator.endswith("_not")


def _values(name: str, kind: str, session: "Session", event: "StoredEvent | None") -> list[str]:
    value = _value(name, session, event)
    if value is None:
        return []
    if name != "referrer":
        return [value]
    bare = value.split("://")[1]
    return [bare, bare.split("/")[0]] if kind == "is" else [bare]


def _value(name: str, session: "Session", event: "StoredEvent | None") -> str | None:
    if name.startswith("prop:"):
        assert event is not None
        return event.properties.get(name.removeprefix("prop:"))
    if name in {"page", "event_type"}:
        assert event is not None
        return (event.page or None) if name == "page" else event.event_type
    return session.attribute(name)


def _unset(name: str) -> str:
    if name == "source":
        return "Direct / None"
    return "(none)" if name.startswith("prop:") else "(not set)"


def _compare(kind: str, value: str, named: str, folded: bool) -> bool:
    if kind == "matches":
        return re.search(named, value, re.IGNORECASE if folded else 0) is not None
    if folded:
        value, named = value.lower(), named.lower()
    return named == value if kind == "is" else named in value


FOLDED = {"case_sensitive": False}
SESSION_LEAVES: tuple[Tree, ...] = (
    ["is", "country", ["DE", "(not set)"]],
    ["is_not", "country", ["de"]],
    ["is_not", "source", ["Google"]],
    ["is", "source", ["Direct / None"]],
    ["is_not", "utm_campaign", ["spring"]],
    ["contains", "hostname", ["a.ex", "xyz"]],
    ["contains_not", "city", ["erl"]],
    ["contains", "city", ["BER"], FOLDED],
    ["matches", "browser", ["^Ch", "x$"]],
    ["matches_not", "os", ["^w.*s$"], FOLDED],
    ["is", "browser", ["chrome"], FOLDED],
    ["is", "referrer", ["example.net"]],
    ["contains_not", "referrer", ["net/a"]],
    ["is", "entry_page", ["/"]],
    ["is_not", "entry_page", ["/b"]],
    ["is", "entry_page", ["(not set)"]],
    ["contains", "exit_page", ["c"]],
)
EVENT_LEAVES: tuple[Tree, ...] = (
    ["is", "page", ["/b"]],
    ["is_not", "page", ["/"]],
    ["contains", "page", ["%20"]],
    ["matches", "page", ["^/(b|c)"]],
    ["is_not", "event_type", ["pageview"]],
    ["is", "event_type", ["engagement", "signup"]],
    ["contains", "event_type", ["SIGN"], FOLDED],
    ["is", "prop:plan", ["pro", "(none)"]],
    ["contains_not", "prop:plan", ["r"]],
)


def _pair(operator: str, part: object) -> Tree:
    return [operator, part]


def _grouped(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return inner | st.builds(_pair, st.sampled_from(("and", "or")), parts) | st.builds(_pair, st.just("not"), inner)


def _trees(leaf: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """At most three groups deep."""
    done = st.builds(
        _pair, st.sampled_from(("has_done", "has_not_done")), _grouped(st.sampled_from(EVENT_LEAVES + SESSION_LEAVES))
    )
    return _grouped(_grouped(leaf)) | _grouped(done)


session_trees = st.lists(_trees(st.sampled_from(SESSION_LEAVES)), min_size=1, max_size=2)
trees = st.lists(_trees(st.sampled_from(SESSION_LEAVES + EVENT_LEAVES)), min_size=1, max_size=2)
