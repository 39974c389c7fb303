"""Getting events out of one installation and into another, as a client does."""

import gzip
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg

from shared.hashes import digest64
from tests.services import Servers

TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv"}
Row = dict[str, Any]


@contextmanager
def another_database(servers: Servers, flavour: str) -> Generator[str]:
    """The database of a fresh installation."""
    with servers.database(flavour).database() as url:
        yield url


async def export_pages(client: httpx.AsyncClient, website_id: str, form: str = "ndjson", limit: int = 3) -> list[bytes]:
    """Every page of a website's events."""
    pages: list[bytes] = []
    asked = {"format": form, "limit": str(limit)}
    while True:
        answer = await client.get(f"/api/v1/websites/{website_id}/export", params=asked)
        assert answer.status_code == 200, answer.text
        pages.append(answer.content)
        if "x-next-cursor" not in answer.headers:
            return pages
        asked["cursor"] = answer.headers["x-next-cursor"]


async def send(
    client: httpx.AsyncClient, website_id: str, body: bytes, form: str = "ndjson", *, is_packed: bool = False
) -> httpx.Response:
    """One request that imports the body."""
    headers = {"content-type": TYPES[form]}
    if is_packed:
        headers["content-encoding"] = "gzip"
    content = gzip.compress(body) if is_packed else body
    return await client.post(f"/api/v1/websites/{website_id}/import", content=content, headers=headers)


async def import_pages(
    client: httpx.AsyncClient, website_id: str, pages: list[bytes], form: str = "ndjson", *, is_packed: bool = False
) -> tuple[int, int]:
    """How many events of the pages were added, and how many were there."""
    added = present = 0
    for page in pages:
        answer = await send(client, website_id, page, form, is_packed=is_packed)
        assert answer.status_code == 200, answer.text
        added, present = added + answer.json()["added"], present + answer.json()["present"]
    return added, present


def rows_of(database: str, website_id: str) -> list[Row]:
    """All columns of all events of a website, in their order of time."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            'SELECT to_jsonb(e)::text FROM events e WHERE website_id = %s ORDER BY "timestamp", id', (website_id,)
        ).fetchall()
    # Numbers as they are written: a float would hide a digit.
    return [json.loads(text, parse_float=str, parse_int=str) for (text,) in found]


def renamed(rows: list[Row], website_id: str) -> list[Row]:
    """The rows as they are on another website: named by it, hashes with it, and nothing else changed. What no client
    named goes by its hash."""
    others: list[Row] = []
    for row in rows:
        session_id, session_hash = row["session_id"], int(row["session_hash"])
        new_hash = digest64(website_id, f"{session_id}\0{session_hash}")
        is_derived = session_id == f"{session_hash % 2**64:016x}"
        others.append(
            row
            | {
                "website_id": website_id,
                "visitor_hash": str(digest64(website_id, row["visitor_id"])),
                "session_hash": str(new_hash),
                "session_id": f"{new_hash % 2**64:016x}" if is_derived else session_id,
            }
        )
    return others
