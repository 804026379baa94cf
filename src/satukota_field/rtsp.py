"""RTSP 1.0 over TCP as cameras speak it (RFC 2326): answers for all mounts behind one port."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Protocol

from satukota_field.clips import Clip
from satukota_field.lines import Line
from satukota_field.logins import new_nonce
from satukota_field.mount import Power
from satukota_field.scenario import CameraSpec

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
SESSION_S = 60
HEAD_LIMIT, BODY_LIMIT = 1 << 14, 1 << 16
REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    413: "Request Entity Too Large", 453: "Not Enough Bandwidth", 454: "Session Not Found",
    455: "Method Not Valid in This State", 457: "Invalid Range", 461: "Unsupported Transport",
    501: "Not Implemented", 503: "Service Unavailable", 505: "RTSP Version Not Supported",
    551: "Option not supported",
}  # fmt: skip
HTML = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 71\r\nConnection: close\r\n\r\n"
    b"<html><head><title>Login</title></head><body>Router setup</body></html>\n"[:71]
)


class Source(Protocol):
    """What stands under a path: a camera's stream, or what a recorder kept of it."""

    bad_logins: int

    @property
    def spec(self) -> CameraSpec: ...
    @property
    def link(self) -> Line: ...
    @property
    def power(self) -> Power: ...
    @property
    def fault(self) -> str: ...
    @property
    def is_ready(self) -> bool: ...
    @property
    def clip(self) -> Clip: ...
    @property
    def sessions(self) -> int: ...
    def clock_off_s(self) -> float: ...
    def has(self, writer: asyncio.StreamWriter) -> bool: ...
    def add_viewer(self, writer: asyncio.StreamWriter) -> None: ...
    def drop_viewer(self, writer: asyncio.StreamWriter) -> None: ...


class BadRequest(Exception):
    """What was received is no RTSP; the number is the answer before the connection is closed."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


class Request:
    """One request line with its headers, body already read and thrown away."""

    def __init__(self, head: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("RTSP/"):
            raise BadRequest(400)
        if words[2] != "RTSP/1.0":
            raise BadRequest(505)
        self.method, self.uri = words[0], words[1]
        pairs = (line.partition(":") for line in lines[1:] if ":" in line)
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def body_length(self) -> int:
        told = self.headers.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,9}", told):
            raise BadRequest(400)
        return int(told)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; interleaved packets from the client (RTCP) are skipped; None at the end."""
    while True:
        first = await reader.read(1)
        if not first:
            return None
        if first == b"$":
            head = await reader.readexactly(3)
            await reader.readexactly(int.from_bytes(head[1:], "big"))
        elif first not in b"\r\n":
            break
    try:
        request = Request((first + await reader.readuntil(b"\r\n\r\n"))[:-4])
    except asyncio.LimitOverrunError as long:
        raise BadRequest(413) from long
    if request.body_length > BODY_LIMIT:
        raise BadRequest(413)
    await reader.readexactly(request.body_length)
    return request


class Connection:
    """One client of one port, from its first byte to its last."""

    def __init__(
        self, mounts: Mapping[str, Source], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._mounts, self._reader, self._writer = mounts, reader, writer
        self._nonce, self._session = new_nonce(), new_nonce()[:12]
        self._mount: Source | None = None
        self._set_up = False

    async def serve(self) -> None:
        try:
            while True:
                try:
                    async with asyncio.timeout(SESSION_S * 1.25):
                        request = await read_request(self._reader)
                except BadRequest as bad:
                    self._writer.write(
                        f"RTSP/1.0 {bad.status} {REASONS[bad.status]}\r\nConnection: close\r\n\r\n".encode()
                    )
                    return
                if request is None or not await self._answer(request):
                    return
                await self._writer.drain()
        finally:
            if self._mount is not None:
                self._mount.drop_viewer(self._writer)

    async def _answer(self, request: Request) -> bool:
        """Answer one request; False ends the connection."""
        mount = self._mounts.get(mount_path(request.uri), None) or self._mount
        if mount is not None:
            await mount.link.wait_up()
            await mount.power.line.wait_up()
            if mount.fault == "hanging":
                await asyncio.sleep(86_400)
            if mount.fault == "refusing":
                self._writer.transport.abort()
                return False
            if mount.fault == "html":
                self._writer.write(HTML)
                return False
        if request.method == "OPTIONS":
            return self._reply(request, 200, mount, [f"Public: {METHODS}"])
        if mount is None or (self._mount is not None and mount is not self._mount):
            return self._reply(request, 404, mount)
        if not self._may_enter(request, mount):
            return True
        if request.method not in METHODS.split(", "):
            return self._reply(request, 405 if request.method in ("ANNOUNCE", "RECORD") else 501, mount)
        return await getattr(self, f"_{request.method.lower()}")(request, mount)

    def _may_enter(self, request: Request, mount: Source) -> bool:
        login, given = mount.spec.login, request.headers.get("authorization")
        closed = mount.fault == "unauthorised"
        if login is None and not closed:
            return True
        if login and given and not closed and login.admits(given, request.method, request.uri, self._nonce):
            return True
        mount.bad_logins += given is not None
        asked = login.challenges(self._nonce) if login else [f'Digest realm="satukota-field", nonce="{self._nonce}"']
        self._reply(request, 401, mount, [f"WWW-Authenticate: {one}" for one in asked])
        return False

    def _reply(
        self, request: Request, status: int, mount: Source | None, headers: list[str] | None = None, body: str = ""
    ) -> bool:
        now = time.time() + (mount.clock_off_s() if mount else 0.0)
        lines = [f"RTSP/1.0 {status} {REASONS[status]}", f"CSeq: {request.headers.get('cseq', '0')[:20]}"]
        lines += [f"Date: {formatdate(now, usegmt=True)}", "Server: satukota-field", *(headers or [])]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return True

    async def _describe(self, request: Request, mount: Source) -> bool:
        if not mount.is_ready:
            return self._reply(request, 503, mount, ["Retry-After: 5"])
        headers = [f"Content-Base: {request.uri.rstrip('/')}/", "Content-Type: application/sdp"]
        return self._reply(request, 200, mount, headers, session_description(mount))

    async def _setup(self, request: Request, mount: Source) -> bool:
        if not mount.is_ready:
            return self._reply(request, 503, mount, ["Retry-After: 5"])
        if "tcp" not in request.headers.get("transport", "").lower():
            return self._reply(request, 461, mount)
        if mount.fault == "busy" or (mount.sessions >= mount.spec.max_sessions and not mount.has(self._writer)):
            return self._reply(request, 453 if mount.fault == "busy" else mount.spec.when_full, mount)
        self._mount, self._set_up = mount, True
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        return self._reply(request, 200, mount, [transport, f"Session: {self._session};timeout={SESSION_S}"])

    async def _play(self, request: Request, mount: Source) -> bool:
        if not self._set_up:
            return self._reply(request, 455, mount)
        if request.headers.get("session", self._session).partition(";")[0] != self._session:
            return self._reply(request, 454, mount)
        self._reply(request, 200, mount, [f"Session: {self._session}", "Range: npt=now-"])
        if not mount.has(self._writer):
            mount.add_viewer(self._writer)
        return True

    async def _pause(self, request: Request, mount: Source) -> bool:
        mount.drop_viewer(self._writer)
        return self._reply(request, 200, mount, [f"Session: {self._session}"])

    async def _teardown(self, request: Request, mount: Source) -> bool:
        mount.drop_viewer(self._writer)
        self._reply(request, 200, mount, [f"Session: {self._session}"])
        await self._writer.drain()
        return False

    async def _get_parameter(self, request: Request, mount: Source) -> bool:
        return self._reply(request, 200, mount, [f"Session: {self._session}"] if self._set_up else [])

    _set_parameter = _get_parameter


def mount_path(uri: str) -> str:
    """The mount a URI is about: without host, query, track and slashes at the end."""
    path = re.sub(r"^rtsp://[^/]*/?", "", uri, flags=re.IGNORECASE).partition("?")[0].strip("/")
    return re.sub(r"/(track\d+|trackID=\d+)$", "", path)


def session_description(mount: Source) -> str:
    """SDP (RFC 8866) with the parameter sets of the clip that plays now. The declared rate is the configured one."""
    clip = mount.clip
    lines = [
        "v=0", "o=- 0 0 IN IP4 127.0.0.1", f"s={mount.spec.code}", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
        "a=range:npt=now-", *_media(clip), f"a=framerate:{mount.spec.fps:g}",
        f"a=x-dimensions:{clip.width},{clip.height}", "a=control:track1",
    ]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def _media(clip: Clip) -> list[str]:
    coded = [base64.b64encode(one).decode() for one in clip.sets]
    if clip.codec == "mjpeg":
        return ["m=video 0 RTP/AVP 26", "a=rtpmap:26 JPEG/90000"]
    if clip.codec == "h265":
        sets = ";".join(f"sprop-{name}={one}" for name, one in zip(("vps", "sps", "pps"), coded, strict=True))
        return ["m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", f"a=fmtp:96 {sets}"]
    level = clip.sets[0][1:4].hex()
    return [
        "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
        f"a=fmtp:96 packetization-mode=1;profile-level-id={level};sprop-parameter-sets={','.join(coded)}",
    ]  # fmt: skip
