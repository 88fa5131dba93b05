"""Where log lines go and how they look: for people, or JSON for services."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

import structlog
from structlog.tracebacks import ExceptionDictTransformer

if TYPE_CHECKING:
    from bot.configuration import LogKeys

LOUD: Final = ("aiosqlite", "alembic", "asyncio", "discord", "httpx", "sqlalchemy", "telegram", "uvicorn")


def configure_logging(keys: LogKeys) -> None:
    """Sends structlog's and the standard library's lines to stderr, in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(keys.format)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(keys.level.upper())
    for name in LOUD:  # what they say at info is about themselves
        logging.getLogger(name).setLevel(logging.DEBUG if keys.level == "debug" else logging.WARNING)


def _rendering(form: str) -> list[structlog.typing.Processor]:
    if form == "json":
        plain = ExceptionDictTransformer(
            show_locals=False
        )  # what people wrote and secret addresses are no log's business
        return [structlog.processors.ExceptionRenderer(plain), structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    ]
