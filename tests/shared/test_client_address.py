"""Whose address counts behind which proxies (SPEC R14)."""

import pytest

from shared.client_address import MAX_FORWARDED_BYTES, Proxies, client_key, pack_address
from shared.settings import read_settings

PEER = "10.0.0.1"
TRUSTED = "10.0.0.0/8,2001:db8:1::/48"
FORWARDED = b"x-forwarded-for"


def packed(text: str) -> bytes:
    address = pack_address(text)
    assert address is not None
    return address


def client(raw: list[tuple[bytes, bytes]], **environ: str) -> bytes:
    proxies = Proxies(read_settings({"TRUSTED_PROXIES": TRUSTED, **environ}))
    return proxies.client(packed(PEER), dict(raw), raw)


@pytest.mark.rule("R14")
@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([], PEER),
        ([b"203.0.113.1"], "203.0.113.1"),
        # Whatever a client writes itself stands to the left of what our proxies add.
        ([b"192.0.2.9, 203.0.113.1"], "203.0.113.1"),
        ([b"192.0.2.9, 203.0.113.1, 10.0.0.2,10.0.0.3"], "203.0.113.1"),
        ([b"192.0.2.9, 203.0.113.1", b"10.0.0.2"], "203.0.113.1"),
        ([b"203.0.113.1, 2001:db8:1::5"], "203.0.113.1"),
        ([b"10.0.0.7, 10.0.0.2"], "10.0.0.7"),
        ([b"192.0.2.9, unknown, 10.0.0.2"], "10.0.0.2"),
        ([b"192.0.2.9, unknown"], PEER),
        ([b"::ffff:203.0.113.1"], "203.0.113.1"),
        ([b"203.0.113.1".rjust(MAX_FORWARDED_BYTES)], "203.0.113.1"),
        ([b"203.0.113.1".rjust(MAX_FORWARDED_BYTES + 1)], PEER),
    ],
)
def test_it_is_the_first_from_the_right_that_is_not_ours(chain: list[bytes], expected: str) -> None:
    assert client([(FORWARDED, value) for value in chain]) == packed(expected)


@pytest.mark.rule("R14")
@pytest.mark.parametrize(("value", "expected"), [(b" 203.0.113.1 ", "203.0.113.1"), (b"unknown", PEER), (b"", PEER)])
def test_a_header_of_the_proxys_own_is_the_only_one_that_counts(value: bytes, expected: str) -> None:
    raw = [(FORWARDED, b"192.0.2.9"), (b"cf-connecting-ip", value)]

    assert client(raw, CLIENT_IP_HEADER="CF-Connecting-IP") == packed(expected)


@pytest.mark.rule("R14")
def test_nobody_is_trusted_who_was_not_named() -> None:
    named, none = (Proxies(read_settings({"TRUSTED_PROXIES": value})) for value in (TRUSTED, ""))

    assert [named.is_trusted(packed(text)) for text in (PEER, "11.0.0.1", "2001:db8:1::1", "2001:db8:2::1")] == [
        True, False, True, False,
    ]  # fmt: skip
    assert (named.is_trusted(b""), none.is_trusted(packed(PEER))) == (False, False)


@pytest.mark.rule("R61")
@pytest.mark.parametrize(
    ("one", "other", "are_together"),
    [
        ("203.0.113.1", "203.0.113.254", True),
        ("203.0.113.1", "203.0.114.1", False),
        ("2001:db8:0:100::1", "2001:db8:0:1ff::1", True),
        ("2001:db8:0:100::1", "2001:db8:0:200::1", False),
    ],
)
def test_neighbours_share_a_limit(one: str, other: str, *, are_together: bool) -> None:
    assert (client_key(packed(one)) == client_key(packed(other))) == are_together


@pytest.mark.parametrize("text", [None, "", "1.2.3", "1.2.3.4.5", "fe80::1%eth0", "1.2.3.4\0", "::1\0", " 1.2.3.4"])
def test_what_is_no_address_is_none(text: str | None) -> None:
    assert pack_address(text) is None
