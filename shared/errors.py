"""The one shape of every error an HTTP client sees (SPEC R68)."""

from collections.abc import Mapping


class AppError(Exception):
    """Something the client did, or that we cannot do now: a status, a machine code, a human sentence."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details: Mapping[str, object] = details or {}
        self.headers: Mapping[str, str] = headers or {}
