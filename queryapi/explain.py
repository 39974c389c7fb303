"""How an answer came about: the definitions behind it, and each statement with its plan (`explain=true`)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from queryapi.answer import Answer
from queryapi.call import Call
from queryapi.database import Explained, Reader
from queryapi.definitions import definitions_of
from queryapi.fixed import fixed
from queryapi.params import Params
from shared.errors import AppError
from shared.tokens import Principal

EXPLAIN_PARAMETER = "explain"
# Statements tell the names of tables, and of visitors where a funnel binds them: for who runs the website.
EXPLAIN_SCOPE = "manage"
# A funnel binds the visitors of its range: beyond this many elements a list is told by its length.
MAX_SHOWN_ELEMENTS = 100

Node = Mapping[str, object]
_LOOKED_AT = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


def take_explain(params: Params, principal: Principal | None) -> tuple[Params, Principal | None]:
    """The parameters of the report itself, and for whom it shall be explained, None where it shall not. Raises
    AppError 400, or 403 where the principal may not know."""
    own = Params({name: values for name, values in params.values.items() if name != EXPLAIN_PARAMETER})
    if not params.flag(EXPLAIN_PARAMETER):
        return own, None
    if principal is None or EXPLAIN_SCOPE not in principal.scopes:
        raise AppError(403, "forbidden", f"{EXPLAIN_PARAMETER}: the scope {EXPLAIN_SCOPE} is required")
    return own, principal


async def answer_explained(call: Call, report: Callable[[Call], Awaitable[Answer]]) -> Answer:
    """The answer of `report` with `explain` in its body. Every statement runs twice in the one snapshot, once
    to be measured."""
    statements: list[Explained] = []
    answer = await report(replace(call, reader=call.reader.explaining(statements)))
    parts = {str(node["Relation Name"]) for statement in statements for node in _scans(statement.plan)}
    rows = await call.reader.rows(fixed("reads/relations", {"parts": sorted(parts)}))
    relation_of = {str(row["part"]): str(row["relation"]) for row in rows}
    explain = {
        "definitions": {name: found._asdict() for name, found in definitions_of(answer.body).items()},
        "statements": [_statement_body(statement, relation_of, call.reader) for statement in statements],
    }
    return answer._replace(body={**answer.body, "explain": explain}, max_age_seconds=0)


def _statement_body(statement: Explained, relation_of: Mapping[str, str], reader: Reader) -> dict[str, object]:
    read: Counter[str] = Counter()
    for node in _scans(statement.plan):
        name = str(node["Relation Name"])
        read[relation_of.get(name, name)] += _rows_read(node)
    return {
        "sql": reader.text_of(statement.statement),
        "values": {name: _shown(value) for name, value in statement.statement.values.items()},
        "rows": statement.rows,
        "rows_read": read.total(),
        "relations": [
            {"name": name, "source": _source(name), "rows_read": rows} for name, rows in sorted(read.items())
        ],
        "milliseconds": round(1000 * statement.seconds, 2),
    }


def _scans(node: Node) -> Iterator[Node]:
    """The parts of a plan that read a table. What compressed storage unpacks is told by the part that unpacks
    it: its own child counts batches, not rows."""
    if "Relation Name" in node and "Actual Rows" in node:
        yield node
        if node["Node Type"] == "Custom Scan":
            return
    for child in cast("Sequence[Node]", node.get("Plans", ())):
        yield from _scans(child)


def _rows_read(node: Node) -> int:
    """Rows that were looked at, kept or not; the plan tells means over the loops."""
    each = sum(
        _number(node, name) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    )
    return round(each * _number(node, "Actual Loops"))


def _number(node: Node, name: str) -> float:
    value = node.get(name, 0)
    assert isinstance(value, int | float)
    return value


def _source(relation: str) -> str:
    if relation == "events":
        return "raw"
    return "aggregate" if relation.startswith("rollup_") and relation != "rollup_dirty" else "other"


def _shown(value: object) -> object:
    if isinstance(value, list):
        elements = cast("list[object]", value)
        if len(elements) > MAX_SHOWN_ELEMENTS:
            return {"elements": len(elements), "first": [_shown(one) for one in elements[:MAX_SHOWN_ELEMENTS]]}
        return [_shown(one) for one in elements]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
