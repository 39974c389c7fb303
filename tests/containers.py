"""Servers in containers, for a machine that has an engine but no server programs."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import docker
import yaml
from docker.errors import DockerException
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer

_COMPOSE = Path(__file__).parents[1] / "compose.yaml"
# The newest release of PostgreSQL that the images of both flavours exist for.
PLAIN_POSTGRES_IMAGE = "postgres:18"


@cache
def engine_answers() -> bool:
    """Whether a container engine is there to be used."""
    # Asked only where one is installed: the client leaves its socket open when nobody answers.
    if "DOCKER_HOST" not in os.environ and not Path("/var/run/docker.sock").exists():
        return False
    try:
        return bool(docker.from_env(timeout=5).ping())
    except DockerException:
        return False


def deployed_image(service: str) -> str:
    """The image that compose.yaml runs as `service`: tests and production cannot drift apart."""
    return str(yaml.safe_load(_COMPOSE.read_text())["services"][service]["image"])


@contextmanager
def postgres_container(image: str) -> Generator[str]:
    """The URL of a superuser on a PostgreSQL that goes with the context."""
    with PostgresContainer(image, username="postgres", password="postgres", dbname="postgres", driver=None) as server:
        yield server.get_connection_url()


@contextmanager
def redis_container() -> Generator[str]:
    """The URL of a durable Valkey that goes with the context."""
    durable = "--appendonly yes --appendfsync always --maxmemory 256mb --maxmemory-policy noeviction"
    with RedisContainer(deployed_image("redis")).with_command(f"valkey-server {durable}") as server:
        yield f"redis://{server.get_container_host_ip()}:{server.get_exposed_port(6379)}"
