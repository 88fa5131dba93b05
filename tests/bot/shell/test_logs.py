"""Log lines, for people and for services."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.configuration import LogKeys
from bot.shell.logs import configure_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Gives logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """For services each line is one JSON object, whoever logs it, an exception with its traceback too."""
    configure_logging(LogKeys(format="json"))

    structlog.get_logger("ours").info("a story began", place="web:lobby")
    logging.getLogger("theirs").warning("take %s", "care")
    try:
        {}["lost"]
    except KeyError:
        structlog.get_logger("ours").exception("a request failed")

    ours, theirs, fault = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["place"], ours["level"]) == ("a story began", "web:lobby", "info")
    assert (theirs["event"], theirs["logger"]) == ("take care", "theirs")
    assert fault["exception"][0]["exc_type"] == "KeyError"


def test_level(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines below the level are left out."""
    configure_logging(LogKeys(level="warning"))

    structlog.get_logger("ours").info("never mind")
    structlog.get_logger("ours").warning("mind")

    err = capsys.readouterr().err
    assert "never mind" not in err
    assert "mind" in err


def test_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """What libraries say about themselves is left out at info."""
    configure_logging(LogKeys())

    logging.getLogger("alembic.runtime.migration").info("Context impl SQLiteImpl.")

    assert capsys.readouterr().err == ""
