"""A tree of filters as a condition in SQL, true or not true of a row of `session_facts` or `events`.

A comparison with NULL is no match, and `IS NOT TRUE` makes two values of three: so what has no value is met by
the opposite of every condition that it does not meet.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString

from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.dimensions import ENDS, NO_PROPERTY, SESSION_DIMENSIONS, UNSET
from queryapi.filter_tree import SILENT, names_silent
from queryapi.params import PROPERTY
from queryapi.query import And, Condition, Filter, HasDone, Not, Or, Query
from queryapi.values import Values

A_DAY = timedelta(hours=24, minutes=15)
_PAGE = sql.SQL("nullif(page, '')")
# Over the rows of one session.
END_PAGES = {
    "entry_page": sql.SQL("(array_agg(entry_page ORDER BY entry_at) FILTER (WHERE entry_at IS NOT NULL))[1]"),
    "exit_page": sql.SQL("(array_agg(exit_page ORDER BY exit_at DESC) FILTER (WHERE exit_at IS NOT NULL))[1]"),
}


def predicate(condition: Condition, query: Query, values: Values) -> sql.Composable:
    """True of a row that meets the condition. It may ask of single events only where the row is one."""
    match condition:
        case Filter():
            return _leaf(condition, query, values)
        case Not(part):
            return sql.SQL("({} IS NOT TRUE)").format(predicate(part, query, values))
        case HasDone(part):
            return _has_done(part, query, values)
        case And(parts):
            return _joined(" AND ", [predicate(part, query, values) for part in parts])
        case Or(parts):
            return _joined(" OR ", [predicate(part, query, values) for part in parts])


def with_ends(conditions: Sequence[Condition], query: Query, values: Values) -> sql.Composable:
    """True of a row whose session meets conditions that ask of nothing but its first and last page view.
    Sessions may begin a day before what is asked and end a day after it."""
    return sql.SQL(
        "session_hash IN (SELECT session_hash FROM session_facts_between({since}, {until})"
        " WHERE website_id = {website_id} {everybody}"
        " GROUP BY session_hash HAVING {having})"
    ).format(
        website_id=values.bind(query.website_id),
        since=values.bind(grain_floor(query.range.since - A_DAY)),
        until=values.bind(grain_ceiling(query.range.until + A_DAY)),
        everybody=everybody(query, values),
        having=sql.SQL(" AND ").join([_ends(condition, values) for condition in conditions]),
    )


def silence(conditions: Sequence[Condition]) -> sql.Composable:
    """`AND ...`: no SILENT event, unless one is asked for by its name."""
    if any(names_silent(condition) for condition in conditions):
        return sql.SQL("")
    return sql.SQL("AND event_type NOT IN ({}) ").format(sql.SQL(", ").join(map(sql.Literal, sorted(SILENT))))


def everybody(query: Query, values: Values) -> sql.Composable:
    """`AND ...`: rows of whoever may be in the population, whatever the filters: robots stay out, and who is
    not in the sample."""
    return sql.SQL("{}{}").format(sql.SQL("" if query.include_bots else "AND NOT is_bot "), sample(query, values))


def sample(query: Query, values: Values) -> sql.Composable:
    """`AND ...`: rows of the visitors that are looked at."""
    if query.one_in == 1:
        return sql.SQL("")
    return sql.SQL("AND visitor_hash < {} ").format(values.bind(query.greatest_hash))


def _leaf(item: Filter, query: Query, values: Values) -> sql.Composable:
    if item.name in ENDS:
        return with_ends([item], query, values)
    if item.name.startswith(PROPERTY):
        key = values.bind(item.name.removeprefix(PROPERTY))
        return _of_text(sql.SQL("(properties ->> {})").format(key), NO_PROPERTY, item, values)
    if item.name == "event_type":
        return _of_text(sql.Identifier("event_type"), None, item, values)
    if item.name == "page":
        # The bare column, which an index knows, where no page is not asked about.
        is_plain = item.operator == "is" and UNSET not in item.values
        return _of_text(sql.Identifier("page") if is_plain else _PAGE, UNSET, item, values)
    dimension = SESSION_DIMENSIONS[item.name]
    found = _of_text(dimension.expression, dimension.unset, item, values)
    if item.name == "referrer" and item.operator == "is":
        host = _of_text(SESSION_DIMENSIONS["referrer_host"].expression, None, item, values)
        return _joined(" OR ", [found, host])
    return found


def _ends(condition: Condition, values: Values) -> sql.Composable:
    match condition:
        case Filter(name):
            return _of_text(END_PAGES[name], UNSET, condition, values)
        case Not(part):
            return sql.SQL("({} IS NOT TRUE)").format(_ends(part, values))
        case And(parts):
            return _joined(" AND ", [_ends(part, values) for part in parts])
        case Or(parts):
            return _joined(" OR ", [_ends(part, values) for part in parts])
        case HasDone():
            raise AssertionError("what somebody has done is not of a session's ends alone")


def _has_done(part: Condition, query: Query, values: Values) -> sql.Composable:
    return sql.SQL(
        "session_hash IN (SELECT session_hash FROM events"
        ' WHERE website_id = {website_id} AND "timestamp" >= {since} AND "timestamp" < {until}'
        " {everybody} AND {done} {silence})"
    ).format(
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        everybody=everybody(query, values),
        done=predicate(part, query, values),
        silence=silence([part]),
    )


def _of_text(expression: sql.Composable, unset: str | None, item: Filter, values: Values) -> sql.Composable:
    """An expression against the values; NULL is met by its name `unset` alone."""
    terms: list[sql.Composable] = []
    match item.operator, item.is_case_sensitive:
        case "is", True:
            terms.append(sql.SQL("{} = ANY ({})").format(expression, values.bind(list(item.values))))
        case "is", False:
            terms += [_compared("lower({}) = lower({})", expression, value, values) for value in item.values]
        case "contains", True:
            terms += [_compared("strpos({}, {}) > 0", expression, value, values) for value in item.values]
        case "contains", False:
            terms += [_compared("strpos(lower({}), lower({})) > 0", expression, value, values) for value in item.values]
        case "matches", True:
            terms += [_compared("{} ~ {}", expression, value, values) for value in item.values]
        case _:
            terms += [_compared("{} ~* {}", expression, value, values) for value in item.values]
    if item.operator == "is" and unset in item.values:
        terms.append(sql.SQL("{} IS NULL").format(expression))
    return _joined(" OR ", terms)


def _compared(template: LiteralString, expression: sql.Composable, value: str, values: Values) -> sql.Composed:
    return sql.SQL(template).format(expression, values.bind(value))


def _joined(word: LiteralString, terms: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("({})").format(sql.SQL(word).join(terms))
