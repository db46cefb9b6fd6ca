"""Write logs as one JSON object per line, or for eyes at a terminal, those of libraries too."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from app.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def configure(settings: Settings) -> None:
    """Send everything to standard output, where the platform collects it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else Console())
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)


def fields(**values: Any) -> dict[str, Any]:
    """Carry what a line says beside its message: `log.info("paid", extra=fields(amount=7))`."""
    return {"fields": values}


class JsonLines(logging.Formatter):
    """Knows the request that a line belongs to without being told."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one line."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Console(logging.Formatter):
    """For eyes: the message, and behind it what JSON says in fields of their own."""

    def __init__(self) -> None:
        """Begin each line with how serious it is."""
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Render one line, and an exception below it."""
        said = "".join(f" {key}={value}" for key, value in getattr(record, "fields", {}).items())
        message = record.getMessage() + said
        return super().format(logging.makeLogRecord({**vars(record), "msg": message, "args": None}))
