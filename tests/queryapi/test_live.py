"""The live view: the realtime report at once, then whenever it changes, for as long as somebody listens."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from queryapi.live import MAX_LISTENERS_EACH, Listeners, Pace
from shared.errors import AppError
from shared.stopping import stopping
from tests.openapi.answering import problems
from tests.queryapi.listening import LIVE, REALTIME, hit, listening, serving
from tests.queryapi.rig import call, store
from tests.queryapi.test_answers import metric
from tests.queryapi.test_http import bearer


async def test_the_realtime_report_comes_at_once_and_whenever_it_changes(database: str) -> None:
    store(database, [hit("one")])

    async with serving(database) as api:
        plain = (await api.get(REALTIME)).body
        async with listening(api.app, bearer()) as stream:
            await stream.until("heartbeats", 3)
            unchanged = list(stream.events)
            store(database, [hit("two")])
            await stream.until("events", 2)

    assert unchanged == [plain]
    assert stream.current == [1, 2]
    assert (stream.status, stream.is_over) == (200, True)
    assert stream.headers["content-type"] == "text/event-stream"
    assert (stream.headers["cache-control"], stream.headers["x-accel-buffering"]) == ("no-store", "no")


async def test_each_event_is_one_that_the_document_describes(database: str) -> None:
    store(database, [hit("one")])

    async with serving(database) as api:
        document = (await api.get("/api/v1/openapi.json")).body
        described = document["paths"]["/api/v1/analytics/{website_id}/live"]["get"]["responses"]["200"]["content"]
        schema = {"responses": {"200": {"content": {"application/json": described["text/event-stream"]}}}}
        async with listening(api.app, bearer()) as stream:
            await stream.until("events")

    assert problems(document, schema, 200, stream.events[0]) == []


async def test_filters_narrow_it_as_they_do_the_report(database: str) -> None:
    store(database, [hit("one"), hit("two", "AT"), hit("three", "AT")])

    async with (
        serving(database) as api,
        listening(api.app, bearer(), "country=AT&timezone=Asia/Kolkata") as austrian,
        listening(api.app, bearer(), 'filters=[["is","country",["DE"]]]') as german,
    ):
        await austrian.until("events")
        await german.until("events")

    assert (austrian.current, german.current) == ([2], [1])
    assert austrian.events[0]["series_30m"][0]["time"].endswith("+05:30")


async def test_many_who_ask_the_same_are_told_by_one_look(database: str) -> None:
    store(database, [hit("one")])
    slow = Pace(look_seconds=0.5, silence_seconds=0.02, belief_seconds=60)

    async with serving(database, slow) as api, AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(listening(api.app, bearer(sub=str(number)), query))
            for number in range(4)
            for query in ("country=DE&country=AT", "country=AT&country=DE")
        ]
        for stream in streams:
            await stream.until("events")
        topics = await metric(api, "query_live_topics")
        asked = await metric(api, 'query_answers_total{source="database"}')
        store(database, [hit("two")])
        for stream in streams:
            await stream.until("events", 2)
        asked_again = await metric(api, 'query_answers_total{source="database"}')
        open_views = await metric(api, "query_live_listeners")

    assert (topics, open_views, len(streams)) == (1, 8, 8)
    assert (asked, asked_again) == (1, 2)
    assert [stream.current for stream in streams] == [[1, 2]] * 8


async def test_nothing_is_left_of_who_has_gone(database: str) -> None:
    store(database, [hit("one")])

    async with serving(database) as api:
        async with listening(api.app, bearer()) as stream:
            await stream.until("events")
        left = [await metric(api, name) for name in ("query_live_listeners", "query_live_topics")]

    assert left == [0, 0]


async def test_a_slow_reader_is_told_the_latest_alone(database: str) -> None:
    store(database, [hit("one")])

    async with (
        serving(database) as api,
        listening(api.app, bearer()) as slow,
        listening(api.app, bearer()) as quick,
    ):
        await slow.until("events")
        slow.reads.clear()
        for number, name in enumerate(("two", "three", "four", "five"), start=2):
            store(database, [hit(name)])
            await quick.until("events", number)
        slow.reads.set()
        # What was being written when it stopped reading comes first.
        await slow.until("heartbeats", slow.heartbeats + 3)

    assert quick.current == [1, 2, 3, 4, 5]
    assert slow.current in ([1, 5], [1, 2, 5])


async def test_no_connection_is_held_between_looks(database: str) -> None:
    store(database, [hit("one")])
    rare = Pace(look_seconds=3600, silence_seconds=0.02, belief_seconds=3600)

    async with serving(database, rare, MAX_DB_CONNECTIONS="2") as api, AsyncExitStack() as stack:
        for _ in range(6):
            stream = await stack.enter_async_context(listening(api.app, bearer()))
            await stream.until("heartbeats")
        replies = await asyncio.gather(*(api.get(REALTIME) for _ in range(2)))

    assert [reply.status for reply in replies] == [200, 200]


async def test_one_token_listens_so_often_and_no_more(database: str) -> None:
    store(database, [hit("one")])

    async with serving(database, Pace()) as api, AsyncExitStack() as stack:
        for _ in range(MAX_LISTENERS_EACH):
            stream = await stack.enter_async_context(listening(api.app, bearer()))
            await stream.until("events")
        refused = await api.get(LIVE, headers=bearer())
        async with listening(api.app, bearer(sub="other")) as other:
            await other.until("events")

    assert (refused.status, refused.body["code"], refused.headers["retry-after"]) == (503, "too_many_listeners", "30")
    assert other.status == 200


def test_so_many_listen_in_all_and_no_more() -> None:
    listeners = Listeners(most_each=2, most=3)

    with listeners.enter("a"), listeners.enter("a"):
        with pytest.raises(AppError, match="2 live views"), listeners.enter("a"):
            pass
        with (
            listeners.enter("b"),
            pytest.raises(AppError, match="server: has 3 live views") as refused,
            listeners.enter("c"),
        ):
            pass
        with listeners.enter("c"):
            assert listeners.total == 3

    assert (listeners.total, refused.value.status) == (0, 503)


async def test_head_is_answered_without_listening(database: str) -> None:
    store(database, [hit("one")])

    async with serving(database) as api:
        reply = await call(api.app, LIVE, "", bearer(), "HEAD")

    assert (reply.status, reply.payload) == (200, b"")


async def test_it_ends_with_the_server(database: str) -> None:
    store(database, [hit("one")])

    async with serving(database, Pace()) as api, listening(api.app, bearer()) as stream:
        await stream.until("events")
        stopping(stream.state).set()
        await stream.until("is_over")

    assert len(stream.events) == 1
