"""Hostile bodies, and what becomes of each (the input is built here; `id` numbers the rows of the table).

`status` is the answer to the body sent alone; `code` the error's code, and for a batch the codes of
`errors`. `page` is the page stored, when the event is.
"""

import gzip
import json
from dataclasses import dataclass, field

GOOD = {"website_id": "site-1", "page": "/good"}


UNSUPPORTED = "unsupported_media_type"
GZIP = {"content-encoding": "gzip"}


@dataclass(frozen=True)
class Case:
    id: str
    body: bytes
    status: int = 202
    code: str | None = None
    is_batch: bool = False
    errors: tuple[str, ...] = ()
    stored: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def event(**fields: object) -> bytes:
    return json.dumps(GOOD | fields).encode()


def typed(content_type: str) -> dict[str, str]:
    return {"content-type": content_type}


def raw(fields: str) -> bytes:
    return ('{"website_id":"site-1","page":"/good",' + fields + "}").encode()


def batch(*events: object) -> bytes:
    return json.dumps({"events": events}).encode()


CASES = (
    Case("A1 empty", b"", 400, "invalid_json"),
    Case("A3 null", b"null", 400, "invalid_type"),
    Case("A5 number", b"42", 400, "invalid_type"),
    Case("A7 bare array", json.dumps([GOOD]).encode(), is_batch=True),
    Case("A9 events null", b'{"events":null}', 400, "invalid_type", is_batch=True),
    Case("A9 events missing", b"{}", 400, "missing_field", is_batch=True),
    Case("A9 events empty", b'{"events":[]}', 400, "invalid_value", is_batch=True),
    Case("A11 null event", batch(None), 400, is_batch=True, errors=("invalid_type",)),
    Case("A13 scalars", batch("x", 1, True), 400, is_batch=True, errors=("invalid_type",) * 3),
    Case("A15 one bad", batch(GOOD, {}, GOOD), is_batch=True, errors=("missing_field",)),
    Case("A17 trailing comma", b'{"a":1,}', 400, "invalid_json"),
    Case("A19 two documents", b"{}\n{}", 400, "invalid_json"),
    Case("A21 comment", b'{"a":1/*c*/}', 400, "invalid_json"),
    Case("A23 UTF-16", event().decode().encode("utf-16"), 400, "invalid_json"),
    Case("A25 byte FF", b'{"website_id":"site-1","page":"/\xff"}', 400, "invalid_unicode"),
    Case("A27 encoded surrogate", b'{"website_id":"site-1","page":"/\xed\xa0\x80"}', 400, "invalid_unicode"),
    Case("A29 swapped pair", raw(r'"title":"\udc00\ud800"'), stored={"title": "\ufffd\ufffd"}),
    Case("A29 escaped backslash", raw(r'"title":"\\ud800\ud800"'), stored={"title": "\\ud800\ufffd"}),
    Case("A29 true pair", raw(r'"title":"\ud83d\ude00\udc00"'), stored={"title": "\U0001f600\ufffd"}),
    Case("A31 NUL in page", event(page="/a\0b"), stored={"page": "/ab"}),
    Case("A33 NUL in id", event(id="a\0b"), 400, "invalid_value"),
    Case("A33 NUL in visitor_id", event(visitor_id="a\0b"), 400, "invalid_value"),
    Case("A35 control byte", b'{"website_id":"site-1","page":"/\x1f"}', 400, "invalid_json"),
    Case("A37 zalgo", event(title="e" + "\u0301" * 500), stored={"title": "e" + "\u0301" * 255}),
    Case("A39 -Infinity", raw('"properties":{"a":-Infinity}'), 400, "invalid_json"),
    Case("A41 underflow", raw('"properties":{"a":1e-20000}'), 400, "number_out_of_range"),
    Case("A41 overflow", raw('"properties":{"a":1e999}'), 400, "number_out_of_range"),
    Case("A41 overflow in array", raw('"properties":{"a":[[1e999]]}'), 400, "number_out_of_range"),
    Case("A43 int64 + 1", event(properties={"a": 2**63}), 400, "number_out_of_range"),
    Case("A43 2**70", event(properties={"a": 2**70}), 400, "number_out_of_range"),
    Case("A45 long number", raw('"properties":{"a":0.' + "1" * 50_000 + "}"), 400, "number_out_of_range"),
    Case("A45 longer than the limit", raw('"properties":{"a":0.' + "1" * 100_000 + "}"), 413, "body_too_large"),
    Case("A47 -0", raw('"properties":{"a":-0,"b":-0.0}'), stored={"properties": {"a": 0, "b": 0.0}}),
    Case("A49 __proto__", event(__proto__={"x": 1})),
    Case("A51 unknown key", event(pgae="/x")),
    Case("A53 depth", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 413, "body_too_large"),
    Case("A53 depth in the limit", raw('"properties":' + '{"a":' * 5000 + "1" + "}" * 5000), 400, "invalid_value"),
    Case("A55 keys", json.dumps({f"k{i}": i for i in range(200_000)}).encode(), 413, "body_too_large", is_batch=True),
    Case("A57 long key", event(properties={"k" * 129: 1}), stored={"properties": {"k" * 128: 1}}),
    Case("A59 text", event(properties="str"), 400, "invalid_type"),
    Case("A59 array", event(properties=[]), 400, "invalid_type"),
    Case("A59 number", event(properties=1), 400, "invalid_type"),
    Case("A61 too large", event(properties={f"k{i}": "x" * 1000 for i in range(9)}), 400, "too_large"),
    Case("A63 no website_id", b'{"page":"/"}', 400, "missing_field"),
    *(
        Case(f"A65 A69 website_id {value!r}", event(website_id=value), 400, "invalid_value")
        for value in ("", " ", "../../x", "a/b", "a\nb", "a\n", "x" * 129)
    ),
    Case("A73 id not a UUID", event(id="abc"), stored={"is_client_id": True}),
    Case("A75 id twice", batch(GOOD | {"id": "abc"}, GOOD | {"id": "abc"}), is_batch=True),
    Case("A77 id on two websites", batch(GOOD | {"id": "a"}, GOOD | {"id": "a", "website_id": "b"}), is_batch=True),
    Case("A79 old UUIDv7", event(id="018cc251-f400-7000-8000-000000000000"), 400, "event_too_old"),
    *(
        Case(f"A81 event_type {value[:3]!r}", event(event_type=value), 400, "invalid_value")
        for value in ("", "x" * 101, "a\tb", "a\x7f", "a\0")
    ),
    Case("A85 visitor_id", event(visitor_id="x" * 256), 400, "invalid_value"),
    Case("A89 page empty", event(page=""), 400, "missing_field"),
    Case("A89 page missing", b'{"website_id":"site-1"}', 400, "missing_field"),
    Case("A91 javascript", event(page="javascript:alert(1)"), stored={"page": "javascript:alert(1)"}),
    Case("A93 other host", event(page="//evil.com/x"), stored={"page": "/x", "hostname": None}),
    Case("A93 open bracket", event(page="http://[::1"), 400, "invalid_url"),
    Case("A93 port", event(page="http://a:99999"), 400, "invalid_url"),
    Case("A95 secrets", event(page="/a?token=t&utm_source=x&email=e"), stored={"page": "/a", "query": "utm_source=x"}),
    Case("A99 bot", event(), headers={"user-agent": "Googlebot/2.1"}),
    Case("A101 bad address", event(ip_address="999.1.1.1"), 400, "invalid_value"),
    Case("A101 mapped", event(ip_address="::ffff:1.2.3.4")),
    Case("A101 zone", event(ip_address="fe80::1%eth0"), 400, "invalid_value"),
    Case("A101 empty", event(ip_address="")),
    *(
        Case(f"A103 timestamp {value!r}", event(timestamp=value), 400, "invalid_type")
        for value in (1705314600, 1705314600000, "1705314600", "now", "infinity", "2026-03-02T10:00:00", "2026-03-02")
    ),
    *(
        Case(f"A111 time_on_page {value!r}", event(time_on_page=value), 400, "invalid_value")
        for value in (-1, 2**31, 1.5, "12")
    ),
    Case("A113 derived by us", event(is_bot=True, is_new_user=True)),
    Case("B2 text/plain", event(), headers={"content-type": "text/plain"}),
    Case("B2 form type", event(), headers={"content-type": "application/x-www-form-urlencoded"}),
    Case(
        "B4 charset",
        event(),
        415,
        "unsupported_media_type",
        headers={"content-type": "application/json; charset=utf-16"},
    ),
    Case(
        "B6 multipart",
        event(),
        415,
        "unsupported_media_type",
        headers={"content-type": "multipart/form-data; boundary=x"},
    ),
    Case("B8 long type", event(), 415, UNSUPPORTED, headers=typed("text/" + "a" * 8000)),
    Case("B10 csp-report", event(), 415, UNSUPPORTED, headers=typed("application/csp-report")),
    Case("B12 gzip unannounced", gzip.compress(event()), 400, "invalid_json"),
    Case("B14 bomb", gzip.compress(b" " * 64_000_000), 413, "body_too_large", headers=GZIP),
    Case("B16 two members", gzip.compress(event()) + gzip.compress(b" "), headers=GZIP),
    Case(
        "B18 trailer lies",
        gzip.compress(event())[:-4] + b"\xff\xff\xff\x3f",
        400,
        "invalid_encoding",
        headers=GZIP,
    ),
    Case("B18 cut short", gzip.compress(event())[:-9], 400, "invalid_encoding", headers=GZIP),
    Case("B18 nothing", b"", 400, "invalid_json", headers=GZIP),
    Case("B20 thrice", event(), 415, "unsupported_encoding", headers={"content-encoding": "gzip, gzip, gzip"}),
    Case("B20 br", event(), 415, "unsupported_encoding", headers={"content-encoding": "br"}),
    Case("B22 64 KiB + 1", b" " * 65_537, 413, "body_too_large"),
    Case("B48 high bytes", event(), headers={"user-agent": "M\xf6zilla"}),
    Case("B70 forwarded", event(), headers={"x-forwarded-for": "1.2.3.4"}),
    Case("B72 many hops", event(), headers={"x-forwarded-for": "1.2.3.4," * 10_000}),
    Case("B72 script", event(), headers={"x-forwarded-for": "<script>"}),
    Case("B74 other headers", event(), headers={"cf-connecting-ip": "1.2.3.4", "forwarded": "for=1.2.3.4"}),
    Case("B76 override", event(), headers={"x-http-method-override": "DELETE"}),
    Case("B78 Origin null", event(), headers={"origin": "null"}),
    Case("B80 long Referer", event(), headers={"referer": "x" * 10_000}),
    Case("B80 data Referer", event(), headers={"referer": "data:text/html,x"}),
    Case("B82 long agent", event(), headers={"user-agent": "1" * 8192}),
    Case("B84 DNT", event(), headers={"dnt": "1"}),
    Case("B86 Accept html", b"{", 400, "invalid_json", headers={"accept": "text/html"}),
    Case("B88 long language", event(), headers={"accept-language": "x" * 10_000}),
)
