import os
import re
from pathlib import Path

import psycopg
import pytest

from sql.statements import ROOT, read
from tests.services import Servers, present_flavours

# Columns of the relations and arguments of the routines that the services may use.
SHAPE = """
SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
UNION ALL
SELECT p.proname, p.prokind::text || pg_get_function_arguments(p.oid) || coalesce(pg_get_function_result(p.oid), '')
FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
FLAVOURED = re.compile(r"timescale|time_bucket|hypertable|drop_chunks|continuous_agg|columnstore", re.IGNORECASE)
SERVICES = ("ingest", "worker", "queryapi", "sql/reads", "sql/writes")


def test_both_flavours_have_the_same_relations_and_routines(servers: Servers) -> None:
    shapes: dict[str, dict[str, str]] = {}
    for flavour in present_flavours(os.environ):
        with servers.database(flavour).database() as url, psycopg.connect(url) as connection:
            shapes[flavour] = {str(name): str(kind) for name, kind in connection.execute(SHAPE).fetchall()}

    assert all(shape == shapes["postgres"] for shape in shapes.values())
    assert shapes["postgres"]["session_facts.engaged_ms"] == "bigint"


@pytest.mark.parametrize("directory", SERVICES)
def test_no_flavour_is_named_outside_the_migrations(directory: str) -> None:
    sources = [path for path in (ROOT.parent / directory).rglob("*") if path.suffix in {".py", ".sql"}]

    assert [path.name for path in sources if FLAVOURED.search(_code(path))] == []


def test_every_statement_begins_by_saying_what_it_answers() -> None:
    statements = [path for folder in ("reads", "writes") for path in (ROOT / folder).glob("*.sql")]

    for path in statements:
        assert read(f"{path.parent.name}/{path.stem}").startswith("-- "), path.name


def _code(path: Path) -> str:
    """The file without comments: they may explain."""
    marker = "#" if path.suffix == ".py" else "--"
    return "\n".join(line.split(marker)[0] for line in path.read_text(encoding="utf-8").splitlines())
