"""Is this user agent or referrer a robot's, and of which kind (SPEC R50)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import msgspec
from ua_parser.core import Domain, Matcher, UserAgent
from ua_parser.lazy import UserAgentMatcher
from ua_parser.regex import Resolver

from worker.agent import CACHED_AGENTS, AgentReader
from worker.bot_names import LISTED_CATEGORIES, NAMED_BOTS

# Marks of a browser driven by a program.
_HEADLESS = re.compile(r"Headless|PhantomJS|SlimerJS|Puppeteer|Playwright|Selenium|Cypress/|jsdom/|HtmlUnit|Splash/")
# Only a robot explains itself with an address, as RFC 9309 section 2.2.1 asks of it.
_CONTACT = re.compile(r"://|www\.|@[\w-]+\.\w")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`category` is None exactly when `is_bot` is false; `reasons` are sorted and distinct."""

    is_bot: bool
    category: str | None
    reasons: tuple[str, ...]


HUMAN = Verdict(is_bot=False, category=None, reasons=())
NO_USER_AGENT = Verdict(is_bot=True, category="unknown", reasons=("no_user_agent",))


class BotJudge:
    """Judges user agents and remembers the last CACHED_AGENTS of them."""

    def __init__(self, agents: AgentReader) -> None:
        self._agents = agents
        # The lists go through the same engine as the user agents: 4.6 us for a browser, against
        # 242 us for the package's own chunks of regular expressions, with equal answers.
        rows = [*NAMED_BOTS, *_crawler_list()]
        matchers: list[Matcher[UserAgent]] = [UserAgentMatcher(pattern, family=category) for category, pattern in rows]
        self._resolve = Resolver((matchers, [], []))
        # An instance's own cache: nothing is shared, and it dies with the judge.
        self.judge = lru_cache(maxsize=CACHED_AGENTS)(self._judge)

    def _judge(self, user_agent: str) -> Verdict:
        """The verdict on a cleaned user agent that is not empty."""
        reasons: set[str] = set()
        category: str | None = None
        listed = self._resolve(user_agent, Domain.USER_AGENT).user_agent
        if listed is not None:
            reasons.add("crawler_list")
            category = listed.family
        if self._agents.read(user_agent).device == "bot":
            reasons.add("spider")
            category = category or "crawler"
        if _HEADLESS.search(user_agent):
            reasons.add("headless")
            category = category or "tool"
        if _CONTACT.search(user_agent):
            reasons.add("contact_address")
            category = category or "crawler"
        if not reasons:
            return HUMAN
        return Verdict(is_bot=True, category=category or "unknown", reasons=tuple(sorted(reasons)))


def with_spam(verdict: Verdict) -> Verdict:
    """`verdict` of a visit that also came by a spam referrer; a known robot keeps its category."""
    return _with(verdict, "spam_referrer", "spam_referrer")


def with_webdriver(verdict: Verdict) -> Verdict:
    """`verdict` of a visit in a browser that says a program drives it; a known robot keeps its category."""
    return _with(verdict, "webdriver", "tool")


def _with(verdict: Verdict, reason: str, category: str) -> Verdict:
    reasons = tuple(sorted({*verdict.reasons, reason}))
    return Verdict(is_bot=True, category=verdict.category or category, reasons=reasons)


class _Listed(msgspec.Struct):
    """A row of the crawler-user-agents package."""

    pattern: str
    tags: list[str] = []


def _crawler_list() -> list[tuple[str, str]]:
    # The package's data alone: importing it would compile what we do not use.
    rows = msgspec.json.decode(
        (files("crawleruseragents") / "crawler-user-agents.json").read_bytes(), type=list[_Listed]
    )
    return [(_listed_category(row.tags), row.pattern) for row in rows]


def _listed_category(tags: list[str]) -> str:
    return next((LISTED_CATEGORIES[tag] for tag in tags if tag in LISTED_CATEGORIES), "crawler")
