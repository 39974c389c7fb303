"""The order of the rows of a query."""

from collections.abc import Sequence

from psycopg import sql

from queryapi.dimensions import SESSION_DIMENSIONS
from queryapi.query import Query


def order_by(query: Query, names: Sequence[sql.Identifier]) -> sql.Composable:
    if query.interval is not None or not names:
        return sql.SQL("")
    terms: list[sql.Composable] = []
    for order in (*((query.order,) if query.order else ()), *query.ties):
        direction = sql.SQL("DESC") if order.descending else sql.SQL("ASC")
        is_text = order.key in query.dimensions and SESSION_DIMENSIONS[order.key].is_text
        collation = sql.SQL('COLLATE "C"') if is_text else sql.SQL("")
        terms.append(sql.SQL("{} {} {} NULLS LAST").format(sql.Identifier(order.key), collation, direction))
    for name in query.dimensions:
        collation = sql.SQL('COLLATE "C"') if SESSION_DIMENSIONS[name].is_text else sql.SQL("")
        terms.append(sql.SQL("{} {} NULLS LAST").format(sql.Identifier(name), collation))
    return sql.SQL("ORDER BY {}").format(sql.SQL(", ").join(terms))
