"""Write logs as one JSON object per line, those of libraries too."""

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
    if settings.log_format == "json":
        handler.setFormatter(JsonLines())
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
