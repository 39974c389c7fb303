"""Browsers, systems and devices of real user agents (SPEC R47, R48)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.agent import MAX_AGENT_BYTES, UNKNOWN_AGENT, Agent, AgentReader, clean_agent

READER = AgentReader()
WORDS = [
    "Mozilla/5.0",
    "Android",
    "iPad",
    "Chrome/",
    "99",
    ";",
    "(",
    ")",
    "Mobile",
    "Tizen",
    "TV",
    "\\",
    "$1",
    "Windows NT",
]

# What is expected stands above the user agent: browser and version | system and version | device.
CASES = (Path(__file__).parent / "user_agents.txt").read_text()


def _cases() -> list[tuple[str, str]]:
    lines = CASES.strip().splitlines()
    return [(expected, agent.strip()) for expected, agent in zip(lines[::2], lines[1::2], strict=True)]


def _shown(agent: Agent) -> str:
    browser = f"{agent.browser or '-'} {agent.browser_version or '-'}"
    return f"{browser} | {agent.os or '-'} {agent.os_version or '-'} | {agent.device}"


@pytest.mark.rule("R47")
@pytest.mark.rule("R48")
@pytest.mark.parametrize(("expected", "user_agent"), _cases())
def test_user_agent_names_its_browser_system_and_device(expected: str, user_agent: str) -> None:
    assert _shown(READER.read(clean_agent(user_agent))) == expected


@pytest.mark.rule("R47")
@pytest.mark.parametrize("user_agent", ["", "-", "x", "Mozilla/5.0", "\ud800", "\x00" * 600])
def test_a_user_agent_that_says_nothing_is_unknown(user_agent: str) -> None:
    assert READER.read(clean_agent(user_agent)) == UNKNOWN_AGENT


def test_a_user_agent_is_cut_to_its_limit_on_a_character_boundary() -> None:
    assert clean_agent("a" * 511 + "é") == "a" * 511
    assert clean_agent("a" * 5000) == "a" * MAX_AGENT_BYTES
    assert len(clean_agent("é" * 5000).encode()) == MAX_AGENT_BYTES


def test_what_is_remembered_is_bounded() -> None:
    reader = AgentReader()

    for i in range(30):
        _ = reader.read(f"Mozilla/5.0 (Windows NT 10.0) Firefox/{i}.0")

    assert reader.read.cache_info().maxsize == 20_000
    assert reader.read.cache_info().currsize == 30


@given(st.text(max_size=700))
def test_reading_never_fails_and_never_gives_more_than_a_name(user_agent: str) -> None:
    agent = READER.read(clean_agent(user_agent))

    assert agent.device in {"desktop", "mobile", "tablet", "tv", "console", "wearable", "bot", "unknown"}
    assert all(len(part or "") <= 64 for part in (agent.browser, agent.browser_version, agent.os, agent.os_version))


@given(st.lists(st.sampled_from(WORDS)))
def test_reading_never_fails_on_shuffled_real_words(words: list[str]) -> None:
    _ = READER.read(clean_agent(" ".join(words)))
