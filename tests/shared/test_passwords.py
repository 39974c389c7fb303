"""Passwords are kept at the price that makes guessing dear (RELIABILITY 6.1)."""

from argon2 import extract_parameters
from argon2.low_level import Type

from shared.passwords import hash_password, is_outdated, is_password


def test_a_hash_costs_what_rfc_9106_asks_of_it() -> None:
    kept = hash_password("correct horse battery")

    # Its second recommended option, section 4: argon2id, 3 passes over 64 MiB.
    parameters = extract_parameters(kept)
    assert parameters.type is Type.ID
    assert parameters.time_cost >= 3
    assert parameters.memory_cost >= 64 * 1024
    assert not is_outdated(kept)


def test_the_same_letters_from_another_keyboard_are_the_same_password() -> None:
    kept = hash_password("cafe\u0301 cafe\u0301")

    assert is_password(kept, "caf\u00e9 caf\u00e9")
    assert not is_password(kept, "cafe cafe")
