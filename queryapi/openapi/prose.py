"""The little markup that descriptions have: paragraphs, and `code`."""

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")


def prose(text: str) -> str:
    """`text` as HTML; nothing of it is markup but backticks and empty lines."""
    paragraphs = [part for part in text.split("\n\n") if part]
    return "".join("<p>" + _CODE.sub(r"<code>\1</code>", escape(part)) + "</p>" for part in paragraphs)
