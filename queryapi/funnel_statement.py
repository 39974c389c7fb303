"""A funnel compiled to one statement: each depth is one pass over the events of the depth before (SPEC R73-R77)."""

from dataclasses import dataclass, replace
from datetime import timedelta

from psycopg import sql
from psycopg.types.json import Jsonb

from queryapi.conditions import Values, event_conditions, is_about_events, row_conditions
from queryapi.dimensions import Dimension
from queryapi.filter_tree import conjuncts, has_behaviour
from queryapi.funnel import Definition, Step
from queryapi.funnel_pattern import page_condition
from queryapi.funnel_people import People, linked, person
from queryapi.matching import with_matching_event
from queryapi.query import Query
from queryapi.spans import spans
from queryapi.statement import Statement
from sql.statements import read

MICROSECOND = timedelta(microseconds=1)
_NOTHING = sql.SQL("")


@dataclass(frozen=True)
class Question:
    """A funnel asked of one population; `split_by` divides the people by a session attribute."""

    definition: Definition
    query: Query
    people: People
    split_by: Dimension | None = None


def compile_funnel(question: Question) -> Statement:
    """Rows of `step` (from 1), `people`, `average_seconds`, `median_seconds`; `place` and `value` are NULL
    but in rows of one group (`split_by`), of which the sixth place is everyone else."""
    values = Values()
    depth = len(question.definition.steps)
    text = sql.SQL(read("reads/funnel")).format(
        candidates=_candidates(question, values),
        range_length=values.bind((question.query.range.until - question.query.range.since) // MICROSECOND),
        depths=_depths(question, values),
        deepest=_depth_name(depth),
        last_depth=sql.Literal(depth),
        groups=_groups(question, values),
        grouping=sql.SQL("GROUPING SETS ((step), (step, place, value))" if question.split_by else "step, place, value"),
    )
    return Statement(text, values.bound)


def compile_matched(question: Question, step: int) -> Statement:
    """One row: `is_matched`, whether any event of the range and its window matches the step, from 1."""
    values = Values()
    text = sql.SQL(read("reads/funnel_matched")).format(
        candidates=_candidates(question, values), bit=sql.Literal(1 << (step - 1))
    )
    return Statement(text, values.bound)


def compile_total(question: Question) -> Statement:
    """One row: `people`, who was active in the range."""
    values = Values()
    query = question.query
    asked = spans(query.range)
    conditions = _conditions(query, query, values)
    whole, edges = asked.whole, asked.edges
    if is_about_events(query):
        conditions = sql.SQL("{} {}").format(conditions, event_conditions(query, values))
        whole, edges = None, ((query.range.since, query.range.until),)
    parts = [("reads/funnel_active_events", edge) for edge in edges]
    if whole is not None:
        parts.append(("reads/funnel_active_buckets", whole))
    active = [
        sql.SQL(read(name)).format(
            website_id=values.bind(query.website_id),
            since=values.bind(since),
            until=values.bind(until),
            conditions=conditions,
        )
        for name, (since, until) in parts
    ]
    text = sql.SQL(read("reads/funnel_total")).format(
        active=sql.SQL("\nUNION ALL\n").join(active),
        linked=linked(question.people, values),
        person=person(question.people),
    )
    return Statement(text, values.bound)


def _candidates(question: Question, values: Values) -> sql.Composed:
    asked = question.query.range
    until = asked.until + question.definition.window
    # Sessions of the window after the range belong to the population as well.
    population = replace(question.query, range=replace(asked, until=until))
    value_of_event = _NOTHING
    if question.split_by is not None:
        value_of_event = sql.SQL(', ({})::text COLLATE "C" AS value').format(question.split_by.expression)
    is_strict = question.definition.order == "strict"
    return sql.SQL(read("reads/funnel_candidates")).format(
        person=person(question.people),
        matches=sql.SQL(" + ").join(
            sql.SQL("CASE WHEN {} THEN {} ELSE 0 END").format(step_condition(step, values), sql.Literal(1 << index))
            for index, step in enumerate(question.definition.steps)
        ),
        value=sql.SQL(", value") if question.split_by else _NOTHING,
        value_of_event=value_of_event,
        website_id=values.bind(question.query.website_id),
        since=values.bind(asked.since),
        until=values.bind(until),
        conditions=_conditions(population, question.query, values),
        linked=linked(question.people, values),
        only_steps=_NOTHING if is_strict else sql.SQL("WHERE matches > 0"),
    )


def _conditions(population: Query, asked: Query, values: Values) -> sql.Composable:
    """`AND ...` over an event or a bucket of a session: filters on events pick the sessions that have
    such an event in the range (SPEC R34)."""
    # What somebody has done lies in the range, as the events do that filters pick.
    done = tuple(item for item in conjuncts(asked) if has_behaviour(item))
    rest = tuple(item for item in conjuncts(population) if not has_behaviour(item))
    conditions = sql.SQL("{} {}").format(
        row_conditions(replace(population, filters=rest), values), row_conditions(replace(asked, filters=done), values)
    )
    active = sql.SQL("AND event_type NOT IN ('engagement', 'performance', 'identify')")
    return sql.SQL("{} {}").format(conditions, with_matching_event(asked, values, active))


def step_condition(step: Step, values: Values) -> sql.Composable:
    """A condition on a row of `events` (SPEC R73)."""
    terms: list[sql.Composable] = [sql.SQL("event_type = {}").format(values.bind(step.event_type))]
    if step.page:
        terms.append(page_condition(step.page, values))
    if step.properties:
        # Properties are flat, so to contain these pairs is to equal each of them.
        terms.append(sql.SQL("properties @> {}").format(values.bind(Jsonb(step.properties))))
    return sql.SQL(" AND ").join(terms)


def _depths(question: Question, values: Values) -> sql.Composable:
    order = question.definition.order
    window = values.bind(question.definition.window // MICROSECOND)
    named: list[sql.Composable] = []
    for depth in range(2, len(question.definition.steps) + 1):
        text = read("reads/funnel_ordered_next" if order == "ordered" else "reads/funnel_strict_next")
        if depth == 2:
            text = read("reads/funnel_ordered_second" if order == "ordered" else "reads/funnel_strict_second")
        body = sql.SQL(text).format(
            window=window,
            shallower=_depth_name(depth - 1),
            reached=sql.Literal(depth - 1),
            bit=sql.Literal(1 << (depth - 1)),
            next_bit=sql.Literal(1 << depth),
        )
        named.append(sql.SQL("{} AS (\n{}),\n").format(_depth_name(depth), body))
    return sql.SQL("").join(named)


def _groups(question: Question, values: Values) -> sql.Composable:
    if question.split_by is None:
        return sql.SQL("SELECT path, NULL::bigint, NULL::text FROM people")
    return sql.SQL(read("reads/funnel_groups")).format(unset=values.bind(question.split_by.unset))


def _depth_name(depth: int) -> sql.Identifier:
    return sql.Identifier(f"depth_{depth}")
