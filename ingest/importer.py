"""Sends the page views of an access log to the gateway, the way any other client would."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BufferedReader

import msgspec

from ingest.access_log import LoggedPageview, Skip, read_lines, read_pageviews
from ingest.batch_client import BatchClient, Receipt
from shared.input_file import DAMAGE, Progress, open_input, unpacked
from shared.patient_client import DeliveryError

# The gateway's limits (SPEC R55): 1000 events and 1 MiB a request, brackets and commas included.
MAX_BATCH_EVENTS = 1000
MAX_BATCH_BYTES = 1_000_000


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
            file = stack.enter_context(open_input(path))
        except OSError as error:
            print(f"import: {path}: {error.strerror}", file=sys.stderr)
            return 2
        progress = Progress(file, path)
        try:
            client = stack.enter_context(BatchClient(url, token))
            for batch in _batches(_outcomes(file, website_id, hostname), tally):
                _add(tally, client.send(batch))
                progress.show(f"{tally.lines:,} lines, {tally.sent:,} sent")
            problem = None
        except DeliveryError as error:
            problem = str(error)
        except KeyboardInterrupt:
            problem = "interrupted"
        except DAMAGE:
            problem = f"{path}: the gzip data is damaged; everything before the damage was read"
        except OSError as error:
            problem = f"{path}: {error.strerror}"
        progress.clear()
    print(_summary(tally))
    if problem is not None:
        print(f"import: {problem}\nRun the same command again to go on: nothing is counted twice.", file=sys.stderr)
    return 1 if problem is not None or tally.rejected or tally.dropped else 0


def _outcomes(file: BufferedReader, website_id: str, hostname: str | None) -> Iterator[LoggedPageview | Skip]:
    return read_pageviews(read_lines(unpacked(file)), website_id, hostname)


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
