"""The address of a stream as the register holds it: never with a user or password inside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORT = 554
_PRINTABLE = re.compile(r"[!-~]{1,300}")  # no space, no control character: they would end the request line


class BadAddress(ValueError):
    """`code`: address_invalid or password_in_address. The text never repeats the address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class StreamAddress:
    host: str
    port: int
    path: str
    """with the leading slash and the query, as the camera gets it"""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{host}:{self.port}{self.path}"


def parse_address(text: str) -> StreamAddress:
    """`rtsp://host[:port]/path?query`. Raises BadAddress."""
    if not _PRINTABLE.fullmatch(text):
        raise BadAddress("address_invalid")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as problem:
        raise BadAddress("address_invalid") from problem
    if "@" in parts.netloc:
        raise BadAddress("password_in_address")
    if parts.scheme.lower() != "rtsp" or not host or port == 0:
        raise BadAddress("address_invalid")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return StreamAddress(host, port or DEFAULT_PORT, path)
