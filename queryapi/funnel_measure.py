"""A funnel measured: how many came to each step, of all the people or, on big websites, of a sample of them."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import NamedTuple

from queryapi.call import Call
from queryapi.dimensions import Dimension
from queryapi.funnel import Definition
from queryapi.funnel_people import find_people
from queryapi.funnel_statement import Question, compile_funnel, compile_total
from queryapi.query import Query
from queryapi.rows import Row, whole
from queryapi.sampling import bound, is_enough_for_rows, sample_of_events


class Measured(NamedTuple):
    """The question as it was answered, everybody, and the rows of `compile_funnel`; `sampled` is what `meta.sampled`
    says of them."""

    question: Question
    total: int
    rows: Sequence[Row]
    sampled: Mapping[str, object] | None


async def measure(call: Call, definition: Definition, query: Query, split_by: Dimension | None) -> Measured:
    """The people of a funnel: visitors of a sample where enough of them came to every step, in every group. Sessions
    are counted: those of one visitor go the same ways, so that a few visitors say little of them."""
    if definition.scope == "visitor":
        sample = await sample_of_events(call, query)
        if sample.one_in > 1:
            question, total, rows = await _count(call, definition, sample, split_by)
            if rows and len(rows) == len(definition.steps) * len({row["place"] for row in rows}):
                least = min(whole(row["people"]) for row in rows)
                if is_enough_for_rows(call, sample.one_in, [least * sample.one_in]):
                    return _scaled(question, total, rows, least)
    return Measured(*await _count(call, definition, query, split_by), None)


def _scaled(question: Question, total: int, rows: Sequence[Row], least: int) -> Measured:
    """All that so many people of a sample stand for; the bound of visitors is that of the `least` of a row."""
    one_in = question.query.one_in
    bounds = {
        "total_visitors": bound(1 / one_in, 1 / sqrt(total)),
        "visitors": bound(1 / one_in, 1 / sqrt(least)),
    }
    scaled = [{**row, "people": whole(row["people"]) * one_in} for row in rows]
    return Measured(question, total * one_in, scaled, {"fraction": 1 / one_in, "metrics": bounds})


async def _count(
    call: Call, definition: Definition, query: Query, split_by: Dimension | None
) -> tuple[Question, int, Sequence[Row]]:
    until = query.range.until + definition.window
    people = await find_people(call.reader, definition.scope, query, until)
    question = Question(definition, query, people, split_by)
    total = await call.reader.rows(compile_total(question))
    return question, whole(total[0]["people"]), await call.reader.rows(compile_funnel(question))
