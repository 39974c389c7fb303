"""Which pages a step's pattern means, as a condition in SQL (SPEC R73)."""

import re
import unicodedata

from psycopg import sql

from queryapi.conditions import Values

# Enough for any real pattern; each one multiplies the states of the automaton it becomes.
MAX_STARS = 10
_STARS = re.compile(r"\*+")
# `**`, `/**`, and `*`, which whoever writes it means to be everything.
_EVERYTHING = re.compile(r"\*+|/\*{2,}")


def matches_everything(pattern: str) -> bool:
    """True for a pattern that leaves out no page."""
    return _EVERYTHING.fullmatch(pattern) is not None


def count_stars(pattern: str) -> int:
    """How many wildcards a pattern has; `**` is one."""
    return len(_STARS.findall(pattern))


def page_condition(pattern: str, values: Values) -> sql.Composable:
    """A condition on `page`: `*` stands for any text inside one segment, `**` for any text at all, all
    else for itself. Composed and decomposed Unicode are the same page."""
    forms = sorted({unicodedata.normalize(form, pattern) for form in ("NFC", "NFD")})
    if "*" not in pattern:
        return sql.SQL("page = ANY ({})").format(values.bind(forms))
    terms = [_like(form, values) for form in forms]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(terms))


def _like(pattern: str, values: Values) -> sql.Composable:
    like = sql.SQL("page LIKE {}").format(values.bind(_like_pattern(pattern)))
    if all(len(run) > 1 for run in _STARS.findall(pattern)):
        return like
    # LIKE costs a tenth of a regular expression and turns nearly every page away.
    return sql.SQL("({} AND page ~ {})").format(like, values.bind(_regular_expression(pattern)))


def _like_pattern(pattern: str) -> str:
    return _STARS.sub("%", re.sub(r"([\\%_])", r"\\\1", pattern))


def _regular_expression(pattern: str) -> str:
    """An anchored regular expression in which nothing but the wildcards has a meaning."""
    pieces: list[str] = []
    end = 0
    for run in _STARS.finditer(pattern):
        pieces += [_literal(pattern[end : run.start()]), "[^/]*" if len(run[0]) == 1 else ".*"]
        end = run.end()
    return f"^{''.join(pieces)}{_literal(pattern[end:])}$"


def _literal(text: str) -> str:
    # A backslash before an ASCII character that is no letter, digit or underscore makes it stand for itself.
    return re.sub(r"([!-/:-@\[-^`{-~])", r"\\\1", text)
