"""Rate limits on a clock of the test's own (SPEC R61)."""

import pytest

from ingest.limits import BURST_SECONDS, MAX_BUCKETS, Buckets, tokens_for
from shared.errors import AppError

NOW = 1_000_000.0
KEY = b"somebody"


def limited(buckets: Buckets, now: float = NOW, key: bytes = KEY) -> dict[str, str] | None:
    """The headers of the refusal, None when there is a token; takes none."""
    try:
        buckets.check(key, now)
    except AppError as error:
        return dict(error.headers or {})
    return None


@pytest.mark.rule("R61")
def test_a_refusal_says_how_long_to_wait() -> None:
    buckets = Buckets(2)
    buckets.take(KEY, 2 * BURST_SECONDS + 5, NOW)

    expected = {"Retry-After": "3", "X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3"}
    assert limited(buckets) == expected
    with pytest.raises(AppError) as refused:
        buckets.take(KEY, 1, NOW)
    assert (refused.value.status, refused.value.code, refused.value.headers) == (429, "rate_limited", expected)
    assert limited(buckets, NOW + 2.9) is not None
    assert limited(buckets, NOW + 3) is None


@pytest.mark.rule("R61")
def test_a_bucket_fills_up_to_its_burst_and_no_further() -> None:
    buckets = Buckets(2)
    buckets.take(KEY, 1, NOW)
    buckets.take(KEY, 2 * BURST_SECONDS, NOW + 86_400)

    assert limited(buckets, NOW + 86_400) is not None


@pytest.mark.rule("R61")
def test_a_clock_that_steps_back_takes_no_tokens_away() -> None:
    buckets = Buckets(2)
    buckets.take(KEY, 1, NOW)
    buckets.take(KEY, 1, NOW - 86_400)

    assert limited(buckets, NOW - 86_400) is None


@pytest.mark.rule("R61")
def test_of_too_many_senders_the_longest_silent_is_forgotten() -> None:
    buckets = Buckets(1)
    for key in (b"busy", b"silent"):
        buckets.take(key, 100, NOW)
    buckets.take(b"busy", 1, NOW + 200)
    buckets.take(b"busy", 100, NOW + 200)
    for number in range(MAX_BUCKETS - 1):
        buckets.take(b"%d" % number, 1, NOW + 200)

    assert limited(buckets, NOW, b"silent") is None
    assert limited(buckets, NOW + 200, b"busy") is not None
    buckets.take(b"one more", 1, NOW + 200)
    assert limited(buckets, NOW + 200, b"busy") is None


@pytest.mark.parametrize(("size", "tokens"), [(0, 1), (1023, 1), (1024, 2), (2**20, 1025)])
def test_a_body_costs_a_token_a_kilobyte(size: int, tokens: int) -> None:
    assert tokens_for(size) == tokens
