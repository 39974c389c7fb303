"""How long sessions last (SPEC R16), and how those are known that no client named."""

from datetime import timedelta

# Exactly 1800 s of silence still belong to the session (G9).
SILENCE = timedelta(seconds=1800)
LONGEST = timedelta(hours=24)
_UNSIGNED = 2**64 - 1


def session_digits(session_hash: int) -> str:
    """The id of a session that no client named: the 16 hex digits of its hash."""
    return f"{session_hash & _UNSIGNED:016x}"


def is_derived_session(session_id: str, session_hash: int) -> bool:
    """Whether no client named the session."""
    return session_id == session_digits(session_hash)
