"""What can be a user, wherever one is made."""

import re
import unicodedata

MAX_USERS = 1000
MAX_EMAIL_CHARACTERS = 254
MAX_USER_NAME_CHARACTERS = 200
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def normal_email(email: str) -> str | None:
    """The address as it is kept and compared, in lower case; None when it is none."""
    normal = unicodedata.normalize("NFC", email.strip()).lower()
    is_email = len(normal) <= MAX_EMAIL_CHARACTERS and normal.isprintable() and _EMAIL.fullmatch(normal)
    return normal if is_email else None
