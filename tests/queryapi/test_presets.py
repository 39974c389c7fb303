"""Reports that are another one with a parameter chosen answer as that one does."""

import pytest

from tests.queryapi.rig import SITE, Hit, at, running, settings_for, store, vector

DAY_1 = "from=2026-03-02&to=2026-03-02"
LETTER = {"utm_source": "letter", "utm_campaign": "spring", "source": "letter", "channel": "Email"}
SAME = (
    ("entry-pages", "", "dashboard/{}/pages", "view=entry"),
    ("exit-pages", "", "dashboard/{}/pages", "view=exit"),
    ("channels", "", "dashboard/{}/sources", "group=channel"),
    ("utm", "", "dashboard/{}/sources", "group=utm_source"),
    ("utm", "group=utm_campaign", "dashboard/{}/sources", "group=utm_campaign"),
)


@pytest.mark.rule("N4")
@pytest.mark.rule("G18")
@pytest.mark.parametrize(("path", "own", "other", "chosen"), SAME, ids=lambda part: part)
@pytest.mark.parametrize("query", ["", "&limit=1&offset=1", "&page=/a", "&search=e", "&sort=-unique"])
async def test_presets_equal_the_report_they_are_of(
    database: str, path: str, own: str, other: str, chosen: str, query: str
) -> None:
    if query.endswith("-unique") and "pages" not in path:
        query += "_visitors"
    store(database, [*vector(), Hit(at=at("12:00:00"), visitor="l", session="l", attributes=LETTER)])

    async with running(settings_for(database)) as api:
        one = await api.read(f"{SITE}/{path}", f"{DAY_1}{query}&{own}".rstrip("&"))
        whole = await api.read(other.format(SITE), f"{DAY_1}{query}&{chosen}")

    assert one == whole
    assert one["total"] >= 1 or "search" in query


@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    "query", ["entry-pages?view=page", "exit-pages?depth=2", "channels?group=source", "utm?group=source", "utm?drill=a"]
)
async def test_what_is_chosen_cannot_be_asked_otherwise(database: str, query: str) -> None:
    store(database, vector())
    path, _, parameters = query.partition("?")

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/analytics/{SITE}/{path}", parameters)

    assert (reply.status, reply.body["details"]["parameter"]) == (400, parameters.partition("=")[0])
