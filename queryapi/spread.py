"""How unlike each other the visitors of a sample are, on which the error of what they tell of all visitors depends."""

from psycopg import sql

from queryapi.metrics import COUNTS, METRICS
from queryapi.query import Query
from sql.statements import read

FOUND = "found"
# What each estimated number is the sum of, over the visitors of the sample.
_SUMMED = {"page_views": "pageviews", "events": "custom_events", "sessions": "sessions", "unique_visitors": None}
ESTIMATED = frozenset(_SUMMED)


def has_spread(query: Query) -> bool:
    """True for totals from a sample, whose rows have `found` and the columns of `spread_name`."""
    return query.one_in > 1 and query.interval is None and not query.dimensions


def spread_name(metric: str) -> str:
    """The column that has the standard deviation of a sum over the visitors, as a part of it, if each of them
    were there or not by chance; NULL of a sum that is 0."""
    return f"{metric}_spread"


def people(hits: sql.Composable) -> sql.Composed:
    """A CTE for the start of a statement: `people`, of SELECTs of `hits`."""
    return sql.SQL("people AS MATERIALIZED ({}),").format(sql.SQL(read("reads/people")).format(hits=hits))


def metric_columns(query: Query) -> list[sql.Composable]:
    """The metrics of a query over the parts of a row, those that add up as many times as they stand for; of totals
    from a sample how many visitors were found as well, and the spread of each metric that is estimated."""
    columns: list[sql.Composable] = [_scaled(name, query.one_in if name in COUNTS else 1) for name in query.metrics]
    if has_spread(query):
        columns.append(sql.SQL("(SELECT count(*) FROM people) AS {}").format(sql.Identifier(FOUND)))
        columns += [_spread(name) for name in query.metrics if name in ESTIMATED]
    return columns


def _scaled(metric: str, scale: int) -> sql.Composed:
    times = sql.SQL(" * {}").format(sql.Literal(scale)) if scale > 1 else sql.SQL("")
    return sql.SQL("{}{} AS {}").format(METRICS[metric].expression, times, sql.Identifier(metric))


def _spread(metric: str) -> sql.Composed:
    summed = _SUMMED[metric]
    column = sql.SQL("1") if summed is None else sql.Identifier(summed)
    return sql.SQL(
        "(SELECT sqrt(sum({column}::double precision ^ 2)) / nullif(sum({column}::double precision), 0) FROM people)"
        " AS {name}"
    ).format(column=column, name=sql.Identifier(spread_name(metric)))
