"""Sends the page views of an access log to the gateway, the way any other client would."""

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

import msgspec

from ingest.access_log import LoggedPageview, Skip, read_lines, read_pageviews
from ingest.batch_client import BatchClient, DeliveryError, Receipt

# The gateway's limits (SPEC R55): 1000 events and 1 MiB a request, brackets and commas included.
MAX_BATCH_EVENTS = 1000
MAX_BATCH_BYTES = 1_000_000
STDIN = "-"
GZIP_MAGIC = b"\x1f\x8b"


@dataclass
class Tally:
    """What has become of the lines so far."""

    lines: int = 0
    sent: int = 0
    skipped: Counter[Skip] = field(default_factory=Counter[Skip])
    rejected: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[str] = field(default_factory=Counter[str])


def import_access_log(path: str, website_id: str, url: str, token: str, *, hostname: str | None = None) -> int:
    """Imports the log at `path` ("-" is standard input, gzip is recognised) and prints a summary.

    Blocks until the gateway has taken everything. Returns the exit code: 0 done, 1 stopped or some
    events refused, 2 the file cannot be read. Running it again adds nothing: ids are derived from the lines.
    """
    tally = Tally()
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_open(path))
        except OSError as error:
            print(f"import: {path}: {error.strerror}", file=sys.stderr)
            return 2
        progress = _Progress(file, 0 if path == STDIN else Path(path).stat().st_size)
        try:
            client = stack.enter_context(BatchClient(url, token))
            for batch in _batches(_outcomes(file, website_id, hostname), tally):
                _add(tally, client.send(batch))
                progress.show(tally)
            problem = None
        except DeliveryError as error:
            problem = str(error)
        except KeyboardInterrupt:
            problem = "interrupted"
        except (gzip.BadGzipFile, EOFError, zlib.error):
            problem = f"{path}: the gzip data is damaged; everything before the damage was read"
        except OSError as error:
            problem = f"{path}: {error.strerror}"
        progress.clear()
    print(_summary(tally))
    if problem is not None:
        print(f"import: {problem}\nRun the same command again to go on: nothing is counted twice.", file=sys.stderr)
    return 1 if problem is not None or tally.rejected or tally.dropped else 0


def _open(path: str) -> BufferedReader:
    return open(0, "rb", closefd=False) if path == STDIN else Path(path).open("rb")


def _outcomes(file: BufferedReader, website_id: str, hostname: str | None) -> Iterator[LoggedPageview | Skip]:
    is_gzip = file.peek(2)[:2] == GZIP_MAGIC
    return read_pageviews(read_lines(gzip.GzipFile(fileobj=file) if is_gzip else file), website_id, hostname)


def _batches(outcomes: Iterator[LoggedPageview | Skip], tally: Tally) -> Iterator[list[bytes]]:
    """Encoded events in batches within the gateway's limits; counts every line on the way."""
    batch: list[bytes] = []
    batch_bytes = 0
    for outcome in outcomes:
        tally.lines += 1
        if isinstance(outcome, Skip):
            tally.skipped[outcome] += 1
            continue
        encoded = msgspec.json.encode(outcome)
        if batch and (len(batch) == MAX_BATCH_EVENTS or batch_bytes + len(encoded) > MAX_BATCH_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(encoded)
        batch_bytes += len(encoded) + 1
    if batch:
        yield batch


def _add(tally: Tally, receipt: Receipt) -> None:
    tally.sent += receipt.accepted
    tally.rejected.update(receipt.rejected)
    tally.dropped.update(receipt.dropped)


def _summary(tally: Tally) -> str:
    rows = [("lines read", tally.lines), ("sent as page views", tally.sent)]
    rows += [(f"skipped: {skip.value}", count) for skip, count in tally.skipped.most_common()]
    rows += [(f"refused by the gateway: {code}", count) for code, count in tally.rejected.most_common()]
    rows += [(f"dropped by the gateway: {reason}", count) for reason, count in tally.dropped.most_common()]
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"{label:<{width}}  {count:>10,}" for label, count in rows)


class _Progress:
    """A line on standard error that follows the file's position; silent when nobody is looking."""

    def __init__(self, file: BufferedReader, total_bytes: int) -> None:
        self._file = file
        self._total_bytes = total_bytes
        self._is_shown = sys.stderr.isatty()

    def show(self, tally: Tally) -> None:
        if not self._is_shown:
            return
        done = f"{100 * self._file.tell() // self._total_bytes:3d} %" if self._total_bytes else "     "
        print(f"\r{done}  {tally.lines:,} lines, {tally.sent:,} sent", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
