"""Funnels the slow way: every chain of events there is, tried one by one. It knows the rules, not the SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import mean, median

Properties = tuple[tuple[str, str | int | bool], ...]


@dataclass(frozen=True)
class Happening:
    """One event; `second` counts from the start of the range, `arrival` is different for each."""

    visitor: str
    session: str
    second: int
    arrival: int
    page: str = ""
    event_type: str = "pageview"
    properties: Properties = ()
    is_bot: bool = False
    country: str | None = None


@dataclass(frozen=True)
class PlainStep:
    """A step without wildcards; no page means any."""

    page: str = ""
    event_type: str = "pageview"
    properties: Properties = ()

    def takes(self, event: Happening) -> bool:
        return (
            event.event_type == self.event_type
            and self.page in {"", event.page}
            and set(self.properties) <= set(event.properties)
        )


@dataclass(frozen=True)
class PlainFunnel:
    """A funnel over [0, length) seconds."""

    steps: tuple[PlainStep, ...]
    length: int
    window: int
    is_strict: bool = False
    is_of_sessions: bool = False
    include_bots: bool = False


@dataclass(frozen=True)
class Outcome:
    """People at each step, and the seconds that step took them (empty for the first)."""

    total: int
    counts: tuple[int, ...]
    averages: tuple[float | None, ...]
    medians: tuple[float | None, ...]
    counts_by_country: dict[str, tuple[int, ...]]


def walk(funnel: PlainFunnel, events: Sequence[Happening]) -> Outcome:
    """What the funnel says of the events."""
    person_of = {} if funnel.is_of_sessions else people_by_visitor(funnel, events)
    active: set[str] = set()
    candidates: dict[str, list[Happening]] = {}
    for event in sorted(events, key=_moment):
        is_in_reach = 0 <= event.second < funnel.length + funnel.window
        if event.event_type == "engagement" or not is_in_reach or (event.is_bot and not funnel.include_bots):
            continue
        person = event.session if funnel.is_of_sessions else person_of[event.visitor]
        candidates.setdefault(person, []).append(event)
        if event.second < funnel.length:
            active.add(person)
    chains_of: dict[str, list[tuple[Happening, ...]]] = {}
    for own in candidates.values():
        if chain := best_chain(funnel, own):
            chains_of.setdefault(_country(funnel, own, chain[0]), []).append(chain)
    chains = [chain for found in chains_of.values() for chain in found]
    depths = range(1, len(funnel.steps) + 1)
    elapsed = [
        [chain[depth - 1].second - chain[depth - 2].second for chain in chains if len(chain) >= depth > 1]
        for depth in depths
    ]
    return Outcome(
        total=len(active),
        counts=_counts(chains, depths),
        averages=tuple(mean(seconds) if seconds else None for seconds in elapsed),
        medians=tuple(median(seconds) if seconds else None for seconds in elapsed),
        counts_by_country={country: _counts(found, depths) for country, found in chains_of.items()},
    )


def best_chain(funnel: PlainFunnel, events: Sequence[Happening]) -> tuple[Happening, ...]:
    """Of the longest chains the one complete first, then started last, then quickest; events in order."""
    chains: list[tuple[Happening, ...]] = []
    for depth in range(1, len(funnel.steps) + 1):
        tried = (
            (tuple(events[start : start + depth]) for start in range(len(events) - depth + 1))
            if funnel.is_strict
            else combinations(events, depth)
        )
        chains += [chain for chain in tried if _is_chain(funnel, chain)]
    return min(chains, key=_preference, default=())


def people_by_visitor(funnel: PlainFunnel, events: Sequence[Happening]) -> dict[str, str]:
    """One name for all visitors that shared sessions connect, in the quarters of an hour around the range."""
    quarter = 900
    until = -(-(funnel.length + funnel.window) // quarter) * quarter
    name_of = {event.visitor: event.visitor for event in events}
    seen = [event for event in events if 0 <= event.second < until]
    for _ in events:
        for one in seen:
            for other in seen:
                if one.session == other.session:
                    name_of[one.visitor] = name_of[other.visitor] = min(name_of[one.visitor], name_of[other.visitor])
    return name_of


def _is_chain(funnel: PlainFunnel, chain: tuple[Happening, ...]) -> bool:
    return (
        chain[0].second < funnel.length
        and chain[-1].second - chain[0].second <= funnel.window
        and all(step.takes(event) for step, event in zip(funnel.steps, chain, strict=False))
    )


def _country(funnel: PlainFunnel, events: Sequence[Happening], start: Happening) -> str:
    """Where the person started: of starts at one instant the greatest name counts."""
    starts = [event for event in events if event.second == start.second and funnel.steps[0].takes(event)]
    return max((event.country for event in starts if event.country), default="(not set)")


def _preference(chain: tuple[Happening, ...]) -> tuple[int, int, int, tuple[int, ...]]:
    seconds = tuple(event.second for event in chain)
    return (-len(chain), seconds[-1], -seconds[0], seconds)


def _counts(chains: Sequence[tuple[Happening, ...]], depths: range) -> tuple[int, ...]:
    return tuple(sum(len(chain) >= depth for chain in chains) for depth in depths)


def _moment(event: Happening) -> tuple[int, int]:
    return (event.second, event.arrival)
