"""What a log line holds, and what it must not."""

import json

import pytest
import structlog

from shared.logs import configure_logs


def _fail(address: str) -> None:
    raise ValueError(f"{len(address)} characters")


def test_an_exception_is_logged_without_the_values_of_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "test")
    try:
        _fail("203.0.113.77")
    except ValueError:
        structlog.stdlib.get_logger().exception("failed")
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()

    line = json.loads(capsys.readouterr().err)

    assert line["event"] == "failed"
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert "203.0.113.77" not in json.dumps(line)
