"""Writing one ready-made WebSocket frame to many watchers: uvicorn's protocol with a short way past its own sending.

A picture goes to all its watchers as the same bytes: frames from a server are not masked (RFC 6455 section 5.3). What
is not written at once waits in the watcher's queue and takes the usual way, so that a slow one is skipped to the next
key picture instead of filling the memory.
"""

from __future__ import annotations

import struct
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "satukota.live"
ROOM = 65_536  # bytes that wait in the transport already: the picture waits in the watcher's queue instead


def frame_of(content: bytes) -> tuple[bytes, int]:
    """(a binary frame that holds the content, where the content begins in it)"""
    size = len(content)
    if size < 126:
        head = struct.pack(">BB", 0x82, size)
    elif size < 65_536:
        head = struct.pack(">BBH", 0x82, 126, size)
    else:
        head = struct.pack(">BBQ", 0x82, 127, size)
    return head + content, len(head)


class LiveProtocol(WebSocketsSansIOProtocol):
    """Tells the application, by an extension of the scope, how to write a frame at once."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # the handshake was good; the application has not run yet
            self.scope["extensions"][EXTENSION] = {"write": self.write_now}

    def write_now(self, frame: bytes) -> bool:
        """False: not written, there is no room or the connection ends."""
        transport = self.transport
        if self.disconnected or self.close_sent or not self.handshake_complete or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > ROOM:
            return False
        transport.write(frame)
        return True
