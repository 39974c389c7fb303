"""The filters of a query as conditions in SQL (SPEC R9, R34, R64)."""

from psycopg import sql

from queryapi.filter_tree import conjuncts, event_names_in, is_about_ends, is_about_event
from queryapi.predicates import everybody, predicate, silence, with_ends
from queryapi.query import Query
from queryapi.values import Values

_PAGE_ALONE = frozenset({"page"})


def is_about_events(query: Query) -> bool:
    """True when a filter picks single events, so that only raw events can answer."""
    return any(is_about_event(item) for item in query.filters)


def row_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...` over a row of `session_facts` or `events`: bots, the sample, and what is true of whole sessions."""
    of_sessions = [item for item in conjuncts(query) if not is_about_event(item)]
    terms = [predicate(item, query, values) for item in of_sessions if not is_about_ends(item)]
    ends = [item for item in of_sessions if is_about_ends(item)]
    if ends:
        # One look at the sessions answers for all of them.
        terms.append(with_ends(ends, query, values))
    return sql.SQL("").join([everybody(query, values), _all_of(terms)])


def event_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...` over a row of `events`: one event must meet all of them."""
    of_events = [item for item in conjuncts(query) if is_about_event(item)]
    met = _all_of([predicate(item, query, values) for item in of_events])
    # Time spent on a page is no visit of it.
    return sql.SQL("").join([met, silence(of_events)])


def activity_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...` over a row of `events` where any activity counts: no filter on events, no narrowing."""
    both = [row_conditions(query, values)]
    if is_about_events(query):
        both.append(event_conditions(query, values))
    return sql.SQL("").join(both)


def page_conditions(query: Query, values: Values) -> sql.Composable:
    """`AND ...`: the filters on the page alone, for rows that are about a page without being a visit of it."""
    return _all_of([predicate(item, query, values) for item in conjuncts(query) if event_names_in(item) == _PAGE_ALONE])


def _all_of(terms: list[sql.Composable]) -> sql.Composable:
    return sql.SQL("").join([sql.SQL("AND {} ").format(term) for term in terms])
