"""Regular expressions in filters, which only the database can tell right from wrong."""

from collections.abc import Sequence

from queryapi.database import Reader
from queryapi.filters import patterns
from queryapi.fixed import fixed
from queryapi.query import Condition


async def check_patterns(reader: Reader, filters: Sequence[Condition]) -> None:
    """Raises AppError 400 on a regular expression that the database does not know, whatever rows there are."""
    found = patterns(filters)
    if found:
        await reader.rows(fixed("reads/check_patterns", {"patterns": found}))
