"""The site of SPEC section 4.13 as its visitors' browsers sent it, on 2026-03-02 and just after."""

DAY = "2026-03-02"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.0 Safari/605.1.15"
)
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

Payload = dict[str, object]


def event(visitor: str, time: str, page: str, *, day: str = DAY, website: str = "golden", **extra: object) -> Payload:
    """An event of one of the vector's visitors: v1, v2 and v3 differ by address and browser."""
    address, agent = {"v1": ("198.51.100.7", CHROME), "v2": ("198.51.100.8", FIREFOX), "v3": ("203.0.113.9", SAFARI)}[
        visitor
    ]
    return {
        "website_id": website,
        "page": page,
        "timestamp": f"{day}T{time}Z",
        "ip_address": address,
        "user_agent": agent,
        "hostname": "example.org",
        **extra,
    }


def golden_events(website: str = "golden", *, persistent: bool = False) -> list[Payload]:
    """Every event of the vector, in the order of its timestamps within each visitor."""
    events = [
        event("v1", "10:00:00", "/a", website=website, referrer="https://www.google.co.uk/"),
        event("v1", "10:05:00", "/b", website=website),
        event("v1", "10:34:59", "/c", website=website),
        event("v1", "11:05:00", "/c", website=website, event_type="signup"),
        event("v2", "10:00:00", "/a", website=website),
        event("v2", "10:00:16", "/a", website=website, event_type="engagement", engaged_ms=16_000),
        event("v3", "23:50:00", "/a", website=website),
        event("v3", "00:10:00", "/b", day="2026-03-03", website=website),
    ]
    if persistent:
        visitors = ["v1"] * 4 + ["v2"] * 2 + ["v3"] * 2
        return [{**sent, "visitor_id": visitor} for sent, visitor in zip(events, visitors, strict=True)]
    return events
