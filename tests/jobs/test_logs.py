"""The process's own log says where something failed, and never what was said there."""

from __future__ import annotations

import json

import pytest
import structlog

from jobs import logs


def test_an_exception_is_named_with_its_lines_and_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    try:
        raise ValueError("Dana Whitfield, 4242")
    except ValueError:
        structlog.get_logger().exception("turn failed", work="push/1")
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr().err
    line = json.loads(said)
    assert (line["event"], line["work"], line["error"]) == ("turn failed", "push/1", "ValueError")
    assert line["where"][-1].startswith("test_logs.py:")
    assert "Dana" not in said
