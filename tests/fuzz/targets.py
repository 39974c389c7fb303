"""What is fuzzed: each target takes any bytes and raises only where a promise is broken."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.fuzz import body, cursor, filters, stream


class Target(NamedTuple):
    """`words` are what the fuzzer tries to put in."""

    check: Callable[[bytes], None]
    words: Sequence[str]


_EVENT = """
    website_id page url event_type id timestamp sent_at visitor_id session_id referrer user_agent ip_address properties
    time_on_page engaged_ms scroll_depth title hostname language screen source ref utm_source utm_medium interactive
    revenue amount currency performance lcp cls events true false null 1e999 -0.0 \\ud800 \\udc00 \\u0000 pageview
    engagement identify 2026-03-02T10:00:00Z https:// // #/ ?utm_source=x&gclid=y 198.51.100.1 ::1 9223372036854775808
    """.split()
TARGETS = {
    "body": Target(body.check, _EVENT),
    "stream": Target(
        stream.check,
        [*_EVENT, *"previous_visitor_id is_client_id is_imported query android-app:// Firefox/144.0".split()],
    ),
    "filters": Target(
        filters.check,
        """
        is is_not contains contains_not matches matches_not and or not has_done has_not_done page entry_page source
        country prop:plan event_type case_sensitive true false NaN Infinity (not\\u0020set) [[ ]] \\ud800 1e999
        """.split(),
    ),
    "cursor": Target(cursor.check, "Bearer ak_ = - _".split()),
}
