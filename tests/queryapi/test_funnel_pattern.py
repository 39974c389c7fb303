"""Which pages a pattern means, asked of PostgreSQL itself."""

import psycopg
import pytest
from psycopg import sql

from queryapi.conditions import Values
from queryapi.funnel_pattern import page_condition

PATTERNS = [
    pytest.param("/blog/*", "/blog/x", True, id="one segment"),
    pytest.param("/blog/*", "/blog/", True, id="an empty segment"),
    pytest.param("/blog/*", "/blog/x/y", False, id="not two segments"),
    pytest.param("/*/edit", "/a/edit", True, id="in the middle"),
    pytest.param("/*/edit", "/a/b/edit", False, id="in the middle, one too many"),
    pytest.param("/blog/**", "/blog/x/y", True, id="anything below"),
    pytest.param("/**/edit", "/a/b/edit", True, id="anything between"),
    pytest.param("/**/*.html", "/a/b/c.html", True, id="both"),
    pytest.param("/**/*.html", "/a/b/chtml", False, id="a dot is a dot"),
    pytest.param("/*%", "/100%", True, id="percent"),
    pytest.param("/*%", "/100", False, id="percent is no wildcard"),
    pytest.param("/a_*", "/abc", False, id="underscore is no wildcard"),
    pytest.param("/*\\d", "/\\d", True, id="backslash"),
    pytest.param("/*\\d", "/7", False, id="backslash is no class"),
    pytest.param("/*^[a-z](b|c)$?+", "/x^[a-z](b|c)$?+", True, id="all that means something elsewhere"),
    pytest.param("/*/ä b", "/x/ä b", True, id="letters beyond ASCII, and a space"),
    pytest.param("/A*", "/ab", False, id="case counts"),
    pytest.param("/%", "/%", True, id="D35 exact percent"),
    pytest.param("/%", "/x", False, id="D35 percent matches only itself"),
    pytest.param("/a.c", "/abc", False, id="exact dot"),
    pytest.param("/caf\u00e9", "/cafe\u0301", True, id="D45 decomposed page"),
    pytest.param("/caf\u00e9/*", "/cafe\u0301/x", True, id="D45 decomposed page, wildcard"),
    pytest.param("/*", "/a\nb", True, id="line break"),
]


@pytest.mark.rule("R73")
@pytest.mark.parametrize(("pattern", "page", "is_match"), PATTERNS)
def test_pattern_matches(postgres_url: str, pattern: str, page: str, *, is_match: bool) -> None:
    values = Values()
    statement = sql.SQL("SELECT {} FROM (VALUES ({})) AS events (page)").format(
        page_condition(pattern, values), values.bind(page)
    )

    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(statement, values.bound).fetchone() == (is_match,)
