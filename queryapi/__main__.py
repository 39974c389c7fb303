"""`python -m queryapi`: the query API on ANALYTICS_SERVICE_PORT."""

import asyncio
import os
import sys

from queryapi.app import create_app
from shared.clock import utc_now
from shared.logs import configure_logs
from shared.server import serve
from shared.settings import SettingError, read_settings


def main() -> None:
    """Run until SIGTERM; a bad setting ends the process with its name."""
    try:
        settings = read_settings(os.environ)
        if not settings.database_url:
            raise SettingError("DATABASE_URL: is required")
        configure_logs(settings.log_level, "queryapi")
        app = create_app(settings, utc_now, announces_setup=True)
    except SettingError as error:
        sys.exit(str(error))
    asyncio.run(serve(app, settings, settings.host, settings.query_port))


if __name__ == "__main__":
    main()
