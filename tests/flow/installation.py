"""The whole product as `analytics up` runs it, with its own servers, seen from behind a proxy that it trusts."""

import signal
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import psycopg
import redis

from shared.embedded.home import Home
from shared.embedded.postgres import DATABASE, SUPERUSER, postgres_url
from shared.embedded.valkey import valkey_url
from tests.flow.pipeline import BROWSER, Answer, request
from tests.shared.instance import Instance

API = "/api/v1"
# Whoever manages websites; no visitor.
MANAGER = "192.0.2.1"


@dataclass
class Installation:
    """One running product. `owner` are the headers that open everything; `answers` are all that were given."""

    instance: Instance
    home: Home
    owner: dict[str, str] = field(default_factory=dict[str, str])
    answers: list[Answer] = field(default_factory=list[Answer])

    def ask(
        self, method: str, path: str, visitor: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request of `visitor`, who comes through the proxy."""
        sent = {
            "X-Forwarded-For": visitor,
            "User-Agent": BROWSER,
            "Content-Type": "application/json",
            **(headers or {}),
        }
        answer = request(method, self.instance.url + path, body, sent)
        self.answers.append(answer)
        return answer

    def manage(self, method: str, path: str, body: object = None) -> Answer:
        answer = self.ask(method, API + path, MANAGER, body, self.owner)
        assert answer.status in {200, 201, 204}, answer
        return answer

    def superuser(self) -> psycopg.Connection:
        return psycopg.connect(postgres_url(self.home, SUPERUSER, DATABASE), autocommit=True)

    def operator(self) -> redis.Redis:
        return redis.Redis.from_url(valkey_url(self.home, "operator"), decode_responses=True)

    @contextmanager
    def dying(self, module: str) -> Generator[None]:
        """The processes of one of our modules stand still meanwhile, and then are killed and started anew."""
        found = self.processes(module)
        for child in found:
            child.send_signal(signal.SIGSTOP)
        yield
        for child in found:
            child.kill()

    def processes(self, module: str) -> list[psutil.Process]:
        found = [child for child in psutil.Process(self.instance.process.pid).children() if module in child.cmdline()]
        assert found
        return found
