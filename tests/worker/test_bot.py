"""Which senders are robots, and of which kind (SPEC R50)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.test_agent import CASES
from worker.agent import AgentReader, clean_agent
from worker.bot import HUMAN, BotJudge, with_spam, with_webdriver

JUDGE = BotJudge(AgentReader())

BOTS = (
    ("crawler", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    ("crawler", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    ("crawler", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"),
    ("crawler", "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"),
    ("crawler", "msnbot/2.0b (+http://search.msn.com/msnbot.htm)"),
    ("crawler", "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)"),
    ("crawler", "Mozilla/5.0 (compatible; Exabot/3.0; +http://www.exabot.com/go/robot)"),
    ("crawler", "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)"),
    ("crawler", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
    ("crawler", "Twitterbot/1.0"),
    ("crawler", "Mozilla/5.0 (compatible; SomethingNew/0.1; +https://example.com/about-us)"),
    ("crawler", "nutch-agent/1.0"),
    (
        "ai_training",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ),
    ("ai_training", "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)"),
    ("ai_training", "CCBot/2.0 (https://commoncrawl.org/faq/)"),
    ("ai_training", "Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)"),
    ("ai_training", "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)"),
    ("ai_search", "Mozilla/5.0 (compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)"),
    ("ai_search", "Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)"),
    ("ai_user_agent", "Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)"),
    ("ai_user_agent", "Mozilla/5.0 (compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)"),
    ("ai_user_agent", "Mozilla/5.0 (compatible; Claude-User/1.0; +Claude-User@anthropic.com)"),
    ("monitor", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"),
    ("monitor", "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)"),
    ("monitor", "Better Uptime Bot Mozilla/5.0"),
    ("monitor", "kube-probe/1.29"),
    (
        "monitor",
        "Mozilla/5.0 (Linux; Android 11) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36 Chrome-Lighthouse",
    ),
    ("tool", "curl/8.5.0"),
    ("tool", "Wget/1.21.3"),
    ("tool", "python-requests/2.32.3"),
    ("tool", "Python-urllib/3.11"),
    ("tool", "Go-http-client/2.0"),
    ("tool", "axios/1.7.7"),
    ("tool", "Scrapy/2.11 (+https://scrapy.org)"),
    ("tool", "PostmanRuntime/7.42.0"),
    (
        "tool",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36",
    ),
    ("tool", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0"),
    (
        "tool",
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) PhantomJS/1.9.2 Safari/534.34",
    ),
)
BROWSERS = [
    line.strip()
    for line in CASES.splitlines()
    if line.startswith("  ") and "bot.html" not in line and "Headless" not in line
]


@pytest.mark.rule("R50")
@pytest.mark.parametrize(("category", "user_agent"), BOTS)
def test_robot_is_flagged_with_its_category_and_reasons(category: str, user_agent: str) -> None:
    verdict = JUDGE.judge(clean_agent(user_agent))

    assert verdict.is_bot
    assert verdict.category == category
    assert verdict.reasons
    assert list(verdict.reasons) == sorted(set(verdict.reasons))


@pytest.mark.rule("R50")
@pytest.mark.parametrize("user_agent", BROWSERS)
def test_browser_is_no_robot(user_agent: str) -> None:
    assert JUDGE.judge(clean_agent(user_agent)) == HUMAN


def test_spam_referrer_makes_a_robot_and_keeps_a_known_category() -> None:
    crawler = JUDGE.judge("Twitterbot/1.0")

    assert with_spam(HUMAN).category == "spam_referrer"
    assert with_spam(HUMAN).reasons == ("spam_referrer",)
    assert with_spam(crawler).category == "crawler"
    assert set(with_spam(crawler).reasons) == {*crawler.reasons, "spam_referrer"}


@pytest.mark.rule("R50")
def test_driven_browser_is_a_tool() -> None:
    crawler = JUDGE.judge("Twitterbot/1.0")

    assert (with_webdriver(HUMAN).is_bot, with_webdriver(HUMAN).category) == (True, "tool")
    assert with_webdriver(HUMAN).reasons == ("webdriver",)
    assert with_webdriver(crawler).category == crawler.category


@given(st.text(min_size=1, max_size=600))
def test_judging_never_fails(user_agent: str) -> None:
    verdict = JUDGE.judge(clean_agent(user_agent))

    assert verdict.is_bot == (verdict.category is not None) == bool(verdict.reasons)
