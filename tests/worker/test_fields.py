"""What the fields of binary COPY hold is what PostgreSQL reads out of them."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import LiteralString

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as generated
from hypothesis import strategies as st

from worker import fields

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_row = st.tuples(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 (zone given beside)
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**31), 2**31 - 1) | st.none(),
    st.integers(-(2**15), 2**15 - 1) | st.none(),
    st.booleans() | st.none(),
    _texts | st.none(),
    st.lists(_texts, min_size=1, max_size=3),
    st.decimals(-(10**14), 10**14, places=4),
    st.dictionaries(_texts, _texts | st.integers(-9, 9) | st.none(), max_size=3),
)
_FORMS: list[Callable[..., bytes]] = [
    fields.timestamptz,
    fields.bigint,
    fields.integer,
    fields.smallint,
    fields.boolean,
    fields.text,
    fields.other,
    fields.other,
    lambda value: fields.jsonb(msgspec.Raw(msgspec.json.encode(value))),  # pyright: ignore[reportUnknownLambdaType]
]
_TABLE: LiteralString = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS held (a timestamptz, b bigint, c integer, d smallint, e boolean, f text,"
    " g text[], h numeric(19, 4), i jsonb) ON COMMIT DROP"
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@generated(rows=st.lists(_row, max_size=5))
def test_fields_are_read_as_they_were_written(database: str, rows: list[tuple[object, ...]]) -> None:
    count = struct.pack(">h", len(_FORMS))
    written = [count + b"".join(form(value) for form, value in zip(_FORMS, row, strict=True)) for row in rows]
    with psycopg.connect(database, options="-c TimeZone=UTC") as connection:
        connection.execute(_TABLE)
        with connection.cursor().copy("COPY held FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(fields.SIGNATURE + b"".join(written) + fields.TRAILER)

        assert connection.cursor(binary=True).execute("SELECT * FROM held").fetchall() == rows


@pytest.mark.parametrize(
    ("form", "value"), [(fields.smallint, 2**15), (fields.integer, -(2**31) - 1), (fields.bigint, 2**63)]
)
def test_number_that_does_not_fit_is_refused(form: Callable[[int], bytes], value: int) -> None:
    with pytest.raises(struct.error):
        form(value)


def test_time_keeps_its_microseconds() -> None:
    moment = datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)

    assert datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=fields.microseconds(moment)) == moment


@pytest.mark.parametrize("value", [Decimal("1e30"), Decimal("NaN"), Decimal("0.00001"), Decimal("-0")])
def test_decimal_is_written_as_psycopg_does(database: str, value: Decimal) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TEMPORARY TABLE held (h numeric)")
        with connection.cursor().copy("COPY held FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(fields.SIGNATURE + b"\0\1" + fields.other(value) + fields.TRAILER)

        row = connection.execute("SELECT h = %s::numeric FROM held", (str(value),)).fetchone()
        assert row == (True,)
