"""What a website keeps under names, no two of a kind under one: goals, segments."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from psycopg import errors

from queryapi.database import Reader
from queryapi.fixed import fixed
from shared.errors import AppError


class Named(Protocol):
    @property
    def id(self) -> UUID: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[T]):
    """One kind of them, called by its `word` in statements, codes and paths; a website has `most` of it.

    `parse` makes one of a body and an id, `body` its JSON, which can be sent back; `columns` are what the statements
    write. `check` raises what only the database can tell of one before it is written.
    """

    word: str
    most: int
    parse: Callable[[bytes, UUID], T]
    body: Callable[[T], Mapping[str, object]]
    columns: Callable[[T], Mapping[str, object]]
    list_all: Callable[[Reader, str], Awaitable[Sequence[T]]]
    check: Callable[[Reader, T], Awaitable[None]] | None = None

    async def create(self, reader: Reader, website_id: str, one: T, now: datetime) -> None:
        """Raises AppError 409 when the name is taken, or the website has as many as it may."""
        if not await self._write(reader, "create", website_id, one, {"now": now, "limit": self.most}):
            problem = f"a website can have {self.most} {self.word}s"
            raise AppError(409, f"too_many_{self.word}s", problem, details={"limit": self.most})

    async def replace(self, reader: Reader, website_id: str, one: T) -> None:
        """Raises AppError 404 when there is none of its id, 409 when the name is taken."""
        if not await self._write(reader, "replace", website_id, one, {}):
            raise self.not_found()

    async def delete(self, reader: Reader, website_id: str, one_id: UUID) -> None:
        """Raises AppError 404 when there is none of this id."""
        values = {"website_id": website_id, f"{self.word}_id": one_id}
        if not await reader.rows(fixed(f"writes/{self.word}_delete", values)):
            raise self.not_found()

    def parse_id(self, sent: str) -> UUID:
        """The id in a path; raises AppError 404 for what is none."""
        try:
            return UUID(sent)
        except ValueError as error:
            raise self.not_found() from error

    def not_found(self) -> AppError:
        return AppError(404, f"{self.word}_not_found", f"no such {self.word}")

    async def _write(
        self, reader: Reader, what: str, website_id: str, one: T, more: Mapping[str, object]
    ) -> Sequence[object]:
        if self.check is not None:
            await self.check(reader, one)
        values = {"website_id": website_id, f"{self.word}_id": one.id, **self.columns(one), **more}
        try:
            return await reader.rows(fixed(f"writes/{self.word}_{what}", values))
        except errors.UniqueViolation as error:
            problem = f"name: another {self.word} of this website has it"
            raise AppError(409, "name_taken", problem, details={"field": "name"}) from error
