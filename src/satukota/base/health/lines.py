"""Log lines for people: one line a record, whatever a text in it holds, with the offset of its time."""

import logging


class OneLine(logging.Formatter):
    """A name with a line break in it cannot forge the next line (OWASP ASVS 5.0, 16.4.1). Traces keep their lines."""

    default_time_format = "%Y-%m-%dT%H:%M:%S%z"
    default_msec_format = ""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)
