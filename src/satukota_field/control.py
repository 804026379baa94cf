"""The control port: one JSON object per line in and out, and the client for it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from satukota_field.lines import HOST
from satukota_field.store import BakingFailed

if TYPE_CHECKING:
    from satukota_field.field import FieldServer


class FieldRefused(RuntimeError):
    """The field did not follow a command; the text is its reason."""


def serve_control(field: FieldServer) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """{"do": "set MB-012 frozen"} or {"ask": "status"}; answers {"ok": true, …} or {"error": "…"}."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:  # longer than the limit of the reader
                writer.write(b'{"error": "line too long"}\n')
                return
            if not line:
                return
            writer.write(json.dumps(await _answer(field, line)).encode() + b"\n")
            await writer.drain()

    return serve


async def _answer(field: FieldServer, line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
        if isinstance(told, dict) and isinstance(told.get("do"), str):
            await field.do(told["do"])
            return {"ok": True}
        if isinstance(told, dict) and told.get("ask") == "status":
            return {"ok": True, "status": field.status()}
        return {"error": 'send {"do": "set MB-012 frozen"} or {"ask": "status"}'}
    except (ValueError, RecursionError, BakingFailed) as problem:
        return {"error": str(problem)}


class FieldControl:
    """Talks to a running field. Raises OSError when nobody answers, FieldRefused when told no."""

    def __init__(self, port: int, timeout_s: float = 60.0) -> None:
        self._port, self._timeout_s = port, timeout_s

    def _ask(self, message: dict[str, str]) -> dict[str, Any]:
        with socket.create_connection((HOST, self._port), timeout=self._timeout_s) as line:
            line.sendall(json.dumps(message).encode() + b"\n")
            answer = json.loads(line.makefile("rb").readline() or b'{"error": "the field closed the line"}')
        if "error" in answer:
            raise FieldRefused(answer["error"])
        return answer

    def do(self, words: str) -> None:
        """Any command in words; see FieldServer.do."""
        self._ask({"do": words})

    def set(self, code: str, fault: str) -> None:
        """Make a camera ill, or well again with "healthy"; returns when its pictures are ready."""
        self.do(f"set {code} {fault}")

    def link(self, code: str, up: bool) -> None:
        self.do(f"link {code} {'up' if up else 'down'}")

    def power(self, code: str, up: bool) -> None:
        self.do(f"power {code} {'up' if up else 'down'}")

    def uplink(self, up: bool) -> None:
        self.do(f"uplink {'up' if up else 'cut'}")

    def status(self) -> dict[str, Any]:
        return self._ask({"ask": "status"})["status"]
