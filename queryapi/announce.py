"""The set-up link, printed by whichever process of a new installation comes first."""

import asyncio

from queryapi.database import Pool, changes
from queryapi.fixed import fixed
from shared.clock import Clock
from shared.errors import AppError
from shared.settings import Settings
from shared.setup_link import SETUP_LINK_LIFETIME, make_setup_token, page_url, setup_lines

RETRY_SECONDS = 2.0


async def announce_setup(pool: Pool, settings: Settings, clock: Clock) -> None:
    """Print the link unless somebody can sign in or one that holds was printed; waits for the database."""
    token = make_setup_token()
    while True:
        now = clock()
        values = {"digest": token.digest, "expires_at": now + SETUP_LINK_LIFETIME, "now": now, "forced": False}
        try:
            async with changes(pool, settings) as reader:
                rows = await reader.rows(fixed("writes/setup_link", values))
        except AppError:
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if rows:
            # On standard output, for people: the log is kept, and a secret has no place in it.
            print("\n".join(setup_lines(page_url(settings, settings.query_port), token.text)), flush=True)
        return
