"""A soak tells a leak from a warm-up and from noise."""

from collections.abc import Callable

import pytest

from tests.soak.judging import Sample, trend

MIB = 2**20
CASES: dict[str, tuple[Callable[[int], float], bool]] = {
    "flat": (lambda _: 100 * MIB, True),
    "warming up": (lambda n: min(n, 20) * 5 * MIB, True),
    "a leak": (lambda n: 100 * MIB + n * MIB, False),
    "one odd look": (lambda n: 100 * MIB + (500 * MIB if n == 95 else 0), True),
    "a sawtooth": (lambda n: 100 * MIB + n % 5 * 8 * MIB, True),
    "noise on a little": (lambda n: MIB + n * MIB / 100, True),
}


@pytest.mark.parametrize("case", CASES)
def test_only_a_leak_is_not_flat(case: str) -> None:
    value, is_flat = CASES[case]

    found = trend([Sample(10.0 * n, value(n)) for n in range(100)])

    assert found.is_flat(8 * MIB) == is_flat


def test_the_slope_is_told_by_the_hour() -> None:
    found = trend([Sample(60.0 * n, 5.0 * n) for n in range(100)])

    assert found.per_hour == pytest.approx(300)
