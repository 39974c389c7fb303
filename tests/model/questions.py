"""Random questions about random traffic: the parameters of a request, and the same for the model."""

import json
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.model.asking import ROLLUPS, Asked, Asker, Body, Site
from tests.model.calendar import DAY, start_of, year_before
from tests.model.events import PAGES, PLACES_IN_TIME, Traffic, stored_events, traffics
from tests.model.filter_tree import Tree, session_trees, trees
from tests.model.model import Filters, Population, Question, StoredEvent, population

# MODEL_EXAMPLES=500 asks 500 times a test, each run other questions; by default the same few every run.
# MODEL_SHRINK=1 then looks for the smallest question that fails, which takes minutes.
_EXAMPLES = os.environ.get("MODEL_EXAMPLES")
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
examples = settings(
    max_examples=int(_EXAMPLES or 10),
    derandomize=_EXAMPLES is None,
    deadline=None,
    phases=(*_PHASES, Phase.shrink) if os.environ.get("MODEL_SHRINK") else _PHASES,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

SESSION_FILTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("source", ("Google",)),
    ("source", ("Google", "letter")),
    ("channel", ("Direct",)),
    ("country", ("DE",)),
    ("city", ("Berlin",)),
    ("browser", ("Chrome", "Safari")),
    ("device", ("mobile",)),
    ("hostname", ("a.example.com",)),
    ("utm_campaign", ("spring",)),
    ("entry_page", ("/",)),
    ("exit_page", ("/", "/b")),
)
EVENT_FILTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("page", (PAGES[1],)),
    ("page", (PAGES[0], PAGES[2])),
    ("event_type", ("signup",)),
    ("event_type", ("pageview",)),
    ("prop:plan", ("pro",)),
)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Whole local days, or moments; `days` counts back from today, where the range ends today."""

    first: date | datetime
    last: date | datetime
    is_days: bool = False


@dataclass(frozen=True, kw_only=True)
class Case:
    """Traffic, one question about it, and the moment at which it is asked."""

    traffic: Traffic
    rollups: str
    zone_name: str
    span: Span
    now: datetime
    session_filters: Filters = field(default_factory=dict[str, tuple[str, ...]])
    event_filters: Filters = field(default_factory=dict[str, tuple[str, ...]])
    tree: tuple[Tree, ...] = ()
    include_bots: bool = False
    # Follows from the traffic.
    events: list[StoredEvent] = field(repr=False)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    @property
    def asked(self) -> dict[str, str | tuple[str, ...]]:
        """The parameters of the request but for those of one report."""
        span: Asked
        if self.span.is_days:
            span = {"days": str((self.question.until - self.question.since + DAY / 2) // DAY)}
        else:
            span = {"from": _text(self.span.first), "to": _text(self.span.last)}
        return {**span, **self.picked, "timezone": self.zone_name}

    @property
    def picked(self) -> dict[str, str | tuple[str, ...]]:
        """The filters of the request."""
        return {
            **self.session_filters,
            **self.event_filters,
            **({"filters": json.dumps(self.tree)} if self.tree else {}),
            **({"include_bots": "true"} if self.include_bots else {}),
        }

    @property
    def question(self) -> Question:
        first, last = self.span.first, self.span.last
        return self.during(
            first if isinstance(first, datetime) else start_of(first, self.zone),
            last if isinstance(last, datetime) else start_of(last + DAY, self.zone),
        )

    def during(self, since: datetime, until: datetime) -> Question:
        threshold = self.traffic.engaged_threshold_s
        return Question(
            since=since,
            until=until,
            session_filters=self.session_filters,
            event_filters=self.event_filters,
            tree=self.tree,
            include_bots=self.include_bots,
            engaged_threshold_ms=None if threshold is None else 1000 * threshold,
        )

    def population(self, question: Question) -> Population:
        return population(self.events, question)

    def compared(self, *, is_year: bool) -> Question:
        """SPEC R40."""
        first, last, own = self.span.first, self.span.last, self.question
        if isinstance(first, datetime) or isinstance(last, datetime):
            assert not is_year
            return self.during(own.since - (own.until - own.since), own.since)
        length = last - first + DAY
        before, end = (year_before(first), year_before(last)) if is_year else (first - length, last - length)
        until = start_of(end + DAY, self.zone)
        if self.now.astimezone(self.zone).date() == last:
            clock = self.now.astimezone(self.zone).time()
            until = datetime.combine(end, clock, self.zone).astimezone(UTC)
        return self.during(start_of(before, self.zone), until)

    def site(self, asker: Asker) -> Site:
        return Site(asker.store(self.traffic, self.events, self.rollups), self.events, asker)


def body_of(case: Case) -> Body:
    """The population of the case as a query has it."""
    asked = dict(case.asked)
    picked = {**case.session_filters, **case.event_filters}
    short = [["is", name, list(values)] for name, values in picked.items()]
    body: Body = {"filters": [*short, *case.tree], "timezone": asked["timezone"]}
    if "days" in asked:
        body["days"] = int(str(asked["days"]))
    else:
        body["date_range"] = [asked["from"], asked["to"]]
    return body | {"include": {"bots": case.include_bots, "total_rows": True}}


def _text(end: date | datetime) -> str:
    return end.isoformat().replace("+00:00", "Z")


def as_whole_days(case: Case) -> Case:
    """The case without filters, of a website whose days those of the question are."""
    traffic = replace(case.traffic, zone_name=case.zone_name)
    first, last = (end.date() if isinstance(end, datetime) else end for end in (case.span.first, case.span.last))
    plain = replace(case, traffic=traffic, session_filters={}, tree=(), include_bots=False)
    return replace(plain, span=replace(case.span, first=first, last=last))


@st.composite
def _spans(draw: st.DrawFn, night: date, today: date) -> Span:
    kind = draw(st.sampled_from(("dates", "dates", "days", "quarters", "moments")))
    if kind == "days":
        return Span(first=today - draw(st.integers(0, 6)) * DAY, last=today, is_days=True)
    if kind == "dates":
        first = night + draw(st.integers(-2, 1)) * DAY
        return Span(first=first, last=min(first + draw(st.integers(0, 3)) * DAY, max(today, first)))
    unit = timedelta(minutes=15) if kind == "quarters" else timedelta(seconds=1)
    steps = draw(
        st.tuples(*[st.integers(-2 * DAY // unit, 2 * DAY // unit)] * 2).filter(lambda ends: ends[0] != ends[1])
    )
    midnight = datetime(night.year, night.month, night.day, tzinfo=UTC)
    return Span(first=midnight + min(steps) * unit, last=midnight + max(steps) * unit)


def _chosen(pool: tuple[tuple[str, tuple[str, ...]], ...], most: int) -> st.SearchStrategy[Filters]:
    # Half of the questions have no such filter.
    none: Filters = {}
    return st.just(none) | st.lists(st.sampled_from(pool), min_size=1, max_size=most).map(dict)


@st.composite
def cases(draw: st.DrawFn, *, has_event_filters: bool = True) -> Case:
    traffic = draw(traffics)
    events = stored_events(traffic)
    zone_name = draw(st.just(traffic.zone_name) | st.sampled_from([name for name, _ in PLACES_IN_TIME]))
    last = max(event.timestamp for event in events) if events else datetime(2026, 3, 2, tzinfo=UTC)
    now = last + draw(st.integers(0, 4000) | st.integers(0, 200_000)) * timedelta(seconds=1)
    return Case(
        traffic=traffic,
        rollups=draw(st.sampled_from(ROLLUPS)),
        zone_name=zone_name,
        span=draw(_spans(traffic.night, now.astimezone(ZoneInfo(zone_name)).date())),
        now=now,
        session_filters=draw(_chosen(SESSION_FILTERS, 2)),
        event_filters=draw(_chosen(EVENT_FILTERS, 2)) if has_event_filters else {},
        tree=tuple(draw(st.just(()) | (trees if has_event_filters else session_trees))),
        include_bots=draw(st.booleans()),
        events=events,
    )
