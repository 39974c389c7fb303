"""Random but realistic events: what people do on a site, cut into sessions by a small sessionizer of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.model.model import StoredEvent

SESSION_GAP = timedelta(seconds=1800)
LONGEST_SESSION = timedelta(hours=24)

# Nights on which clocks change, at midnight or by half an hour in some, and days like any other.
PLACES_IN_TIME = (
    ("UTC", date(2026, 3, 2)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Asia/Kathmandu", date(2026, 2, 1)),
    ("Asia/Kolkata", date(2026, 1, 1)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("America/Havana", date(2026, 11, 1)),
    ("Pacific/Apia", date(2026, 2, 28)),
)
_NO_CAMPAIGN: Mapping[str, str | None] = dict.fromkeys(f"utm_{part}" for part in "source medium campaign".split())
ORIGINS: tuple[Mapping[str, str | None], ...] = tuple(
    _NO_CAMPAIGN | origin
    for origin in (
        {"source": None, "channel": "Direct", "referrer": None},
        {"source": "Google", "channel": "Organic Search", "referrer": "https://google.com/"},
        {"source": "example.net", "channel": "Referral", "referrer": "https://example.net/a"},
        {"source": "example.net", "channel": "Referral", "referrer": "https://example.net/b"},
        {"source": "letter", "channel": "Email", "referrer": None, "utm_source": "letter", "utm_medium": "email"},
        {"source": "letter", "channel": "Email", "referrer": None, "utm_source": "letter", "utm_campaign": "spring"},
        {"source": "Google", "channel": "Paid Search", "referrer": "https://google.com/", "utm_campaign": "spring"},
    )
)
NOWHERE: Mapping[str, str | None] = dict.fromkeys(("country", "region", "city", "continent"))
LOCATIONS: tuple[Mapping[str, str | None], ...] = (
    NOWHERE,
    {"country": "DE", "region": "DE-BE", "city": "Berlin", "continent": "EU"},
    {"country": "US", "region": "US-NH", "city": "Berlin", "continent": "NA"},
    {"country": "DE", "region": None, "city": None, "continent": "EU"},
)
AGENTS: tuple[Mapping[str, str | None], ...] = (
    {"browser": "Chrome", "os": "Windows", "device": "desktop", "screen": "1920x1080"},
    {"browser": "Safari", "os": "iOS", "device": "mobile", "screen": None},
    {"browser": None, "os": None, "device": "unknown", "screen": None},
)
HOSTS: tuple[Mapping[str, str | None], ...] = tuple({"hostname": host} for host in ("a.example.com", "b.example.com"))
CUSTOM = ("signup", "outbound")
# What custom events earn, in turn.
PRICES = (None, ("EUR", Decimal("19.90")), ("USD", Decimal("0.0001")), ("EUR", Decimal(100)))
PAGES = ("/", "/b", "/c%20d")


@dataclass(frozen=True, kw_only=True, repr=False)
class Hit:
    """One thing a person does, `after` the one before it."""

    after: timedelta
    event_type: str
    page: str
    interactive: bool = True
    engaged_ms: int | None = None
    scroll_depth: int | None = None
    plan: str | None = None

    def __repr__(self) -> str:
        """Short enough for a report of a failure to hold a hundred."""
        told = (self.event_type, self.page, self.interactive, self.engaged_ms, self.scroll_depth, self.plan)
        return f"Hit({self.after.total_seconds():g}, {', '.join(map(str, told))})"


@dataclass(frozen=True, kw_only=True, repr=False)
class Visit:
    """What a person does in one go, `at` an offset from the night in question."""

    person: int
    at: timedelta
    attributes: Mapping[str, str | None]
    hits: tuple[Hit, ...]

    def __repr__(self) -> str:
        values = "/".join(value or "-" for value in self.attributes.values())
        return f"Visit({self.person}, {self.at}, {values}, {self.hits})"


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Everything that happened on one site, in its zone, around local midnight of `night`."""

    zone_name: str
    night: date
    visits: tuple[Visit, ...]
    # A setting of the website.
    engaged_threshold_s: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)


_durations = st.sampled_from((0, 0, 1, 16, 60, 299, 300, 600, 899, 1799, 1800, 1801)).map(
    lambda seconds: timedelta(seconds=seconds)
) | st.integers(0, 3_000_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
_views = st.builds(
    Hit,
    after=_durations,
    event_type=st.just("pageview"),
    page=st.sampled_from(PAGES),
    engaged_ms=st.sampled_from((None, None, None, 4000)),
    plan=st.sampled_from((None, None, "pro")),
)
_customs = st.builds(
    Hit,
    after=_durations,
    event_type=st.sampled_from(CUSTOM),
    page=st.sampled_from(PAGES),
    interactive=st.booleans(),
    plan=st.sampled_from((None, "pro", "free")),
)
_engagements = st.builds(
    Hit,
    after=_durations,
    event_type=st.just("engagement"),
    page=st.just(""),
    # Never 0: rollups do not tell a record of no time from no record.
    engaged_ms=st.sampled_from((1, 500, 9_999, 10_000)) | st.integers(1, 60_000),
    scroll_depth=st.none() | st.integers(0, 100),
)
_performances = st.builds(Hit, after=_durations, event_type=st.just("performance"), page=st.just(""))
_quiet_hits = st.one_of(_views.map(lambda hit: replace(hit, engaged_ms=None)), _views, _customs, _performances)
_hits = st.one_of(_views, _views, _customs, _engagements, _performances)
_attributes = st.tuples(*map(st.sampled_from, (ORIGINS, LOCATIONS, AGENTS, HOSTS))).map(
    lambda parts: {name: value for part in parts for name, value in part.items()}
)


def _visits(hits: st.SearchStrategy[Hit]) -> st.SearchStrategy[Visit]:
    return st.builds(
        Visit,
        person=st.integers(0, 3),
        # Two days before to two after, often close to midnight.
        at=st.integers(-192, 192).map(lambda quarter: quarter * timedelta(minutes=15))
        | st.integers(-3600, 7200).map(lambda second: timedelta(seconds=second)),
        attributes=_attributes,
        hits=st.lists(hits, min_size=1, max_size=7).map(tuple),
    )


def _traffic(place: tuple[str, date], visits: list[Visit], engaged_threshold_s: int | None) -> Traffic:
    return Traffic(zone_name=place[0], night=place[1], visits=tuple(visits), engaged_threshold_s=engaged_threshold_s)


traffics: st.SearchStrategy[Traffic] = st.builds(
    _traffic,
    st.sampled_from(PLACES_IN_TIME),
    # Half of the sites send no engagement at all (SPEC R28).
    st.lists(_visits(_hits), min_size=1, max_size=12)
    | st.lists(_visits(_quiet_hits.map(lambda hit: replace(hit, engaged_ms=None))), min_size=1, max_size=12),
    st.sampled_from((None, None, None, 1, 10)),
)


def stored_events(traffic: Traffic) -> list[StoredEvent]:
    """The canonical rows of the traffic; persons 0 and 1 are known by a new id each local day (SPEC R12), the
    last one is a robot."""
    midnight = datetime(traffic.night.year, traffic.night.month, traffic.night.day, tzinfo=traffic.zone).astimezone(UTC)
    happened: dict[int, list[tuple[datetime, int, Hit, Visit]]] = {}
    # Arrivals in no order that the times know of.
    arrivals = iter(sorted(range(1, 1000), key=lambda number: number * 611 % 1009))
    for visit in traffic.visits:
        moment = midnight + visit.at
        for hit in visit.hits:
            moment += hit.after
            happened.setdefault(visit.person, []).append((moment, next(arrivals), hit, visit))
    return [event for person, hits in sorted(happened.items()) for event in _sessionized(traffic.zone, person, hits)]


def _sessionized(zone: ZoneInfo, person: int, hits: Sequence[tuple[datetime, int, Hit, Visit]]) -> list[StoredEvent]:
    events: list[StoredEvent] = []
    open_session: StoredEvent | None = None
    last_activity = datetime.min.replace(tzinfo=UTC)
    page = ""
    for moment, arrival, hit, visit in sorted(hits, key=lambda happened: happened[:2]):
        if open_session is not None and (
            moment - last_activity > SESSION_GAP or moment - open_session.timestamp > LONGEST_SESSION
        ):
            open_session = None
        if hit.page:
            page = hit.page
        elif open_session is None:
            continue
        event = StoredEvent(
            timestamp=moment,
            arrival=arrival,
            visitor=f"{person}@{moment.astimezone(zone).date()}" if person < 2 else str(person),
            session=f"{person}-{arrival}" if open_session is None else open_session.session,
            session_started_at=moment if open_session is None else open_session.timestamp,
            event_type=hit.event_type,
            page=page,
            interactive=hit.interactive,
            is_bot=person == 3,
            engaged_ms=hit.engaged_ms,
            scroll_depth=hit.scroll_depth,
            properties={} if hit.plan is None else {"plan": hit.plan},
            revenue=PRICES[arrival % len(PRICES)] if hit.event_type in CUSTOM else None,
            attributes=visit.attributes if open_session is None else open_session.attributes,
        )
        open_session = open_session or event
        if hit.event_type != "performance":
            last_activity = moment
        events.append(event)
    return events
