"""Reports that are another report with one of its parameters chosen (SPEC N4)."""

from collections.abc import Awaitable
from dataclasses import replace

from queryapi.answer import SESSION_REACH, Answer, Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call
from queryapi.lists import LIST_PARAMETERS
from queryapi.pages import pages
from queryapi.params import Params
from queryapi.sources import GROUPS, sources

_LIST = COMMON_PARAMETERS | LIST_PARAMETERS
UTM_GROUPS = tuple(group for group in GROUPS if group.startswith("utm_"))


def _with(call: Call, name: str, value: str) -> Call:
    return replace(call, params=Params({**call.params.values, name: (value,)}))


def _entry_pages(call: Call) -> Awaitable[Answer]:
    return pages(_with(call, "view", "entry"))


def _exit_pages(call: Call) -> Awaitable[Answer]:
    return pages(_with(call, "view", "exit"))


def _channels(call: Call) -> Awaitable[Answer]:
    return sources(_with(call, "group", "channel"))


def _utm(call: Call) -> Awaitable[Answer]:
    return sources(_with(call, "group", call.params.choice("group", UTM_GROUPS) or "utm_source"))


ENTRY_PAGES = Report(_entry_pages, _LIST, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
EXIT_PAGES = Report(_exit_pages, _LIST, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
CHANNELS = Report(_channels, _LIST, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
UTM = Report(_utm, _LIST | {"group"}, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
