"""One website of the running product, filled and read over HTTP."""

from dataclasses import dataclass
from typing import Any

from tests.flow.pipeline import Pipeline


@dataclass(frozen=True)
class Site:
    """One website of the running product, of its own for each test."""

    pipeline: Pipeline
    website_id: str

    def take_in(self, events: list[dict[str, Any]]) -> None:
        """Send the events as an import of old traffic, and wait until they are stored."""
        own = [{**sent, "website_id": self.website_id} for sent in events]
        answer = self.pipeline.send(own, self.pipeline.import_headers())
        assert (answer.status, answer.body["accepted"]) == (202, len(events)), answer.body
        self.pipeline.wait_consumed()

    def read(self, path: str, query: str = "", *, token: str | None = None) -> dict[str, Any]:
        """The body of a 200 answer; `{}` in the path stands for the website."""
        answer = self.pipeline.read(f"analytics/{path.format(self.website_id)}", query=query, token=token)
        assert answer.status == 200, answer.body
        return answer.body

    def metrics(self, query: str) -> dict[str, Any]:
        return self.read("dashboard/{}", query)["metrics"]

    def rows(self, path: str, query: str) -> list[dict[str, Any]]:
        return self.read(path, query)["data"]
