"""Exact fractions, rounded half up only where an answer shows them (SPEC R23)."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor


def rounded(value: Fraction, digits: int = 0) -> Decimal:
    """Half up, away from zero on both sides."""
    scaled = floor(abs(value) * 10**digits + Fraction(1, 2))
    return Decimal(scaled if value >= 0 else -scaled).scaleb(-digits)


def ratio(part: int | Fraction, whole: int) -> Fraction:
    """0 where there is nothing to divide by (SPEC R22-R32, last column)."""
    return Fraction(part) / whole if whole else Fraction(0)


def percent(part: int, whole: int) -> Decimal:
    return rounded(100 * ratio(part, whole), 2)


def seconds(duration: timedelta) -> Fraction:
    return Fraction(duration // timedelta(microseconds=1), 1_000_000)


def mean_seconds(durations: Iterable[timedelta]) -> Decimal:
    """Whole seconds; 0 of none."""
    listed = [seconds(duration) for duration in durations]
    return rounded(ratio(sum(listed, Fraction(0)), len(listed)))
