"""The part of a statement that reads what is counted by whole days."""

from psycopg import sql

from queryapi.dimensions import SESSION_DIMENSIONS
from queryapi.query import Query
from queryapi.values import Values
from sql.statements import read


def counted_part(query: Query, values: Values) -> sql.Composed:
    """Rows by the dimensions of the query: what happened in the range, and the sessions that started in it."""
    names: list[sql.Composable] = []
    for position, name in enumerate(query.dimensions, start=1):
        dimension = SESSION_DIMENSIONS[name]
        part = sql.SQL("names[{}]" if dimension.is_text else "names[{}]::integer").format(sql.Literal(position))
        names.append(sql.SQL("{} AS {}, ").format(part, sql.Identifier(name)))
    return sql.SQL(read("reads/values")).format(
        keys_first=sql.SQL("").join(names),
        website_id=values.bind(query.website_id),
        dimension=values.bind(query.counted_as),
        first_day=values.bind(query.range.first_day),
        last_day=values.bind(query.range.last_day),
    )
