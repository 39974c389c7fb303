"""Robots by name and by purpose, and the hosts of referrer spam (SPEC R50)."""


def _any_of(names: str) -> str:
    # A name begins at a word's start, so that "curl" is not found inside "Procurl". The engine that
    # runs this has no look-behind.
    return rf"(?:^|[^a-zA-Z0-9])(?i:{'|'.join(names.split())})"


# What each robot is for, as its maker says. The first category that matches wins.
NAMED_BOTS = (
    (
        "ai_user_agent",
        _any_of(
            r"ChatGPT-User Claude-User Perplexity-User MistralAI-User Meta-ExternalFetcher Gemini-Deep-Research"
            r" GoogleAgent-Mariner Google-NotebookLM Amzn-User Manus-User NovaAct Devin/ DuckAssistBot"
        ),
    ),
    (
        "ai_search",
        _any_of(
            r"OAI-SearchBot PerplexityBot Claude-SearchBot YouBot PhindBot AndiBot Amzn-SearchBot TavilyBot"
            r" LinkupBot meta-webindexer Google-CloudVertexBot AzureAI-SearchBot iAskBot"
        ),
    ),
    (
        "ai_training",
        _any_of(
            r"GPTBot ClaudeBot Claude-Web anthropic-ai CCBot Bytespider Meta-ExternalAgent FacebookBot"
            r" Applebot-Extended Amazonbot cohere-ai cohere-training Diffbot AI2Bot omgili ImagesiftBot PanguBot"
            r" Timpibot img2dataset Google-Extended DeepSeekBot ICC-Crawler Kangaroo webzio-extended SBIntuitionsBot"
        ),
    ),
    (
        "monitor",
        _any_of(
            r"UptimeRobot Pingdom StatusCake Site24x7 Better(?:\s|)(?:Uptime|Stack) Datadog NewRelic Checkly updown\.io"
            r" HetrixTools Uptime-Kuma Uptime\.com UptimeBot Zabbix check_http Nagios GoogleStackdriverMonitoring"
            r" GoogleHC Freshping Catchpoint Chrome-Lighthouse GTmetrix PTST/ kube-probe ELB-HealthChecker"
            r" Amazon-Route53 Blackbox.Exporter Prometheus/ cron-job\.org Hyperping OhDear Monit/ SentryUptimeBot"
            r" Monitoring360 Montastic NodePing Dotcom-Monitor"
        ),
    ),
    (
        "tool",
        _any_of(
            r"curl/ libcurl Wget python-requests Python-urllib python-httpx aiohttp/ Go-http-client axios/ node-fetch"
            r" undici Java/\d Apache-HttpClient libwww-perl LWP:: Ruby Faraday HTTPie PostmanRuntime insomnia/ Scrapy"
            r" GuzzleHttp PHP/ PycURL WinHttp Mechanize zgrab masscan Nmap sqlmap Nikto Nuclei HTTrack httpx/ Typhoeus"
            r" reqwest/ libfetch portscout got(?:\s|/)\d lwp-trivial Lynx-check"
        ),
    ),
)

# Tags of the crawler list -> category; the others are crawlers.
LISTED_CATEGORIES = {
    "ai-crawler": "ai_training",
    "monitoring": "monitor",
    "http-library": "tool",
    "browser-automation": "tool",
    "scanner": "tool",
}

# Hosts whose only visits are made to show up in reports; their subdomains too.
_SPAM = """
    100dollars-seo.com 4webmasters.org 7makemoneyonline.com acunetix-referrer.com adviceforum.info anticrawler.org
    best-seo-offer.com best-seo-solution.com bestwebsitesawards.com blackhatworth.com bot-traffic.icu bot-traffic.xyz
    buttons-for-website.com buttons-for-your-website.com buy-cheap-online.info cenoval.ru cookie-law-enforcement-aa.xyz
    darodar.com econom.co erot.co event-tracking.com floating-share-buttons.com free-floating-buttons.com
    free-share-buttons.com free-social-buttons.com get-free-traffic-now.com guardlink.org hulfingtonpost.com
    humanorightswatch.org ilovevitaly.co ilovevitaly.com ilovevitaly.ru iskalko.ru kambasoft.com lomb.co lombia.co
    makemoneyonline.com o-o-6-o-o.com o-o-8-o-o.com priceg.com ranksonic.info ranksonic.org rankings-analytics.com
    savetubevideo.com savetubevideo.info semalt.com semaltmedia.com seo-platform.info sharebutton.net
    simple-share-buttons.com sitevaluation.org social-buttons.com success-seo.com superiends.org theguardlan.com
    traffic2cash.org traffic2cash.xyz traffic2money.com trafficbot.life trafficbot.live trafficmonetize.org
    trafficmonetizer.org videos-for-your-business.com webmonetizer.net websites-reviews.com
    """
SPAM_HOSTS = frozenset(_SPAM.split())
