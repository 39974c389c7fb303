"""The one answer when an event cannot be made durable now (RELIABILITY G10)."""

from random import randint

from shared.errors import AppError

# Spread, so that clients that were refused together do not come back together.
RETRY_SECONDS = (5, 30)


def unavailable() -> AppError:
    """503 with a `Retry-After` of its own."""
    return AppError(
        503,
        "unavailable",
        "events cannot be stored now; send them again later",
        headers={"Retry-After": str(randint(*RETRY_SECONDS))},  # noqa: S311 -- spreads load, guards nothing
    )
