"""What every test of the query API in this process shares."""

import pytest
from argon2 import PasswordHasher


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of the same kind at a hundredth of the price: what one costs is held by tests/shared/test_passwords.py."""
    monkeypatch.setattr("shared.passwords._hasher", PasswordHasher(time_cost=1, memory_cost=512))
