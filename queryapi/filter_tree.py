"""What a tree of filters is about: whole sessions, or single events (SPEC R34)."""

from collections.abc import Iterable, Iterator

from queryapi.dimensions import ENDS, EVENT_FILTERS
from queryapi.params import PROPERTY
from queryapi.query import And, Condition, Filter, HasDone, Not, Or, Query

# Events that are no visit of a page and nothing a visitor did: met by a filter that names them, and by no other.
SILENT = frozenset({"engagement", "performance", "identify"})


def conjuncts(query: Query) -> tuple[Condition, ...]:
    """The conditions that must all be met, none of them an `And`."""
    return tuple(_flat(query.filters))


def is_about_event(condition: Condition) -> bool:
    """True when an attribute of one event is in it anywhere: then all of it is asked of one event. What
    somebody has done is a trait of the session."""
    return any(_is_of_event(name) for name in names_in(condition))


def is_about_ends(condition: Condition) -> bool:
    """True when it asks of nothing but a session's first and last page view."""
    return not has_behaviour(condition) and names_in(condition) <= ENDS


def names_in(condition: Condition) -> frozenset[str]:
    """The dimensions that it asks of, but for those of what somebody has done."""
    match condition:
        case Filter(name):
            return frozenset({name})
        case Not(part):
            return names_in(part)
        case HasDone():
            return frozenset()
        case And(parts) | Or(parts):
            return frozenset(name for part in parts for name in names_in(part))


def event_names_in(condition: Condition) -> frozenset[str]:
    return frozenset(name for name in names_in(condition) if _is_of_event(name))


def has_behaviour(condition: Condition) -> bool:
    """True when it asks what somebody has done."""
    match condition:
        case Filter():
            return False
        case Not(part):
            return has_behaviour(part)
        case HasDone():
            return True
        case And(parts) | Or(parts):
            return any(has_behaviour(part) for part in parts)


def names_silent(condition: Condition, *, is_wanted: bool = True) -> bool:
    """True when it asks for events of a SILENT type by name."""
    match condition:
        case Filter(name, values, operator):
            return is_wanted and name == "event_type" and operator == "is" and not SILENT.isdisjoint(values)
        case Not(part):
            return names_silent(part, is_wanted=not is_wanted)
        case HasDone():
            return False
        case And(parts) | Or(parts):
            return any(names_silent(part, is_wanted=is_wanted) for part in parts)


def _is_of_event(name: str) -> bool:
    return name in EVENT_FILTERS or name.startswith(PROPERTY)


def _flat(conditions: Iterable[Condition]) -> Iterator[Condition]:
    for condition in conditions:
        if isinstance(condition, And):
            yield from _flat(condition.parts)
        else:
            yield condition
