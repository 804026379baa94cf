"""Asking the hub on this machine: the newest key picture of a camera it pulls already."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from django.conf import settings

from ..rtsp import Keyframe, Limits, Resolve, Session, Stage, StreamFault, watching
from ..rtsp.rtp import Pace
from .inner import inner_token, mark_of

WAIT_S = 1.5
MOST_BYTES = 12 * 1024 * 1024
ASK_AGAIN_S = 0.5
DOWN_FOR_S = 5.0  # after the hub did not answer it is not asked for so long
_silent_until = 0.0


@dataclass(frozen=True)
class HubKey:
    """The newest key picture of a stream that is pulled now, and how the stream goes."""

    codec: str
    content: bytes = field(repr=False)
    """Annex B"""
    sha: bytes
    size: tuple[int, int] | None
    at: float
    """arrival, epoch seconds"""
    seconds: list[float] = field(repr=False)
    """of the newest pictures by the camera's time, oldest first"""
    gop_s: float | None = None
    p_bytes: float | None = None
    """mean size of pictures that are no key pictures"""
    lost_packets: int = 0
    clock_offset_s: float | None = None

    @property
    def keyframe(self) -> Keyframe:
        return Keyframe(self.codec, self.content, self.size, self.sha)


async def last_key(camera_id: int, url: str = "") -> HubKey | None:
    """Of the stream at `url`, or of the camera's largest that is pulled. None where none is, or nobody answers."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return None
    try:
        async with asyncio.timeout(WAIT_S):
            return _parsed(await _asked(f"/kunci/{camera_id}" + (f"?{mark_of(url)}" if url else "")))
    except (OSError, TimeoutError):
        _silent_until = time.monotonic() + DOWN_FOR_S
        return None


async def _asked(path: str) -> bytes:
    """The body of a 200, else empty. Raises OSError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", settings.LIVE_PORT)
    try:
        head = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Satukota-Live: {inner_token()}\r\n\r\n"
        writer.write(head.encode())
        answer = bytearray()
        while chunk := await reader.read(1 << 18):
            answer += chunk
            if len(answer) > MOST_BYTES:
                return b""
    finally:
        writer.close()
    head_bytes, _, body = bytes(answer).partition(b"\r\n\r\n")
    return body if head_bytes.split(b" ", 2)[1:2] == [b"200"] else b""


def _parsed(body: bytes) -> HubKey | None:
    head, _, content = body.partition(b"\n")
    try:
        told = json.loads(head)
        size = told["size"]
        return HubKey(
            codec=str(told["codec"]), content=content, sha=bytes.fromhex(told["sha"]),
            size=(int(size[0]), int(size[1])) if size else None, at=float(told["at"]),
            seconds=[float(at) for at in told["seconds"]], gop_s=told["gop_s"], p_bytes=told["p_bytes"],
            lost_packets=int(told["lost"]), clock_offset_s=told["clock_offset_s"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, IndexError):
        return None


class HubSession:
    """Looks as `rtsp.Session` does, through the hub's pull: the camera is not opened a second time."""

    def __init__(self, camera_id: int, url: str, key: HubKey) -> None:
        self._camera_id, self._url, self._key = camera_id, url, key
        self._is_given = False
        self.clock_offset_s = key.clock_offset_s
        self.lost_packets = key.lost_packets
        self.pace = _pace_of(key)

    async def keyframe(self, wait_s: float) -> Keyframe:
        """The hub's newest; asked again, one that is newer still. Raises StreamFault."""
        if not self._is_given:
            self._is_given = True
            return self._key.keyframe
        ends = time.monotonic() + wait_s
        while time.monotonic() < ends:
            await asyncio.sleep(ASK_AGAIN_S)
            newer = await last_key(self._camera_id, self._url)
            if newer is not None and newer.at > self._key.at:
                self._key = newer
                return newer.keyframe
        raise StreamFault("no_keyframe_yet", "gambar langsung")

    async def watch(self, *, pictures: int, longest_s: float) -> None:
        """The hub has counted already."""

    async def hold(self, until_s: float) -> None:
        """The hub's session lasts."""


def _pace_of(key: HubKey) -> Pace:
    keys = len(key.seconds) if key.codec == "jpeg" else 1 if key.gop_s is None else 2
    pace = Pace(frames=len(key.seconds), keys=keys, gop_s=key.gop_s)
    pace.seconds = [at - key.seconds[0] for at in key.seconds]
    pace.p_bytes = round((key.p_bytes or 0.0) * (pace.frames - pace.keys))
    return pace


@asynccontextmanager
async def looking_at(
    camera_id: int,
    url: str,
    username: str,
    password: str,
    *,
    resolve: Resolve,
    may_log_in: bool,
    limits: Limits | None,
    stages: list[Stage],
) -> AsyncIterator[Session | HubSession]:
    """Through the hub where it pulls this stream, else by a session of our own, as `rtsp.watching`."""
    began = time.monotonic()
    key = await last_key(camera_id, url)
    if key is not None and len(key.seconds) > 1:
        took_ms = round((time.monotonic() - began) * 1000)
        stages.append(Stage("picture", True, took_ms, f"{len(key.content) // 1000} kB, gambar langsung"))
        yield HubSession(camera_id, url, key)
        return
    async with watching(
        url, username, password, resolve=resolve, may_log_in=may_log_in, limits=limits, stages=stages
    ) as session:  # fmt: skip
        yield session
