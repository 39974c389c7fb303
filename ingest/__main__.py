"""The gateway as a process of its own."""

import asyncio
import os
import sys

from uvloop import new_event_loop

from ingest.app import create_app
from ingest.connection import connect
from shared.clock import utc_now
from shared.logs import configure_logs
from shared.server import serve
from shared.settings import SettingError, read_settings


def main() -> None:
    """Run until SIGTERM; a bad setting ends the process with its name."""
    try:
        settings = read_settings(os.environ)
        if not settings.redis_url:
            raise SettingError("REDIS_URL: is required")
        configure_logs(settings.log_level, "ingest")
        # Made outside the loop that serves it: connections open when they are first used.
        redis = connect(settings.redis_url)
        app = create_app(settings, redis, utc_now)
    except SettingError as error:
        sys.exit(str(error))

    async def run() -> None:
        async with redis:
            await serve(app, settings, settings.host, settings.ingest_port)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main()
