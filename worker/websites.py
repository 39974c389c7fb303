"""The websites as the worker knows them: from the table, read again now and then and at any unknown one."""

import re
from collections.abc import Iterable

import msgspec
import psycopg
from psycopg.rows import dict_row

from shared.registry import Website
from sql.statements import read

# How old the copy may be: a changed domain list takes this long to matter.
MAX_AGE_SECONDS = 10.0
# As the check on the table.
_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Websites:
    """A snapshot of the table. With `allow_unregistered` a website is registered by its first event."""

    def __init__(self, *, allow_unregistered: bool) -> None:
        self._allow_unregistered = allow_unregistered
        self._known: dict[str, Website] = {}
        # Those whose sessions another campaign splits: few, and asked about each event.
        self.splitting = frozenset[str]()
        self._read_at = float("-inf")

    def get(self, website_id: str) -> Website | None:
        """The website, None when it is not registered."""
        return self._known.get(website_id)

    def prepare(self, connection: psycopg.Connection, website_ids: Iterable[str], now_seconds: float) -> None:
        """Make the snapshot fit for events of these websites. Outside any transaction: what it registers
        stays, whatever becomes of the events."""
        wanted = set(website_ids)
        if wanted <= self._known.keys() and now_seconds - self._read_at < MAX_AGE_SECONDS:
            return
        self._read(connection)
        unknown = [website_id for website_id in wanted - self._known.keys() if _WEBSITE_ID.fullmatch(website_id)]
        if unknown and self._allow_unregistered:
            connection.execute(read("writes/register_websites"), {"websites": unknown})
            self._read(connection)
        self._read_at = now_seconds

    def _read(self, connection: psycopg.Connection) -> None:
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(read("writes/select_websites")).fetchall()
        self._known = {website.website_id: website for website in msgspec.convert(rows, list[Website])}
        self.splitting = frozenset(name for name, website in self._known.items() if website.split_on_campaign)
