"""One log record, one line: what a person or a log shipper can read. Chooses no level and no destination."""

import logging
import time

_OWN = set(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "request",
    "status_code",
    "taskName",
    "server_time",
}


class OneLine(logging.Formatter):
    """`2026-01-31T08:00:00Z INFO indicators.tasks verdict kept run=7`. Line breaks in any part are escaped."""

    def __init__(self) -> None:
        super().__init__()
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(
            f" {key}={value}" for key, value in vars(record).items() if key not in _OWN and key != "data"
        )
        line = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%SZ')} {record.levelname} {record.name} {record.getMessage()}"
        line += extra
        if record.exc_info:
            line += " | " + self.formatException(record.exc_info)
        return line.replace("\r", "\\r").replace("\n", "\\n")
