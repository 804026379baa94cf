"""What the sample city sends goes nowhere: a catcher takes it, as a mail server and a gateway would, and keeps it.

Two real servers on 127.0.0.1: SMTP for e-mail, HTTP for WhatsApp and SMS (see channels.gateway for the shape). What
was taken is in a file before the answer goes out, so a kill -9 loses nothing that was acknowledged.
"""

import asyncio
import hmac
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from satukota.base import clock

FILE = "caught.jsonl"
MOST_BYTES = 5_000_000  # then the older half of the file is let go
LARGEST = 1_000_000  # bytes of one letter


@dataclass(frozen=True)
class Caught:
    """One delivery. The same key twice is the same letter twice: its sender did not know the first had arrived."""

    at: str  # ISO
    channel: str
    key: str
    to: str
    subject: str
    text: str


class Kept:
    """The file of what was caught, one JSON line each; one process writes, others read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE
        self._lock = threading.Lock()

    def add(self, caught: Caught) -> None:
        """Returns when it is on the disk. A half line left by a kill is closed first, and skipped by readers."""
        line = json.dumps(asdict(caught), ensure_ascii=False).encode() + b"\n"
        with self._lock, self.path.open("ab") as file:
            if file.tell() and not self._ends_whole():
                file.write(b"\n")
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            if file.tell() > MOST_BYTES:
                self._let_older_half_go()

    def _ends_whole(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _let_older_half_go(self) -> None:
        lines = self.path.read_bytes().splitlines(keepends=True)
        half = self.path.with_suffix(".half")
        half.write_bytes(b"".join(lines[len(lines) // 2 :]))
        os.replace(half, self.path)

    def all(self) -> list[Caught]:
        """Every delivery, oldest first."""
        found = []
        with suppress(FileNotFoundError):
            for line in self.path.read_bytes().splitlines():
                with suppress(ValueError, TypeError):  # half a line
                    found.append(Caught(**json.loads(line)))
        return found


class Catcher:
    """The two servers. Port 0 takes a free one; `smtp_port` and `http_port` say which.

    `refuse(channel, to)`, where set, is asked before a letter is taken: an SMTP or HTTP code, or None to take it.
    """

    def __init__(
        self, folder: Path, *, token: str, smtp_port: int = 0, http_port: int = 0,
        refuse: Callable[[str, str], int | None] | None = None,
    ) -> None:  # fmt: skip
        self.kept, self.token, self.refuse = Kept(folder), token, refuse
        self._http = ThreadingHTTPServer(("127.0.0.1", http_port), self._handler())
        self._http.daemon_threads = True
        self.http_port: int = self._http.server_address[1]
        self._smtp = _Smtp(self, hostname="127.0.0.1", port=smtp_port, data_size_limit=LARGEST, ident="Satukota")
        self.smtp_port: int = smtp_port

    def start(self) -> "Catcher":
        self._smtp.start()
        self.smtp_port = self._smtp.port
        threading.Thread(target=self._http.serve_forever, args=(0.05,), name="catcher-http", daemon=True).start()
        return self

    def stop(self) -> None:
        self._smtp.stop(no_assert=True)
        self._http.shutdown()
        self._http.server_close()

    __enter__ = start

    def __exit__(self, *_what: object) -> None:
        self.stop()

    def take(self, channel: str, key: str, to: str, subject: str, text: str) -> int | None:
        """Keep a letter; the code it is refused with, or None."""
        code = self.refuse(channel, to) if self.refuse else None
        if code is None:
            self.kept.add(Caught(clock.now().isoformat(), channel, key, to, subject, text))
        return code

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        catcher = self

        class Gateway(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_POST(self) -> None:
                self._say(*self._judge())

            def _judge(self) -> tuple[int, str]:
                length = self.headers.get("Content-Length", "")
                body = self.rfile.read(int(length)) if length.isdecimal() and int(length) <= LARGEST else None
                if not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {catcher.token}"):
                    return 401, "unknown token"
                channel = self.path.strip("/")
                if channel not in {"whatsapp", "sms"} or body is None:
                    return 404, "no such door"
                try:
                    told = json.loads(body)
                    key, to, text = str(told["key"]), str(told["to"]), str(told["text"])
                except (ValueError, KeyError, TypeError):
                    return 400, "not the shape agreed on"
                if key != self.headers.get("Idempotency-Key"):
                    return 400, "two keys"
                code = catcher.take(channel, key, to, "", text)
                return (code, "refused") if code else (202, "taken")

            def _say(self, code: int, word: str) -> None:
                body = json.dumps({"status": word}).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: Any) -> None:
                pass  # addresses of people never in logs

        return Gateway


class _Smtp(Controller):
    """aiosmtpd's controller, its letters handed to the catcher."""

    def __init__(self, catcher: Catcher, **options: Any) -> None:
        self.catcher = catcher
        super().__init__(self, **options)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content or b"", policy=policy.default)
        key = str(letter.get("Message-ID", "")).strip("<>").partition("@")[0]
        part = letter.get_body(("plain",))
        text = str(part.get_content()) if part else ""
        for to in envelope.rcpt_tos:
            code = self.catcher.take("email", key, to, str(letter.get("Subject", "")), text)
            if code is not None:
                return f"{code} refused"
        return "250 taken"

    def _trigger_server(self) -> None:
        """The library knocks at the configured port to wake its server; with port 0 that is known only now."""
        assert isinstance(self.server, asyncio.Server)  # the library has just started it
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def newest_first(folder: Path, at_most: int) -> list[tuple[Caught, int]]:
    """Letters, each once, with how often it was delivered; by its first delivery."""
    first: dict[tuple[str, str], Caught] = {}
    times: dict[tuple[str, str], int] = {}
    for caught in Kept(folder).all():
        mark = (caught.channel, caught.key)
        first.setdefault(mark, caught)
        times[mark] = times.get(mark, 0) + 1
    return [(caught, times[mark]) for mark, caught in reversed(first.items())][:at_most]


def moment_of(caught: Caught) -> datetime:
    return datetime.fromisoformat(caught.at)
