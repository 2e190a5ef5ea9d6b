"""Logs as JSON lines without the texts of requests; of an error what it was and where, not its message."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

LOGGER = logging.getLogger("eudaimon.serve")


class JsonLines(logging.Formatter):
    """``time, level, event`` and the record's ``facts``.

    An exception becomes its type and the lines of code it passed: its message may hold what a client sent.
    """

    def __init__(self, with_text: bool = False) -> None:
        super().__init__()
        self._with_text = with_text

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of ASCII."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage().strip(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = type(error).__name__
            line["at"] = [f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)][-8:]
            if self._with_text:
                line["message"] = str(error)
        return json.dumps(line, ensure_ascii=True, default=str)


def log_to(stream: TextIO, with_text: bool = False) -> logging.Handler:
    """Send the server's log and that of uvicorn to a stream as JSON lines; the handler that does it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(with_text))
    for name in (LOGGER.name, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return handler


def tell(event: str, level: int = logging.INFO, **facts: Any) -> None:
    """Log an event with its facts."""
    LOGGER.log(level, event, extra={"facts": facts})
