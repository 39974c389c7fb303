"""`make bench`: every benchmark in turn, each against a bare program in the same run. Judges nothing."""

import os
import subprocess
import sys

from tests.services import POSTGRES, Servers


def main() -> None:
    """Print what each benchmark prints; a benchmark that fails ends the run."""
    with Servers(os.environ) as servers:
        redis_url, database_url = servers.redis_url(), servers.database(POSTGRES).admin_url
        environ = {**os.environ, "TEST_REDIS_URL": redis_url, "TEST_DATABASE_URL": database_url}
        for arguments in (["tests.bench.gateway", redis_url], ["tests.bench.worker"], ["tests.bench.visible"]):
            subprocess.run([sys.executable, "-m", *arguments], check=True, env=environ)


if __name__ == "__main__":
    main()
