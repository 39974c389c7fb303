"""Sends files that were exported to the query API, the way any other client would (SPEC N5)."""

import gzip
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from queryapi.csv_events import MEDIA_TYPE as CSV
from queryapi.export import NDJSON
from queryapi.import_lines import MAX_IMPORT_LINES, MAX_LINE_BYTES
from shared.input_file import DAMAGE, Progress, open_input, unpacked
from shared.patient_client import DeliveryError, PatientClient, Reply, sentence

# Far below the limit of a body, so that a slow line sends one within its deadline.
MAX_PAGE_BYTES = 4 * 1024 * 1024
MAX_ANSWER_BYTES = 1024 * 1024
_TOO_MUCH = 413


@dataclass
class Tally:
    """What has become of the events so far."""

    added: int = 0
    present: int = 0


class _Page(NamedTuple):
    """Records of a file, and the line of it that the first begins on; `header` stands before them in each request."""

    line: int
    header: bytes
    records: list[bytes]


@dataclass(frozen=True)
class _Import:
    """One file on its way to a website."""

    client: PatientClient
    website_id: str
    path: str
    tally: Tally


class _Answer(msgspec.Struct):
    added: int
    present: int


class _Details(msgspec.Struct):
    line: int | None = None


class _Refusal(msgspec.Struct):
    error: str
    details: _Details


def import_files(
    paths: list[str], website_id: str, url: str, token: str, *, page_events: int = MAX_IMPORT_LINES
) -> int:
    """Imports files of either form of an export, packed or not ("-" is standard input), and says what became of them.

    Blocks until all is committed. Returns the exit code: 0 done, 1 stopped, 2 a file cannot be read. What was sent
    before a failure stays; running it again adds only what is missing.
    """
    tally, problem, code = Tally(), None, 0
    try:
        with PatientClient(url, token, "query API") as client:
            for path in paths:
                _import_file(_Import(client, website_id, path, tally), page_events)
    except DeliveryError as error:
        problem, code = str(error), 1
    except KeyboardInterrupt:
        problem, code = "interrupted", 1
    except OSError as error:
        problem, code = f"{error.filename or 'reading'}: {error.strerror}", 2
    print(f"{tally.added:,} events added, {tally.present:,} were there already")
    if problem is not None:
        print(f"import: {problem}\nRun the same command again to go on: nothing is added twice.", file=sys.stderr)
    return code


def _import_file(target: _Import, page_events: int) -> None:
    path, tally = target.path, target.tally
    with open_input(path) as file:
        progress = Progress(file, path)
        try:
            for page in _pages(unpacked(file), path, page_events):
                _send(target, page)
                progress.show(f"{tally.added:,} events added, {tally.present:,} there already")
        except DAMAGE as error:
            raise DeliveryError(f"{path}: the gzip data is damaged; pages before the damage were imported") from error
        finally:
            progress.clear()


def _send(target: _Import, page: _Page) -> None:
    headers = {"Content-Type": CSV if page.header else NDJSON, "Content-Encoding": "gzip"}
    body = gzip.compress(page.header + b"".join(page.records), compresslevel=1)
    path = f"/api/v1/websites/{quote(target.website_id)}/import"
    reply = target.client.request("POST", path, body, headers=headers, limit_bytes=MAX_ANSWER_BYTES)
    if reply.status == _TOO_MUCH and len(page.records) > 1:
        # Of a website with few events a page has more days than a request may have.
        half = len(page.records) // 2
        first, second = page.records[:half], page.records[half:]
        _send(target, page._replace(records=first))
        _send(target, page._replace(line=page.line + b"".join(first).count(b"\n"), records=second))
        return
    if reply.status != 200:
        raise DeliveryError(_refusal(reply, page, target.path))
    answer = msgspec.json.decode(reply.content, type=_Answer)
    target.tally.added += answer.added
    target.tally.present += answer.present


def _refusal(reply: Reply, page: _Page, path: str) -> str:
    """What was refused, by the line of the file."""
    try:
        refusal = msgspec.json.decode(reply.content, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"the query API answers {reply.status} {sentence(reply.content)}"
    line = refusal.details.line
    if line is None:
        return f"the query API answers {reply.status} {refusal.error}"
    of_file = page.line + line - 1 - page.header.count(b"\n") if line > 1 or not page.header else 1
    return f"{path}: line {of_file}: {refusal.error.removeprefix(f'line {line}: ')}"


def _pages(content: BufferedIOBase, path: str, page_events: int) -> Iterator[_Page]:
    """The file in requests, one in memory at a time."""
    line, page_bytes, header = 1, 0, b""
    records: list[bytes] = []
    for record in _records(content, path):
        if line == 1 and not record.lstrip().startswith(b"{"):
            header, line = record, 1 + record.count(b"\n")
            continue
        if records and (len(records) == page_events or page_bytes + len(record) > MAX_PAGE_BYTES):
            yield _Page(line, header, records)
            line, page_bytes = line + b"".join(records).count(b"\n"), 0
            records = []
        records.append(record)
        page_bytes += len(record)
    if records:
        yield _Page(line, header, records)


def _records(content: BufferedIOBase, path: str) -> Iterator[bytes]:
    """Lines; of CSV, told by its first line, as many together as a quoted cell goes over."""
    is_csv: bool | None = None
    record, line = b"", 0
    while piece := content.readline(MAX_LINE_BYTES + 1):
        line += 1
        record += piece
        if is_csv is None:
            is_csv = not record.lstrip().startswith(b"{")
        if len(record) > MAX_LINE_BYTES:
            raise DeliveryError(f"{path}: line {line}: longer than {MAX_LINE_BYTES} bytes")
        # A quote inside a cell is written twice.
        if not is_csv or record.count(b'"') % 2 == 0:
            yield record
            record = b""
    if record:
        yield record
