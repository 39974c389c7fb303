"""A known flaw fails the audit, unless it is put up with and the day is not over (RELIABILITY 6.6)."""

from datetime import date

import msgspec
import pytest

from tests.audit.judging import IGNORED, Ignored, Report, judge, read_ignored

TODAY = date(2026, 3, 2)
# As pip-audit writes it, of a service that knew one package and not the other.
REPORT = msgspec.json.decode(
    b"""{"dependencies": [
      {"name": "urllib3", "version": "1.0", "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": ["CVE-2026-1"], "description": "bad"}]},
      {"name": "orjson", "version": "3.13.0", "vulns": []},
      {"name": "ghost", "skip_reason": "Dependency not found: ghost (1.0)"}], "fixes": []}""",
    type=Report,
)


def test_a_known_flaw_is_told_with_what_mends_it() -> None:
    verdict = judge(REPORT, (), TODAY)

    assert verdict.flaws == ["urllib3 1.0: PYSEC-1, fixed in 2.0"]


def test_what_was_not_looked_at_does_not_pass_for_sound() -> None:
    assert judge(REPORT, (), TODAY).unaudited == ["ghost"]


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-2026-1"])
@pytest.mark.parametrize(("until", "is_flaw"), [(TODAY, False), (date(2026, 3, 1), True)])
def test_a_flaw_is_ignored_by_any_of_its_names_until_a_day(name: str, until: date, is_flaw: bool) -> None:
    verdict = judge(REPORT, [Ignored(name, until, "not reached")], TODAY)

    assert (len(verdict.flaws), len(verdict.tolerated)) == (is_flaw, not is_flaw)


def test_another_flaw_is_not_ignored() -> None:
    assert judge(REPORT, [Ignored("CVE-2026-2", TODAY, "not reached")], TODAY).flaws


def test_an_entry_without_an_end_or_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="until"):
        read_ignored('[[ignored]]\nid = "CVE-2026-1"\nreason = "x"')


def test_the_list_can_be_read() -> None:
    assert all(entry.reason for entry in read_ignored(IGNORED.read_text("utf-8")))
