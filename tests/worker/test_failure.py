import psycopg
import pytest

from worker.failure import Failure, classify


def error_of(state: str) -> psycopg.Error:
    return psycopg.errors.lookup(state)("from the server")


@pytest.mark.parametrize("state", ["40P01", "40001", "55P03", "57014", "57P01", "53100", "08006", "XX001", "42P01"])
def test_what_passes_is_tried_again_for_ever(state: str) -> None:
    assert classify(error_of(state)) is Failure.OPERATIONAL


@pytest.mark.parametrize("state", ["22003", "22P05", "23502", "54000", "0A000"])
def test_what_an_event_causes_is_looked_for(state: str) -> None:
    assert classify(error_of(state)) is Failure.DATA
