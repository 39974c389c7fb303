"""What rows can be split and filtered by: the closed table of names a request may use.

A session's attributes stand on every row of `session_facts` and of `events` alike (SPEC R19), so one
expression serves both.
"""

from typing import NamedTuple

from psycopg import sql

UNSET = "(not set)"
DIRECT = "Direct / None"
# What an event without the property goes by.
NO_PROPERTY = "(none)"
# `https://host/path` without the scheme, and the host alone.
_REFERRER_URL = sql.SQL("regexp_replace(referrer, '^[A-Za-z0-9+.-]+://', '')")
_REFERRER_HOST = sql.SQL("split_part(regexp_replace(referrer, '^[A-Za-z0-9+.-]+://', ''), '/', 1)")


class Dimension(NamedTuple):
    """An expression over a row of `session_facts` or `events`; `unset` is what NULL is called."""

    expression: sql.Composable
    unset: str = UNSET
    is_text: bool = True


def _column(name: str) -> Dimension:
    return Dimension(sql.Identifier(name))


def _known_city(name: str) -> sql.Composable:
    # All unknown cities are one row, whatever is known of their country (SPEC A7-A10).
    return sql.SQL("CASE WHEN city IS NOT NULL THEN {} END").format(sql.Identifier(name))


SESSION_DIMENSIONS: dict[str, Dimension] = {
    **{
        name: _column(name)
        for name in (
            "hostname", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "country",
            "region", "city", "continent", "browser", "browser_version", "os", "os_version", "device", "screen",
            "language",
        )
    },
    "source": Dimension(sql.Identifier("source"), unset=DIRECT),
    "referrer": Dimension(_REFERRER_URL),
    "referrer_host": Dimension(_REFERRER_HOST),
    "city_geoname_id": Dimension(sql.Identifier("city_geoname_id"), is_text=False),
    "city_region": Dimension(_known_city("region")),
    "city_country": Dimension(_known_city("country")),
    "has_utm": Dimension(
        sql.SQL("(num_nonnulls(utm_source, utm_medium, utm_campaign, utm_term, utm_content) > 0)::text")
    ),
    # Somebody else sent the visitor: a source was found, and not on the website itself.
    "is_referred": Dimension(
        sql.SQL("(source IS NOT NULL AND referrer IS NOT NULL AND {} IS DISTINCT FROM hostname)::text").format(
            _REFERRER_HOST
        )
    ),
    "region_country": Dimension(sql.SQL("CASE WHEN region IS NOT NULL THEN country END")),
}  # fmt: skip

# Of the whole session: the pages of its first and its last page view.
ENDS = frozenset({"entry_page", "exit_page"})
# Of one event: filters on these pick events, and with them the sessions that contain one (SPEC R34).
EVENT_FILTERS = frozenset({"page", "event_type"})

FILTER_PARAMETERS = frozenset(
    {
        "hostname", "source", "referrer", "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term",
        "utm_content", "country", "region", "city", "continent", "browser", "os", "device",
    }
) | ENDS | EVENT_FILTERS  # fmt: skip
# What a filter of the JSON grammar may name beside `prop:<key>`.
FILTER_DIMENSIONS = FILTER_PARAMETERS | {"referrer_host", "browser_version", "os_version", "screen", "language"}
# Their values are codes, always in capital letters.
CODES = frozenset({"country", "region", "continent"})
