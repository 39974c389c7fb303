"""`analytics export` and `analytics import events`, against the real application on a port of its own."""

import gzip
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import uvicorn

from queryapi.app import create_app
from queryapi.export_command import Wanted, export_website
from queryapi.import_command import import_files
from queryapi.imports import MAX_IMPORT_DAYS
from shared.server import server_config
from shared.tokens import make_token
from tests.queryapi.funnel_client import register
from tests.queryapi.moving import renamed, rows_of
from tests.queryapi.rig import DAY, NOW, SITE, Hit, at, settings_for, store, vector

OTHER = "other-site"


@contextmanager
def serving_on_port(database: str) -> Generator[tuple[str, str]]:
    """The address of the query API, and an owner's token."""
    settings = settings_for(database)
    server = uvicorn.Server(server_config(create_app(settings, lambda: NOW), "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", make_token(settings, lambda: NOW, role="owner", websites=None)
    finally:
        server.should_exit = True
        thread.join()


def wanted(path: Path, form: str = "ndjson", since: str | None = None, until: str | None = None) -> Wanted:
    return Wanted(SITE, since, until, form, str(path), page_events=6)


def many() -> list[Hit]:
    """Events of two days, with texts that go over lines and begin formulas."""
    return [
        *vector(),
        *(
            Hit(at=at("12:00:00") + timedelta(seconds=n), session=f"m{n}", page="=/a", title='one\r\n"two",\nthree')
            for n in range(20)
        ),
    ]


@pytest.mark.rule("N5")
@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "a.csv", "a.csv.gz"])
def test_a_file_holds_all_and_goes_in_again(
    database: str, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store(database, many())
    register(database, OTHER)
    path = tmp_path / name
    form = "csv" if ".csv" in name else "ndjson"

    with serving_on_port(database) as (url, token):
        codes = [export_website(wanted(path, form), url, token)]
        told = [capsys.readouterr().err]
        for _ in range(2):
            codes.append(import_files([str(path)], OTHER, url, token, page_events=5))
            told.append(capsys.readouterr().out)

    content = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    assert codes == [0, 0, 0]
    assert content.count(b"timestamp,id") == (form == "csv")
    assert [text.splitlines()[-1] for text in told] == [
        "28 events",
        "28 events added, 0 were there already",
        "0 events added, 28 were there already",
    ]
    assert rows_of(database, OTHER) == renamed(rows_of(database, SITE), OTHER)
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.rule("N5")
def test_a_range_is_exported_alone(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(database, vector())
    path = tmp_path / "day.ndjson"

    with serving_on_port(database) as (url, token):
        code = export_website(wanted(path, since="2026-03-03", until="2026-03-03"), url, token)
        refused = export_website(wanted(tmp_path / "half.ndjson", since="2026-03-03"), url, token)

    assert (code, refused, path.read_bytes().count(b"\n")) == (0, 1, 1)
    assert "to: from and to go together" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["day.ndjson"]


@pytest.mark.rule("N5")
def test_an_export_that_fails_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    path = tmp_path / "all.ndjson"
    path.write_bytes(b"what was exported before\n")
    asked: list[str] = []

    class Halfway(BaseHTTPRequestHandler):
        """A query API that has one page, and is then another one."""

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if len(asked) == 1 else 404)
            self.send_header("X-Next-Cursor", "next")
            self.end_headers()
            self.wfile.write(b'{"error": "no such website"}\n')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Halfway)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        code = export_website(wanted(path), f"http://127.0.0.1:{server.server_port}", "token")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert (code, len(asked), "cursor=next" in asked[1]) == (1, 2, True)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"all.ndjson": b"what was exported before\n"}


@pytest.mark.rule("N5")
@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_bad_line_is_told_by_its_number_in_the_file(
    database: str, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store(database, many())
    register(database, OTHER)
    path = tmp_path / "all"

    with serving_on_port(database) as (url, token):
        export_website(wanted(path, form), url, token)
        lines = path.read_bytes().splitlines(keepends=True)
        place = max(number for number, line in enumerate(lines) if b"m19" in line)
        lines[place] = lines[place].replace(b"pageview", b"page\x01view" if form == "csv" else b"page\\u0001view")
        path.write_bytes(b"".join(lines))
        capsys.readouterr()
        code = import_files([str(path)], OTHER, url, token, page_events=4)

    told = capsys.readouterr().err
    # The record of a CSV begins two lines before the one that has its session: a title goes over three.
    assert f"{path}: line {place + 1}: event_type: " in told or f"{path}: line {place - 1}: event_type: " in told
    assert (code, len(rows_of(database, OTHER)) % 4) == (1, 0)


@pytest.mark.rule("N5")
def test_a_page_with_too_many_days_is_sent_in_halves(database: str, tmp_path: Path) -> None:
    hits = [Hit(at=DAY - timedelta(days=number), session=f"s{number}") for number in range(MAX_IMPORT_DAYS + 1)]
    store(database, hits)
    register(database, OTHER)
    path = tmp_path / "sparse.ndjson"

    with serving_on_port(database) as (url, token):
        everything = Wanted(SITE, None, None, "ndjson", str(path))
        codes = [export_website(everything, url, token), import_files([str(path)], OTHER, url, token)]

    assert codes == [0, 0]
    assert rows_of(database, OTHER) == renamed(rows_of(database, SITE), OTHER)


def test_what_cannot_be_read_or_is_damaged_is_told(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(database, vector())
    path = tmp_path / "cut.ndjson.gz"

    with serving_on_port(database) as (url, token):
        export_website(wanted(path), url, token)
        path.write_bytes(path.read_bytes()[:-12])
        missing = import_files([str(tmp_path / "nothing")], SITE, url, token)
        cut = import_files([str(path)], SITE, url, token)
        unwritable = export_website(wanted(tmp_path / "no" / "folder"), url, token)
        stranger = import_files([str(path)], "nowhere", url, token)

    told = capsys.readouterr().err
    assert (missing, cut, unwritable, stranger) == (2, 1, 2, 1)
    assert "nothing: No such file or directory" in told
    assert "cut.ndjson.gz: the gzip data is damaged" in told
