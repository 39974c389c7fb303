"""The channel of a visit: one ordered list of rules, the first that holds wins (SPEC R46).

The order is that of Google Analytics 4's default channel group, with these differences: AI assistants
stand before search, `utm_medium=organic` is search, any source that no rule knows is a referral, and
the name of a paid click id counts as a paid medium. `fbclid` is on every link that leaves Facebook and
says nothing.
"""

import re

from worker.source import Source, Tags

# Raised with every change of the rules or of the source table; stored with each row.
RULES_VERSION = 1

DIRECT = "Direct"

_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*", re.DOTALL)
_SHOPPING_CAMPAIGN = re.compile(r"(?:.*[^a-df-z])?shop(?:.*)|.*shopping.*", re.DOTALL)
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset({"social", "social-network", "social-media", "sm", "social network", "social media"})
_EMAIL = frozenset({"email", "e-mail", "e_mail", "e mail", "newsletter"})


def find_channel(tags: Tags, source: Source | None) -> str:
    """The channel's name, such as `Organic Search`; `Direct` when nothing tells."""
    medium = (tags.utm_medium or "").lower()
    campaign = (tags.utm_campaign or "").lower()
    kind = source.medium if source is not None else None
    is_paid = bool(tags.click_ids) or _PAID.fullmatch(medium) is not None
    is_shopping = kind == "shopping" or _SHOPPING_CAMPAIGN.fullmatch(campaign) is not None
    rules = (
        (medium == "cross-network" or "cross-network" in campaign, "Cross-network"),
        (is_paid and is_shopping, "Paid Shopping"),
        (is_paid and kind == "search", "Paid Search"),
        (is_paid and kind == "social", "Paid Social"),
        (is_paid and kind == "video", "Paid Video"),
        (medium in _DISPLAY, "Display"),
        (is_paid, "Paid Other"),
        (is_shopping, "Organic Shopping"),
        (kind == "social" or medium in _SOCIAL, "Organic Social"),
        (kind == "video" or "video" in medium, "Organic Video"),
        (kind == "ai" or medium == "ai-assistant", "AI Assistants"),
        (kind == "search" or medium == "organic", "Organic Search"),
        (kind == "email" or medium in _EMAIL, "Email"),
        (medium in {"affiliate", "affiliates"}, "Affiliates"),
        (medium in {"audio", "podcast"}, "Audio"),
        (medium == "sms" or _is_named(source, "sms"), "SMS"),
        (medium.endswith("push") or "notification" in medium or _is_named(source, "firebase"), "Push"),
        (source is not None or medium in {"referral", "app", "link"}, "Referral"),
    )
    return next((name for holds, name in rules if holds), DIRECT)


def _is_named(source: Source | None, name: str) -> bool:
    return source is not None and source.name.lower() == name
