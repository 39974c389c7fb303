"""Writes all events of a website to a file, the way any other client would (SPEC N5)."""

import csv
import gzip
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

from queryapi.export import MAX_EXPORT_LIMIT, NEXT_CURSOR_HEADER
from shared.errors import AppError
from shared.inflate import inflate
from shared.patient_client import DeliveryError, PatientClient, sentence

STDOUT = "-"
# Ten thousand of the longest events there can be are less.
MAX_PAGE_BYTES = 1024 * 1024 * 1024
_UNFINISHED = ".part"


@dataclass(frozen=True)
class Wanted:
    """What to export: without `since` and `until` everything; `output` is a path or "-"."""

    website_id: str
    since: str | None
    until: str | None
    form: str
    output: str
    page_events: int = MAX_EXPORT_LIMIT


def export_website(wanted: Wanted, url: str, token: str) -> int:
    """Exports page by page, in constant memory, and says how many events there were.

    Returns the exit code: 0 done, 1 stopped, 2 the file cannot be written. The file has its name only once it is whole:
    until then, and never after a failure, it is called `.part` behind. What ends in .gz is packed.
    """
    events, problem = 0, None
    try:
        with PatientClient(url, token, "query API") as client, _output(wanted.output) as file:
            for page in _pages(client, wanted):
                is_first = events == 0
                file.write(page if is_first or wanted.form != "csv" else page.partition(b"\r\n")[2])
                events += _count(page, wanted.form)
    except DeliveryError as error:
        problem = str(error)
    except KeyboardInterrupt:
        problem = "interrupted"
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"export: {wanted.output}: {error.strerror}", file=sys.stderr)
        return 2
    if problem is not None:
        print(f"export: {problem}\nNothing was kept: run the same command again.", file=sys.stderr)
        return 1
    print(f"{events:,} events", file=sys.stderr)
    return 0


def _pages(client: PatientClient, wanted: Wanted) -> Iterator[bytes]:
    ends = {"from": wanted.since, "to": wanted.until}
    asked = {"format": wanted.form, "limit": str(wanted.page_events)}
    asked |= {name: value for name, value in ends.items() if value is not None}
    path = f"/api/v1/websites/{quote(wanted.website_id)}/export"
    while True:
        reply = client.request(
            "GET", f"{path}?{urlencode(asked)}", headers={"Accept-Encoding": "gzip"}, limit_bytes=MAX_PAGE_BYTES
        )
        if reply.status != 200:
            raise DeliveryError(f"the query API answers {reply.status} {sentence(reply.content)}")
        yield _unpacked(reply.content) if reply.headers.get("Content-Encoding") == "gzip" else reply.content
        cursor = reply.headers.get(NEXT_CURSOR_HEADER)
        if cursor is None:
            return
        asked["cursor"] = cursor


def _unpacked(content: bytes) -> bytes:
    try:
        return inflate(content, MAX_PAGE_BYTES)
    except AppError as error:
        raise DeliveryError(f"the query API answers what cannot be unpacked: {error.message}") from error


def _count(page: bytes, form: str) -> int:
    if form == "csv":
        return sum(1 for _ in csv.reader(StringIO(page.decode(), newline=""))) - 1
    return page.count(b"\n")


@contextmanager
def _output(path: str) -> Generator[IO[bytes] | gzip.GzipFile]:
    """A file that takes its name when the block is left in order, and is gone after anything else."""
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    unfinished = Path(path + _UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            if path.endswith(".gz"):
                with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as packed:
                    yield packed
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
