"""The log of the API: one line of JSON for each event, on standard error, each with the id of its request."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from usage_pipeline.api.request_id import request_id


class JsonLines(logging.Formatter):
    """Formats a record as one line. `extra={"fields": …}` adds fields to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get() or None,
            **getattr(record, "fields", {}),
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return json.dumps({name: value for name, value in line.items() if value is not None}, ensure_ascii=False)


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"usage_pipeline.api": {"level": "INFO"}},
}
"""Of the process. Libraries only warn."""
