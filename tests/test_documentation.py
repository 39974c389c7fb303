"""What the README says of settings and commands is what the code does."""

import re
from pathlib import Path

import pytest

from shared.cli import build_parser
from shared.settings import SETTINGS

PATH = Path(__file__).parent.parent / "README.md"
README = PATH.read_text("utf-8")
HEAD = "| name | default | meaning |\n|---|---|---|\n"
TABLE = re.compile(re.escape(HEAD) + r".*?(?=<!-- end of settings -->)", re.DOTALL)


def settings_table() -> str:
    rows = [f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |\n" for name, default, meaning in SETTINGS]
    return HEAD + "".join(rows)


def test_settings_table_is_the_code_s() -> None:
    """`python -m tests.test_documentation` writes the table anew."""
    assert TABLE.findall(README) == [settings_table()]


@pytest.mark.parametrize("line", re.findall(r"\.venv/bin/analytics ([a-z].*?)\)?$", README, re.MULTILINE))
def test_every_command_shown_is_understood(line: str) -> None:
    words = line.partition("`")[0].split()

    assert build_parser().parse_args(words).command == words[0]


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, re.MULTILINE))
def test_every_make_target_shown_exists(target: str) -> None:
    makefile = (Path(__file__).parent.parent / "Makefile").read_text("utf-8")

    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


if __name__ == "__main__":
    PATH.write_text(TABLE.sub(lambda _: settings_table(), README), "utf-8")
