"""The statements of the pages report. It asks raw events: which session saw which page is in no rollup."""

from typing import NamedTuple

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.conditions import Values, event_conditions, is_about_events, page_conditions, row_conditions
from queryapi.matching import OF_MATCHED, matching_events
from queryapi.picked import ENGAGED_MS, LONGEST_SESSION, begun, rows_of_sessions, unengaged
from queryapi.predicates import everybody
from queryapi.query import Query
from queryapi.statement import Statement
from sql.statements import read

_NO_NAME = sql.SQL("NULL::text")
_NOTHING = sql.SQL("")
_KEPT = sql.SQL("MATERIALIZED")
_NOT_KEPT = sql.SQL("NOT MATERIALIZED")
_AS_MATCHED = sql.SQL("matched AS MATERIALIZED ({}),")


class View(NamedTuple):
    """What pages are told apart by: of one event, and of a session's first and last page view.
    `counted` must be above zero for a row to be shown, and orders the rows by default."""

    name: sql.Composable
    entry_name: sql.Composable
    exit_name: sql.Composable
    counted: str


def page_view(counted: str) -> View:
    return View(sql.Identifier("page"), sql.Identifier("entry_page"), sql.Identifier("exit_page"), counted)


def title_view() -> View:
    """A session's first and last title are not kept, so there are no entries and exits."""
    return View(sql.Identifier("title"), _NO_NAME, _NO_NAME, "views")


def hostname_view() -> View:
    name = sql.Identifier("hostname")
    return View(name, name, name, "views")


def section_view(depth: int) -> View:
    """The first `depth` segments of the path; `/` itself is a section."""

    def section(column: str) -> sql.Composed:
        return sql.SQL("'/' || array_to_string((string_to_array(ltrim({}, '/'), '/'))[:{}], '/')").format(
            sql.Identifier(column), sql.Literal(depth)
        )

    return View(section("page"), section("entry_page"), section("exit_page"), "views")


# Columns of a row that `sort` may name, and those that rank the names before visitors are told apart.
SORTS = ("views", "unique", "sessions", "entries", "exits", "bounce_rate", "exit_rate", "avg_time", "scroll_depth")
_RANKING = frozenset({"views", "entries", "exits", "bounce_rate", "exit_rate", "name"})


def compile_pages(query: Query, view: View) -> Statement:
    """Rows of `view`: `total`, `is_row`, `name` and SORTS, of a sample as they are found there. `query.order` names one
    of SORTS or `name`."""
    values = Values()
    picks = _picks(query, values)
    order = query.order
    assert order is not None
    direction = sql.SQL("DESC") if order.descending else sql.SQL("ASC")
    collation = sql.SQL('COLLATE "C"') if order.key == "name" else _NOTHING
    sorted_rows = sql.SQL('ORDER BY {} {} {} NULLS LAST, name COLLATE "C"').format(
        sql.Identifier(order.key), collation, direction
    )
    page = sql.SQL("{} LIMIT {} OFFSET {}").format(sorted_rows, values.bind(query.limit), values.bind(query.offset))
    is_ranked = order.key in _RANKING
    text = sql.SQL(read("reads/pages")).format(
        matched=picks.matched,
        # To read a sample, or what filters leave, a second time costs up to a third of the report. All events of a big
        # website are written to disk no faster than they are read.
        kept=_KEPT if query.one_in > 1 or query.filters else _NOT_KEPT,
        name=view.name,
        entry_name=view.entry_name,
        exit_name=view.exit_name,
        counted=sql.Identifier(view.counted),
        view_conditions=event_conditions(query, values) if is_about_events(query) else _NOTHING,
        touch_conditions=sql.SQL("{} {}").format(picks.of_events, page_conditions(query, values)),
        end_conditions=picks.of_sessions,
        begun=begun(query),
        unengaged=unengaged(query, values, ENGAGED_MS),
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        first_bucket=values.bind(grain_floor(query.range.since)),
        last_bucket=values.bind(grain_ceiling(query.range.until + LONGEST_SESSION)),
        search=_search(query, values),
        page_of_ranked=page if is_ranked else _NOTHING,
        page_of_shown=sorted_rows if is_ranked else page,
    )
    return Statement(text, values.bound)


def compile_gaps(query: Query, view: View, names: list[str]) -> Statement:
    """`name` and `avg_time` of those `names` that have any page view with something after it."""
    values = Values()
    text = sql.SQL(read("reads/page_gaps")).format(
        name=view.name,
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        last_moment=values.bind(query.range.until + LONGEST_SESSION),
        conditions=row_conditions(query, values),
        names=values.bind(names),
    )
    return Statement(text, values.bound)


class _Picks(NamedTuple):
    """A CTE for the start of the statement, and `AND ...` over a row of `events` and of `session_facts`."""

    matched: sql.Composable
    of_events: sql.Composable
    of_sessions: sql.Composable


def _picks(query: Query, values: Values) -> _Picks:
    rows = row_conditions(query, values)
    if is_about_events(query):
        found = matching_events(query, values, sql.SQL("DISTINCT session_hash"))
        narrowed = sql.SQL("{} {}").format(rows, OF_MATCHED)
        return _Picks(_AS_MATCHED.format(found), narrowed, narrowed)
    if query.one_in == 1:
        return _Picks(_NOTHING, rows, rows)
    # The index that the sample's events are read from does not have what their sessions are told by.
    found = sql.SQL("SELECT DISTINCT session_hash FROM {} WHERE website_id = {} {}").format(
        rows_of_sessions(query.range, values), values.bind(query.website_id), rows
    )
    return _Picks(_AS_MATCHED.format(found), sql.SQL("{} {}").format(everybody(query, values), OF_MATCHED), rows)


def _search(query: Query, values: Values) -> sql.Composable:
    if query.search is None:
        return _NOTHING
    return sql.SQL("AND strpos(lower(name), lower({})) > 0").format(values.bind(query.search))
