r"""Lines of a web server's access log -> page views.

Reads the common and the combined format of Apache and nginx, with or without a leading `host:port`:
`203.0.113.9 - - [17/May/2015:10:05:03 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "referrer" "user agent"`.
Fields after the user agent are ignored; `\x22`, `\"` and `\\` inside quotes are undone.

A line becomes a page view when a browser could have shown it:
- its method is GET, its status is 2xx or 304;
- its path does not end like a file that pages load (`ASSET_EXTENSIONS`), a feed (`/feed`, `/rss`,
  `?feed=rss2`), or a file for programs (`robots.txt`, `sitemap*`, `/.well-known/`, icons);
- its client is an address: a log of resolved names has no visitors to tell apart.
Robots are kept: the worker flags them by their user agent, as it does with live traffic. A prefetch
cannot be told from a view in these formats.
"""

import hashlib
import ipaddress
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Protocol

import msgspec

from shared.event import event_uuid

# Servers refuse request lines over 8 KiB; a referrer and a user agent may double that.
MAX_LINE_BYTES = 32 * 1024
# Equal lines share their second, so they stand close together.
REMEMBERED_LINES = 50_000

_ASSETS = """
    7z ai apk atom avi avif bmp br bz2 cab class css csv cur deb dmg doc docx eot eps epub exe flac flv gif gz ico
    ics iso jar jpeg jpg js json jsonld m3u8 m4a m4v map md5 mid mjs mov mp3 mp4 mpeg mpg msi ogg ogv otf pdf png
    ppt pptx ps psd rar rdf rpm rss rtf sig svg swf tar tgz tif tiff torrent ts ttf txt wasm wav webm webmanifest
    webp wmv woff woff2 xls xlsx xml xpi xsl xz zip zst
    """
ASSET_EXTENSIONS = frozenset(_ASSETS.split())

# The quantifiers that end in + never give back, so that a torn line costs its length and no more.
_LINE = re.compile(
    rb'(?:([\w.-]+):\d{1,5} )?([^\s\[\]"]+) [^\[\]"]*\[([^\]]{20,32})\] "((?:[^"\\]++|\\.)*+)" (\d{3}) (?:\d+|-)'
    rb'(?: "((?:[^"\\]++|\\.)*+)" "((?:[^"\\]++|\\.)*+)"(?: .*)?)?',
    re.DOTALL,
)
_TIME = re.compile(rb"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_MONTHS = {name: i + 1 for i, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}
_METHOD = re.compile(rb"[A-Z]{3,20}")
_CONTROL_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"f": b"\f"}
_FEED_NAMES = frozenset({"feed", "feeds", "rss", "rss2", "atom"})
_FEED_QUERY = re.compile(r"(?:^|&)(?:feed|flav|format|type)=(?:rss|atom)", re.IGNORECASE)
_PROGRAM_FILE = re.compile(r"/\.well-known/|/(?:robots\.txt|favicon|apple-touch-icon|sitemap|browserconfig)[^/]*$")


class Skip(Enum):
    """Why a line is not a page view."""

    MALFORMED = "not a line of the common or combined log format"
    TOO_LONG = "longer than 32 KiB"
    METHOD = "method is not GET"
    STATUS = "status is neither 2xx nor 304"
    ASSET = "a file, feed or icon, not a page"
    NO_ADDRESS = "the client is a name, not an address"


class LoggedPageview(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page view as the batch endpoint takes it. `user_agent` is "-" where the browser sent none."""

    website_id: str
    id: str
    page: str
    timestamp: datetime
    ip_address: str
    user_agent: str
    referrer: str | None = None
    hostname: str | None = None


class LineSource(Protocol):
    """A binary file, as far as it is needed here."""

    def readline(self, size: int = -1, /) -> bytes: ...


def read_lines(stream: LineSource) -> Iterator[bytes | Skip]:
    """The lines of `stream` without their ends, one in memory at a time; Skip.TOO_LONG in place of a
    line over MAX_LINE_BYTES."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield line.rstrip(b"\r\n")
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES)
        yield Skip.TOO_LONG


def read_pageviews(
    lines: Iterable[bytes | Skip], website_id: str, hostname: str | None = None
) -> Iterator[LoggedPageview | Skip]:
    """One outcome a line, in order; empty lines have none. `hostname` is for logs that do not name it.

    An id comes from the website, the line, and how many equal lines stood before it: reading the same
    log again gives the same ids.
    """
    seen: OrderedDict[bytes, int] = OrderedDict()
    for line in lines:
        if isinstance(line, Skip):
            yield line
        elif line.strip():
            pageview = parse_line(line)
            if isinstance(pageview, Skip):
                yield pageview
                continue
            occurrence = _count(seen, line)
            yield msgspec.structs.replace(
                pageview,
                website_id=website_id,
                id=str(event_uuid(website_id, f"{occurrence}\x1f{line.decode('latin-1')}")),
                hostname=pageview.hostname or hostname,
            )


def parse_line(line: bytes) -> LoggedPageview | Skip:
    """The page view of one line, still without website and id, or why there is none. Never raises."""
    match = _LINE.fullmatch(line)
    moment = _time(match[3]) if match is not None else None
    if match is None or moment is None:
        return Skip.MALFORMED
    method, _, rest = match[4].partition(b" ")
    target = _text(rest.rpartition(b" ")[0] if b" HTTP/" in rest else rest)
    address = _address(match[2])
    skip = _skip(method, target, match[5])
    if skip is not None or address is None:
        return skip or Skip.NO_ADDRESS
    return LoggedPageview(
        website_id="",
        id="",
        page=target,
        timestamp=moment,
        ip_address=address,
        # Kept as the server wrote it: "-" says that the browser sent none.
        user_agent=_text(match[7] or b"-"),
        referrer=_text(match[6]) if match[6] not in {None, b"", b"-"} else None,
        hostname=match[1].decode("ascii", "replace") if match[1] is not None else None,
    )


def _skip(method: bytes, target: str, status: bytes) -> Skip | None:
    if _METHOD.fullmatch(method) is None or not (method != b"GET" or target.startswith(("/", "http://", "https://"))):
        return Skip.MALFORMED
    if method != b"GET":
        return Skip.METHOD
    if not (status.startswith(b"2") or status == b"304"):
        return Skip.STATUS
    return Skip.ASSET if is_asset(target) else None


def is_asset(target: str) -> bool:
    """Whether a request's target is something other than a page a browser shows."""
    path, _, query = target.partition("#")[0].partition("?")
    name = path.lower().rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension in ASSET_EXTENSIONS:
        return True
    last = path.lower().rstrip("/").rpartition("/")[2]
    return last in _FEED_NAMES or _FEED_QUERY.search(query) is not None or _PROGRAM_FILE.search(path) is not None


def _count(seen: OrderedDict[bytes, int], line: bytes) -> int:
    # How many equal lines came before, among the last REMEMBERED_LINES distinct ones.
    key = hashlib.blake2b(line, digest_size=16).digest()
    occurrence = seen.get(key, 0)
    seen[key] = occurrence + 1
    seen.move_to_end(key)
    if len(seen) > REMEMBERED_LINES:
        _ = seen.popitem(last=False)
    return occurrence


def _time(text: bytes) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = timezone(-offset if match[7] == b"-" else offset)
        # A leap second is written as the second before it.
        second = min(int(match[6]), 59) if match[6] == b"60" else int(match[6])
        return datetime(
            int(match[3]), _MONTHS[match[2]], int(match[1]), int(match[4]), int(match[5]), second, tzinfo=zone
        )
    except ValueError:
        return None


def _address(text: bytes) -> str | None:
    try:
        address = ipaddress.ip_address(text.decode("ascii", "replace"))
    except ValueError:
        return None
    # A dual-stack socket writes IPv4 clients as ::ffff:203.0.113.9.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _text(quoted: bytes) -> str:
    if b"\\" in quoted:
        quoted = _ESCAPE.sub(_unescape, quoted)
    return quoted.decode("utf-8", "replace").replace("\x00", "")


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code[1:], 16)]) if len(code) > 1 else _CONTROL_ESCAPES.get(code, code)
