"""The filters of a query as conditions in SQL (SPEC R9, R34, R64)."""

from datetime import timedelta

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.dimensions import ENDS, EVENT_FILTERS, SESSION_DIMENSIONS
from queryapi.params import PROPERTY
from queryapi.query import Filter, Query

_A_DAY = timedelta(hours=24, minutes=15)


class Values:
    """The values bound to a statement, each under a name of its own."""

    def __init__(self) -> None:
        self.bound: dict[str, object] = {}

    def bind(self, value: object) -> sql.Placeholder:
        name = f"v{len(self.bound)}"
        self.bound[name] = value
        return sql.Placeholder(name)


def is_about_events(query: Query) -> bool:
    """True when a filter picks single events, so that only raw events can answer."""
    return any(_is_event_filter(item) for item in query.filters)


def row_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...` over a row of `session_facts` or `events`: bots, and what is true of whole sessions."""
    terms: list[sql.Composable] = [] if query.include_bots else [sql.SQL("NOT is_bot")]
    terms += [_attribute(item, values) for item in query.filters if item.name in SESSION_DIMENSIONS]
    ends = [item for item in query.filters if item.name in ENDS]
    if ends:
        terms.append(_sessions_with_ends(query, ends, values))
    return _all_of(terms)


def event_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...` over a row of `events`: one event must meet all of them."""
    terms: list[sql.Composable] = []
    for item in query.filters:
        if item.name in EVENT_FILTERS:
            terms.append(_is_any(sql.Identifier(item.name), item, values))
        elif item.name.startswith(PROPERTY):
            key = values.bind(item.name.removeprefix(PROPERTY))
            terms.append(_is_any(sql.SQL("properties ->> {}").format(key), item, values))
    if not any(item.name == "event_type" for item in query.filters):
        # Time spent on a page is no visit of it.
        terms.append(sql.SQL("event_type NOT IN ('engagement', 'performance', 'identify')"))
    return _all_of(terms)


def activity_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...` over a row of `events` where any activity counts: no filter on events, no narrowing."""
    both = [row_conditions(query, values)]
    if is_about_events(query):
        both.append(event_conditions(query, values))
    return sql.SQL("").join(both)


def page_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...`: the page filter alone, for rows that are about a page without being a visit of it."""
    return _all_of([_is_any(sql.Identifier("page"), item, values) for item in query.filters if item.name == "page"])


def _is_event_filter(item: Filter) -> bool:
    return item.name in EVENT_FILTERS or item.name.startswith(PROPERTY)


def _attribute(item: Filter, values: Values) -> sql.Composable:
    dimension = SESSION_DIMENSIONS[item.name]
    terms = [_is_any(dimension.expression, item, values)]
    if item.name == "referrer":
        terms.append(_is_any(SESSION_DIMENSIONS["referrer_host"].expression, item, values))
    if dimension.unset in item.values:
        terms.append(sql.SQL("{} IS NULL").format(dimension.expression))
    return sql.SQL("({})").format(sql.SQL(" OR ").join(terms))


def _sessions_with_ends(query: Query, ends: list[Filter], values: Values) -> sql.Composable:
    """Sessions whose first or last page view is of a page. They may begin a day before what is asked
    and end a day after it."""
    first = sql.SQL("(array_agg(entry_page ORDER BY entry_at) FILTER (WHERE entry_at IS NOT NULL))[1]")
    last = sql.SQL("(array_agg(exit_page ORDER BY exit_at DESC) FILTER (WHERE exit_at IS NOT NULL))[1]")
    return sql.SQL(
        "session_hash IN (SELECT session_hash FROM session_facts_between({since}, {until})"
        " WHERE website_id = {website_id} {bots}"
        " GROUP BY session_hash HAVING {having})"
    ).format(
        website_id=values.bind(query.website_id),
        since=values.bind(grain_floor(query.range.since - _A_DAY)),
        until=values.bind(grain_ceiling(query.range.until + _A_DAY)),
        bots=sql.SQL("") if query.include_bots else sql.SQL("AND NOT is_bot"),
        having=sql.SQL(" AND ").join(
            [_is_any(first if item.name == "entry_page" else last, item, values) for item in ends]
        ),
    )


def _is_any(expression: sql.Composable, item: Filter, values: Values) -> sql.Composed:
    return sql.SQL("{} = ANY ({})").format(expression, values.bind(list(item.values)))


def _all_of(terms: list[sql.Composable]) -> sql.Composable:
    return sql.SQL("").join([sql.SQL("AND {} ").format(term) for term in terms])
